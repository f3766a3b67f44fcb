"""Tells a handler that its answer is not needed any more."""

from __future__ import annotations

import threading
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Signal:
    """Set when the answer is not needed any more: cancelled, deadline over, or the host is gone.

    Works like a `threading.Event` that others set: `if ctx.cancelled: …`, `ctx.cancelled.wait(0.1)`.
    """

    __slots__ = ("deadline_ms", "_started", "_event", "_reason", "_callbacks", "_lock")

    def __init__(self, deadline_ms: float) -> None:
        self.deadline_ms = deadline_ms
        self._started = time.monotonic()
        self._event = threading.Event()
        self._reason: str | None = None
        self._callbacks: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    @property
    def reason(self) -> str | None:
        """Why it is set, for people; None while it is not."""
        if self._reason is None and self.remaining_ms() <= 0:
            return "The deadline of the call is over"
        return self._reason

    def is_set(self) -> bool:
        return self._reason is not None or self.remaining_ms() <= 0

    __bool__ = is_set

    def __repr__(self) -> str:
        if (reason := self.reason) is not None:
            return f"<Signal set: {reason}>"
        return f"<Signal not set, {self.remaining_ms():.0f} ms left>"

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most `timeout` seconds; says whether it is."""
        until = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = self.remaining_ms() / 1000
            if until is not None:
                if until <= time.monotonic():
                    return False
                left = min(left, until - time.monotonic())
            self._event.wait(min(left, 3600.0))
        return True

    def remaining_ms(self) -> float:
        """Milliseconds left of the deadline."""
        return max(0.0, self.deadline_ms - (time.monotonic() - self._started) * 1000)

    def was_cancelled(self) -> bool:
        """Set by others, not by the clock."""
        return self._reason is not None

    def cancel(self, reason: str) -> bool:
        """False when it was cancelled before."""
        with self._lock:
            if self._reason is not None:
                return False
            self._reason = reason
            callbacks, self._callbacks = self._callbacks, []
        self._event.set()
        for callback in callbacks:
            callback()
        return True

    def restart(self) -> None:
        self._started = time.monotonic()

    def on_cancel(self, callback: Callable[[], None]) -> None:
        """Called at once when it was cancelled already."""
        with self._lock:
            if self._reason is None:
                self._callbacks.append(callback)
                return
        callback()

    def off_cancel(self, callback: Callable[[], None]) -> None:
        with self._lock:
            if callback in self._callbacks:
                self._callbacks.remove(callback)
