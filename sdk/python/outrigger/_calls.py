"""All hook calls in the hands of the plugin: each is settled exactly once, and nothing a handler does ends the process."""

from __future__ import annotations

import threading

from ._call import Call
from ._context import Context
from ._errors import Cancelled, WireError
from ._workers import Later

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ._hooks import Handler
    from ._peer import Id, Peer
    from ._workers import Loop, Workers

MOST_WAITING = 1024
OBEY_S = 0.25
"""How long a handler may take to notice its cancellation; the host grants 0.5 s until it takes the plugin for hung."""


class Calls:
    def __init__(
        self,
        peer: Peer,
        workers: Workers,
        observers: Workers,
        loop: Loop,
        log_error: Callable[[str, BaseException, str], None],
    ) -> None:
        self._peer = peer
        self._workers = workers
        self._observers = observers  # apart, so that slow observers and many of them do not keep calls waiting
        self._loop = loop
        self._log_error = log_error
        self._later = Later(OBEY_S)
        self._by_id: dict[Id, Call] = {}
        self._open: set[Call] = set()
        self._notified = 0  # of those that are open
        self._background = 0
        self._abandoned = 0
        self._most_abandoned = 64
        self._changed = threading.Condition(threading.Lock())

    def allow(self, concurrency: int) -> None:
        self._workers.most = concurrency
        self._observers.most = min(16, concurrency)
        self._most_abandoned = concurrency

    def begin(self, call: Call, handler: Handler, config: dict[str, Any]) -> None:
        with self._changed:
            is_full = self._is_full(call)
            if not is_full:
                self._open.add(call)
                self._notified += not call.is_request
                self._by_id.update({call.id: call} if call.is_request else {})
        if is_full:
            self._refuse_to_begin(call)
            return
        try:
            context = self._context(call, handler, config)
            if handler.is_async:
                self._await(call, handler(call.params.get("payload"), context))
            else:
                workers = self._workers if call.is_request else self._observers
                workers.submit(lambda: self._handle(call, handler, context))
        except BaseException as error:  # no thread to be had, or a signature that does not fit
            self._finish(call, error=error)

    def _is_full(self, call: Call) -> bool:
        # Counted apart: a flood of notifications must not turn calls away, which the host bounds by itself.
        if call.is_request:
            return len(self._open) - self._notified >= self._workers.most + MOST_WAITING
        return self._notified >= MOST_WAITING

    def background(self, job: Callable[[], None]) -> None:
        """Runs what is no hook call beside them; waited for like one."""
        with self._changed:
            if self._background >= MOST_WAITING:
                return
            self._background += 1

        def run() -> None:
            try:
                job()
            finally:
                end()

        def end() -> None:
            with self._changed:
                self._background -= 1
                self._changed.notify_all()

        try:
            self._observers.submit(run)
        except RuntimeError:  # no thread to be had
            end()
            raise

    def cancel(self, id: object) -> None:
        call = self._by_id.get(id) if isinstance(id, (str, int, float)) else None
        if call is None or not call.signal.cancel("The host cancelled the call"):
            return
        self._later.run(lambda: self._abandon(call))

    def cancel_all(self, reason: str) -> None:
        with self._changed:
            calls = list(self._open)
        for call in calls:
            call.signal.cancel(reason)

    def close(self) -> None:
        self._later.close()

    def wait_idle(self, timeout: float | None) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._open and self._background == 0, timeout)

    def _context(self, call: Call, handler: Handler, config: dict[str, Any]) -> object:
        if not handler.awaits:
            return Context(self._peer, config, call)
        from ._async_context import AsyncContext

        return AsyncContext(self._peer, config, call)

    def _handle(self, call: Call, handler: Handler, context: object) -> None:
        try:
            if call.signal.was_cancelled():
                raise Cancelled("cancelled before it began")
            call.is_running = True
            result = handler(call.params.get("payload"), context)
            if hasattr(result, "__await__"):
                self._await(call, result)
                return
        except BaseException as error:
            self._finish(call, error=error)
        else:
            self._finish(call, result)

    def _await(self, call: Call, result: Awaitable[Any]) -> None:
        call.is_on_loop = True

        async def run() -> None:
            call.is_running = True
            try:
                value = await result
            except BaseException as error:
                self._finish(call, error=error)
            else:
                self._finish(call, value)

        def started(cancel: Callable[[], object]) -> None:
            def pass_on() -> None:
                call.heard_cancel = True
                cancel()

            call.signal.on_cancel(lambda: self._loop.call_soon(pass_on))

        self._loop.run(run(), started)

    def _finish(self, call: Call, result: object = None, error: BaseException | None = None) -> None:
        if error is None and result is not None and not isinstance(result, dict):
            kind = type(result).__name__
            error = TypeError(f'Cannot answer "{call.hook}" with {kind}: a handler returns block(), modify(), replace(), or None')
        if error is not None and _obeys(call, error):
            error = WireError("EVENT_CANCELLED", -32800, "The call was cancelled")
        elif error is not None:
            self._log_error(f"handler of {call.hook} failed", error, call.event)
        self._settle(call, result, error)
        self._end(call)

    def _settle(self, call: Call, result: object, error: BaseException | None) -> None:
        if not call.settle() or not call.is_request:
            return
        if error is None:
            self._peer.answer(call.id, result)
        else:
            self._peer.refuse(call.id, error)

    def _end(self, call: Call) -> None:
        with self._changed:
            call.is_ended = True
            if call.is_abandoned:
                self._abandoned -= 1
                self._workers.most -= 1
            self._forget(call)

    def _forget(self, call: Call) -> None:
        if call in self._open:
            self._open.discard(call)
            self._notified -= not call.is_request
        if self._by_id.get(call.id) is call:
            del self._by_id[call.id]
        self._changed.notify_all()

    def _abandon(self, call: Call) -> None:
        """Answers for a handler that ignores its cancellation. Too many of them, or a loop that one of them blocks, are not
        hidden from the host: it takes the plugin for hung and replaces it."""
        with self._changed:
            is_blocked = call.is_on_loop and not call.heard_cancel
            if call.is_ended or is_blocked or self._abandoned >= self._most_abandoned:
                return
            if call.is_running:
                call.is_abandoned = True
                self._abandoned += 1
                self._workers.most += 1
                self._forget(call)
        self._settle(call, None, WireError("EVENT_CANCELLED", -32800, "The call was cancelled"))
        if call.is_running:
            late = f"handler of {call.hook} did not stop when it was cancelled; its answer will be dropped"
            self._peer.notify("log", {"level": "warn", "message": late, "event": call.event})

    def _refuse_to_begin(self, call: Call) -> None:
        if call.is_request:
            self._peer.refuse(call.id, WireError("SERVICE_BUSY", -32003, f'Cannot handle "{call.hook}": too many calls wait already'))
        else:
            late = f'dropped an event of "{call.hook}": {MOST_WAITING} wait already'
            self._peer.notify("log", {"level": "warn", "message": late, "event": call.event})


def _obeys(call: Call, error: BaseException) -> bool:
    # By name: only a plugin with async handlers has asyncio loaded.
    return bool(call.signal) and (isinstance(error, Cancelled) or type(error).__name__ == "CancelledError")
