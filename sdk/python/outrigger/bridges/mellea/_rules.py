"""What the catalog says about the events, as far as the bridge must know it before the host is asked."""

from __future__ import annotations

from typing import Any

OPERATION: dict[str, str] = {
    "session": "session_id",
    "component": "action_id",
    "generation": "generation_id",
    "validation": "validation_id",
    "sampling": "sampling_id",
    "tool": "tool_invocation_id",
    "streaming": "streaming_id",
}
"""The field whose value joins the events of one operation, by the first word of their names."""

LAST = {
    "session_cleanup",
    "component_post_success",
    "component_post_error",
    "generation_post_call",
    "generation_error",
    "generation_batch_post_call",
    "generation_batch_error",
    "validation_post_check",
    "sampling_loop_end",
    "tool_post_invoke",
    "streaming_end",
}
"""After these an operation is over."""

OPEN = {
    "session_cleanup",
    "component_post_error",
    "generation_error",
    "generation_event",
    "generation_batch_error",
    "adapter_function_invocation_complete",
    "adapter_function_phase_complete",
    "streaming_event",
    "streaming_end",
}
"""Where a failure is ignored; everywhere else it closes. As the catalog has it."""


def operation_of(hook: str, payload: Any, session_id: str | None) -> str | None:
    field = OPERATION.get(hook.partition("_")[0])
    if field == "session_id":
        return session_id
    value = None if field is None else getattr(payload, field, None)
    return value if isinstance(value, str) and value != "" else None
