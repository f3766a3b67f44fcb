"""One event in the hands of the plugin."""

from __future__ import annotations

import threading

from ._json import facts
from ._signal import Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._peer import Id, Peer
    from .protocol import EventContext, OutcomeSummary

_LONGEST_MESSAGE = 32_768
_MOST_FIELDS_BYTES = 262_144


class Call:
    """A hook call or notification: what the host said, and how far it is."""

    def __init__(self, params: dict[str, Any], is_request: bool, id: Id = None) -> None:
        deadline = params.get("deadlineMs") if is_request else None
        is_number = isinstance(deadline, (int, float)) and not isinstance(deadline, bool)
        self.id = id
        self.is_request = is_request
        self.params = params
        self.hook: str = params["hook"]
        self.event: str = str(params.get("event", ""))
        self.signal = Signal(float(deadline) if is_number and deadline < 1e15 else float("inf"))  # type: ignore[arg-type, operator]
        self.is_running = False
        """A handler has begun."""
        self.is_on_loop = False
        self.heard_cancel = False
        """The loop of an async handler has passed the cancellation on."""
        self.is_ended = False
        self.is_abandoned = False
        """Answered without its handler, which goes on."""
        self._settled = threading.Lock()

    def settle(self) -> bool:
        """True the first time: whoever gets it answers."""
        return self._settled.acquire(blocking=False)


class Log:
    """Structured log of the plugin: the host tags it with plugin and event and limits its rate. Fields may be any values."""

    def __init__(self, peer: Peer, event: str | None) -> None:
        self._peer = peer
        self._event = event

    def debug(self, message: object, /, **fields: object) -> None:
        self._write("debug", message, fields)

    def info(self, message: object, /, **fields: object) -> None:
        self._write("info", message, fields)

    def warn(self, message: object, /, **fields: object) -> None:
        self._write("warn", message, fields)

    warning = warn

    def error(self, message: object, /, **fields: object) -> None:
        self._write("error", message, fields)

    def _write(self, level: str, message: object, fields: dict[str, object]) -> None:
        record: dict[str, object] = {"level": level, "message": str(message)[:_LONGEST_MESSAGE]}
        if self._event is not None:
            record["event"] = self._event
        if fields:
            known = facts(fields)
            record["fields"] = known if len(str(known)) <= _MOST_FIELDS_BYTES else {"dropped": "the fields were too large"}
        self._peer.notify("log", record)


class EventFacts:
    """What a handler may know of its event."""

    _call: Call
    _peer: Peer

    @property
    def event(self) -> str:
        """Id of the event."""
        return self._call.event

    @property
    def hook(self) -> str:
        """Full name of the hook point."""
        return self._call.hook

    @property
    def context(self) -> EventContext:
        """Time, operation, session, parent, depth and traceparent of the event, as the host sent them."""
        return self._call.params.get("context") or {}  # type: ignore[return-value]

    @property
    def operation(self) -> str | None:
        """Id of the operation; the same for a pre event and its post or error event."""
        return self.context.get("operation")

    @property
    def session(self) -> str | None:
        """Id of the session in which the event was fired."""
        return self.context.get("session")

    @property
    def state(self) -> Any:
        """What this plugin returned as `state` earlier in the same operation; None when there is none."""
        return self._call.params.get("state")

    @property
    def attempt(self) -> int:
        """1, or 2 when the host tries the event again on a fresh process."""
        return int(self._call.params.get("attempt", 1))

    @property
    def outcome(self) -> OutcomeSummary | None:
        """What became of the event; only in mode `fire_and_forget`, where nothing can be answered any more."""
        return self._call.params.get("outcome")

    @property
    def cancelled(self) -> Signal:
        """True when the answer is not needed any more: cancelled, deadline over, host gone. Also an event to wait for."""
        return self._call.signal

    signal = cancelled

    @property
    def deadline_ms(self) -> float:
        """Milliseconds the host granted for this call; infinite in mode `fire_and_forget`."""
        return self._call.signal.deadline_ms

    def remaining_ms(self) -> float:
        """Milliseconds left of them."""
        return self._call.signal.remaining_ms()

    def progress(self, message: str | None = None, percentage: float | None = None) -> None:
        """Tell the host that the work goes on, and so restart the deadline. Percentage from 0 to 100."""
        if self._call.is_ended:
            return
        self._call.signal.restart()
        params: dict[str, object] = {"event": self.event}
        if message is not None:
            params["message"] = str(message)[:2000]
        if percentage is not None:
            params["percentage"] = min(100, max(0, percentage))
        self._peer.notify("$/progress", params)
