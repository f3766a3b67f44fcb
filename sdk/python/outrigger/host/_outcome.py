"""What became of an event."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Literal

    Json = dict[str, Any]

_FIELDS = ("event", "hook", "status", "payload", "modified", "by", "cause", "violation", "value", "retry_after_ms", "fail_opens", "trace")


class Outcome:
    """What became of an event: go on with `payload`, stop (`blocked`), or use `value` in place of the operation (`replaced`)."""

    __slots__ = _FIELDS

    def __init__(
        self,
        hook: str,
        payload: Mapping[str, Any] | None = None,
        *,
        event: str = "",
        status: Literal["continued", "blocked", "replaced"] = "continued",
        modified: bool = False,
        by: str | None = None,
        cause: Literal["verdict", "failure"] | None = None,
        violation: Json | None = None,
        value: Any = None,
        retry_after_ms: float | None = None,
        fail_opens: list[dict[str, str]] | None = None,
        trace: Json | None = None,
    ) -> None:
        self.event = event
        """Id of the event; empty when nobody listened."""
        self.hook = hook
        self.status = status
        self.payload = payload
        """The very object that was fired when nobody changed it; None for a callable that was not called."""
        self.modified = modified
        """True when a plugin changed the payload."""
        self.by = by
        """Plugin that blocked or replaced."""
        self.cause = cause
        """Of a block: `verdict`, a plugin said so; `failure`, something failed and the event fails closed."""
        self.violation = violation
        """Of a block: `code`, `reason`, and what else the plugin said."""
        self.value = value
        """The replacement."""
        self.retry_after_ms = retry_after_ms
        """When trying again could succeed."""
        self.fail_opens = fail_opens or []
        """`{plugin, code}` of each that failed without stopping the event; `(host)` for the host itself."""
        self.trace = trace
        """The record of the event, when it was asked for."""

    @property
    def blocked(self) -> bool:
        return self.status == "blocked"

    @property
    def replaced(self) -> bool:
        return self.status == "replaced"

    def raise_for_block(self) -> Outcome:
        """Raises Blocked when the event was blocked; else gives itself back."""
        if self.status == "blocked":
            raise Blocked(self)
        return self

    def __repr__(self) -> str:
        said = ", ".join(f"{name}={getattr(self, name)!r}" for name in _FIELDS if getattr(self, name) not in (None, "", [], False))
        return f"Outcome({said})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Outcome):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in _FIELDS)

    __hash__ = None  # type: ignore[assignment]


class Blocked(Exception):
    """An event was blocked; `outcome` says by whom and why."""

    def __init__(self, outcome: Outcome) -> None:
        said = outcome.violation or {}
        self.outcome = outcome
        self.code = str(said.get("code", "BLOCKED"))
        self.reason = str(said.get("reason", "no reason was given"))
        who = f' by plugin "{outcome.by}"' if outcome.by else ""
        super().__init__(f"{outcome.hook} was blocked{who}: {self.reason} ({self.code})")

    def __reduce__(self) -> tuple[Any, ...]:
        return Blocked, (self.outcome,)


def outcome_of(hook: str, sent: Mapping[str, Any], result: Json) -> Outcome:
    """The outcome out of what the host answered."""
    changed = result.get("payload")
    return Outcome(
        hook,
        sent if changed is None else changed,
        event=result.get("event", ""),
        status=result["status"],
        modified=changed is not None,
        by=result.get("by"),
        cause=result.get("cause"),
        violation=result.get("violation"),
        value=result.get("value"),
        retry_after_ms=result.get("retryAfterMs"),
        fail_opens=result.get("failOpens"),
        trace=result.get("trace"),
    )
