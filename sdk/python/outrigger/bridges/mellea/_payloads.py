"""What each hook point's payload has, and how it is read from Mellea's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._data import (
    Json,
    component,
    context,
    data,
    error,
    generate_log,
    or_none,
    output,
    outputs,
    requirements,
    schema,
    tool_call,
    turn,
    turns,
    validations,
)
from ._options import options_out

Read = Callable[[Any], Any]


def _type(value: Any) -> str:
    return type(value).__name__


def _usage(usage: Any) -> Json:
    return {key: value for key, value in data(usage).items() if isinstance(value, int) and not isinstance(value, bool)}


def _components(spans: Any) -> list[Json]:
    return [component(span) for span in spans]


def _rounds(rounds: Any) -> list[list[Json]]:
    return [validations(pairs) for pairs in rounds]


_ACTION: dict[str, Read] = {"action": component}
_WHO: dict[str, Read] = {"model": data, "provider": data}
_FAILED: dict[str, Read] = {"exception": error}

FIELDS: dict[str, dict[str, Read]] = {
    "session_pre_init": {"backend_name": data, "model_id": data, "model_options": options_out, "context_type": data},
    "session_post_init": {"model_id": data, "context": context},
    "session_reset": {"previous_context": context},
    "session_cleanup": {"context": context, "interaction_count": data, "exception": or_none(error)},
    "component_pre_execute": _ACTION
    | {
        "action_id": data,
        "component_type": data,
        "context_view": turns,
        "requirements": requirements,
        "model_options": options_out,
        "format": schema,
        "strategy": or_none(_type),
        "tool_calls_enabled": data,
    },
    "component_post_success": _ACTION
    | {
        "action_id": data,
        "component_type": data,
        "result": output,
        "context_before": context,
        "context_after": context,
        "generate_log": or_none(generate_log),
        "sampling_results": outputs,
        "sampling_success": data,
        "latency_ms": data,
    },
    "component_post_error": _ACTION
    | {
        "action_id": data,
        "component_type": data,
        "error": error,
        "error_type": data,
        "stack_trace": data,
        "context": context,
        "model_options": options_out,
    },
    "generation_pre_call": _ACTION
    | _WHO
    | {"generation_id": data, "context": context, "model_options": options_out, "format": schema, "tool_calls": data},
    "generation_post_call": {"generation_id": data, "prompt": data, "model_output": output, "latency_ms": data},
    "generation_error": _FAILED | {"generation_id": data, "model_output": or_none(output), "latency_ms": data},
    "generation_event": _WHO | {"generation_id": data, "event_name": data, "data": data},
    "generation_batch_pre_call": _WHO
    | {
        "generation_id": data,
        "actions": _components,
        "num_actions": data,
        "model_options": options_out,
        "format": schema,
        "tool_calls": data,
    },
    "generation_batch_post_call": _WHO | {"generation_id": data, "model_outputs": outputs, "usage": or_none(_usage), "latency_ms": data},
    "generation_batch_error": _WHO | _FAILED | {"generation_id": data, "latency_ms": data},
    "validation_pre_check": {
        "validation_id": data,
        "requirements": requirements,
        "target": or_none(output),
        "context": context,
        "model_options": options_out,
    },
    "validation_post_check": {
        "validation_id": data,
        "requirements": requirements,
        "all_validations_passed": data,
        "passed_count": data,
        "failed_count": data,
        "exception": or_none(error),
    },
    "sampling_loop_start": _ACTION
    | {"sampling_id": data, "strategy_name": data, "context": context, "requirements": requirements, "loop_budget": data},
    "sampling_iteration": _ACTION
    | {
        "sampling_id": data,
        "strategy_name": data,
        "iteration": data,
        "result": output,
        "validation_results": validations,
        "all_validations_passed": data,
        "valid_count": data,
        "total_count": data,
    },
    "sampling_repair": {
        "sampling_id": data,
        "repair_type": data,
        "failed_action": component,
        "failed_result": output,
        "failed_validations": validations,
        "repair_action": component,
        "repair_context": context,
        "repair_iteration": data,
    },
    "sampling_loop_end": {
        "sampling_id": data,
        "strategy_name": data,
        "success": data,
        "iterations_used": data,
        "final_result": or_none(output),
        "final_action": or_none(component),
        "final_context": or_none(context),
        "failure_reason": data,
        "exception": or_none(error),
        "all_results": outputs,
        "all_validations": _rounds,
    },
    "tool_pre_invoke": {"tool_invocation_id": data, "model_tool_call": tool_call, "is_control_flow": data},
    "tool_post_invoke": {
        "tool_invocation_id": data,
        "model_tool_call": tool_call,
        "tool_output": data,
        "tool_message": or_none(turn),
        "execution_time_ms": data,
        "success": data,
        "error": or_none(error),
        "is_control_flow": data,
    },
    "adapter_function_invocation_complete": {
        "name": data,
        "revision": data,
        "binding_type": data,
        "adapter_type": data,
        "outcome": data,
        "error": or_none(error),
    },
    "adapter_function_phase_complete": {"name": data, "phase": data, "duration_ms": data},
    "streaming_start": {"streaming_id": data, "has_requirements": data, "requirement_count": data, "chunking_strategy": data},
    "streaming_event": {"streaming_id": data, "event": _type, "requirements": requirements},
    "streaming_end": _WHO
    | {
        "streaming_id": data,
        "success": data,
        "failure_reason": data,
        "exception": or_none(error),
        "full_text_length": data,
    },
}
"""Fields by hook point, for the 27 that Mellea 0.8 fires."""


def read(hook: str, payload: Any, session_id: str | None) -> Json:
    """Mellea's payload as the one of our hook point."""
    found: Json = {name: convert(getattr(payload, name)) for name, convert in FIELDS[hook].items()}
    if hook == "validation_post_check":
        wanted = payload.requirements
        found["results"] = validations((wanted[at] if at < len(wanted) else None, one) for at, one in enumerate(payload.results))
    for name in _NO_NULL & found.keys():
        if found[name] is None:
            del found[name]
    if session_id is not None:
        found["session_id"] = session_id
    return found | {"hook": hook, "timestamp": payload.timestamp.isoformat(), "user_metadata": data(payload.user_metadata)}


_NO_NULL = {"generation_id", "action_id"}
