"""Blocks inside sampling loops.

Mellea drops an attempt that raises once another was made, and goes on as if nothing had been said. A block is said again at the
loop's end, so that it reaches the caller whatever attempt it came in.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from cpex.framework.models import PluginResult

MAX_LOOPS = 1000
"""Loops that are known at once; a strategy that never says its loop is over must not fill the memory."""

_inside: ContextVar[str | None] = ContextVar("outrigger_mellea_loop", default=None)


class Loops:
    def __init__(self) -> None:
        self._outer: dict[str, str | None] = {}
        self._stopped: dict[str, PluginResult] = {}

    def are_open(self) -> bool:
        return bool(self._outer)

    def after(self, hook: str, payload: Any, result: PluginResult | None) -> PluginResult | None:
        """What becomes of an event, given what the host made of it."""
        is_blocked = result is not None and not result.continue_processing
        if hook == "sampling_loop_start" and not is_blocked:
            self._begin(payload.sampling_id)
        elif hook == "sampling_loop_end":
            stopped = self._end(payload.sampling_id)
            return result if is_blocked or payload.exception is not None else stopped or result
        elif is_blocked:
            self._note(getattr(payload, "sampling_id", None) or _inside.get(), result)
        return result

    def _begin(self, id: str) -> None:
        # Mellea awaits its hooks in the task of the loop: what is set here holds for the loop and all that it starts.
        self._outer[id] = _inside.get()
        _inside.set(id)
        if len(self._outer) > MAX_LOOPS:
            self._end(next(iter(self._outer)))

    def _end(self, id: str) -> PluginResult | None:
        if _inside.get() == id:
            _inside.set(self._outer.get(id))
        self._outer.pop(id, None)
        return self._stopped.pop(id, None)

    def _note(self, id: str | None, result: PluginResult | None) -> None:
        if id in self._outer and result is not None:
            self._stopped.setdefault(id, result)
