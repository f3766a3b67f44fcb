"""What a handler answers; returning None means: go on."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    from .protocol import Answer


def block(
    code: str,
    reason: str,
    *,
    description: str | None = None,
    details: Mapping[str, object] | None = None,
    severity: Literal["error", "warning"] | None = None,
    state: object = None,
    metadata: Mapping[str, object] | None = None,
    retry_after_ms: float | None = None,
) -> Answer:
    """Stop the operation: `code` is for programs, `reason` one sentence for people.

    `retry_after_ms`: when trying again could succeed, in milliseconds.
    """
    violation = _given(code=code, reason=reason, description=description, details=details, severity=severity)
    return _answer(state, metadata, retry_after_ms, action="block", violation=violation)


def modify(
    changes: Mapping[str, object],
    *,
    state: object = None,
    metadata: Mapping[str, object] | None = None,
    retry_after_ms: float | None = None,
) -> Answer:
    """Change the payload by a JSON Merge Patch: a key sets, None removes, lists are replaced whole."""
    return _answer(state, metadata, retry_after_ms, action="modify", changes=changes)


def replace(
    value: object,
    *,
    state: object = None,
    metadata: Mapping[str, object] | None = None,
    retry_after_ms: float | None = None,
) -> Answer:
    """Skip the operation: the application uses this value instead of its result."""
    return _answer(state, metadata, retry_after_ms, action="replace", value=value)


def proceed(
    *, state: object = None, metadata: Mapping[str, object] | None = None, retry_after_ms: float | None = None
) -> Answer:
    """Go on, and keep `state` for the next event of the operation (at most 64 KiB of JSON), or note `metadata` in the trace."""
    return _answer(state, metadata, retry_after_ms)


def _answer(state: object, metadata: object, retry_after_ms: float | None, **what: object) -> Answer:
    fields: Any = {**what, **_given(state=state, metadata=metadata, retryAfterMs=retry_after_ms)}
    answer: Answer = fields
    return answer


def _given(**fields: object) -> Any:
    return {name: value for name, value in fields.items() if value is not None}
