"""The host as an asyncio application has it: the same words, awaited."""

from __future__ import annotations

import asyncio
import os
from typing import Generic, TypeVar

from ._connection import Connection, checked_payload, emit_params, operation_params, session_params
from ._errors import HostError, HostTimeout, is_moot
from ._host import Host
from ._outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator, Sequence
    from typing import Any

    from ._connection import Json, OnFailure, Payload
    from ._errors import HostGone

T = TypeVar("T", bound="_Closable")


class _Closable:
    async def close(self) -> None:
        raise NotImplementedError

    async def __aenter__(self: T) -> T:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class _Opening(Generic[T]):
    """Something that is opened by `await`, or by `async with`, which closes it too."""

    def __init__(self, begin: Callable[[], Awaitable[T]]) -> None:
        self._begin = begin

    def __await__(self) -> Generator[Any, None, T]:
        return self._begin().__await__()

    async def __aenter__(self) -> T:
        self._opened = await self._begin()
        return self._opened

    async def __aexit__(self, *_: object) -> None:
        await self._opened.close()


class _AsyncScope:
    def __init__(self, connection: Connection, session: str | None) -> None:
        self._connection = connection
        self._session = session

    def has(self, hook: str) -> bool:
        """As `Host.has()`; nothing to await."""
        return self._connection.has(self._session, hook)

    async def emit(
        self,
        hook: str,
        payload: Payload | Callable[[], Awaitable[Any]] | None = None,
        *,
        operation: str | None = None,
        session: str | None = None,
        timeout: float | None = None,
        trace: bool = False,
        traceparent: str | None = None,
        on_host_failure: OnFailure | None = None,
    ) -> Outcome:
        """As `Host.emit()`; a callable payload may be async. Cancelling the task cancels the event."""
        connection, session = self._connection, session or self._session
        if not connection.has(session, hook):
            return Outcome(hook, None if callable(payload) else payload)
        sent: Any = payload() if callable(payload) else {} if payload is None else payload
        if hasattr(sent, "__await__"):
            sent = await sent
        how = {"operation": operation, "trace": trace, "traceparent": traceparent}
        params = emit_params(hook, checked_payload(hook, sent), session, how)
        try:
            return connection.outcome(hook, sent, await ask(connection, "emit", params, timeout))
        except HostError as error:
            return connection.after_failure(hook, sent, error, on_host_failure)

    def operation(self, id: str | None = None) -> AsyncOperation:
        return AsyncOperation(self._connection, self._session, id or os.urandom(8).hex())


class AsyncOperation(_Closable):
    """As `Operation`, with `async with`."""

    def __init__(self, connection: Connection, session: str | None, id: str) -> None:
        self.id = id
        self._connection = connection
        self._session = session
        self._scope = _AsyncScope(connection, session)
        self._is_used = False

    def has(self, hook: str) -> bool:
        return self._scope.has(hook)

    async def emit(self, hook: str, payload: Payload | Callable[[], Awaitable[Any]] | None = None, **how: Any) -> Outcome:
        self._is_used = self._is_used or self.has(hook)
        return await self._scope.emit(hook, payload, operation=self.id, **how)

    async def end(self) -> None:
        if self._is_used:
            self._is_used = False
            await _ask_if_there(self._connection, "operation/end", operation_params(self.id, self._session))

    close = end


class AsyncSession(_AsyncScope, _Closable):
    """As `Session`, with `async with`."""

    def __init__(self, connection: Connection, id: str) -> None:
        super().__init__(connection, id)
        self.id = id

    async def close(self) -> None:
        if self._connection.heard.pop(self.id, None) is not None:
            await _ask_if_there(self._connection, "session/close", {"session": self.id})
            self._connection.heard.pop(self.id, None)  # news may have come meanwhile


class AsyncHost(_AsyncScope, _Closable):
    """As `Host`. One connection can be used from several loops, and from threads through `host`."""

    def __init__(self, host: Host) -> None:
        """The asynchronous side of a host that is open."""
        super().__init__(host._connection, None)
        self.host = host
        """The synchronous side of the same connection."""

    @classmethod
    def embedded(cls, *args: Any, **options: Any) -> _Opening[AsyncHost]:
        """As `Host.embedded()`; to be awaited, or entered with `async with`."""
        return _Opening(lambda: _opened(cls, lambda: Host.embedded(*args, **options)))

    @classmethod
    def connect(cls, *args: Any, **options: Any) -> _Opening[AsyncHost]:
        """As `Host.connect()`; to be awaited, or entered with `async with`."""
        return _Opening(lambda: _opened(cls, lambda: Host.connect(*args, **options)))

    @property
    def on_host_failure(self) -> OnFailure:
        return self.host.on_host_failure

    @property
    def problems(self) -> list[str]:
        return self.host.problems

    @property
    def version(self) -> str:
        return self.host.version

    @property
    def gone(self) -> HostGone | None:
        return self.host.gone

    def session(self, id: str | None = None, plugins: Sequence[str] = ()) -> _Opening[AsyncSession]:
        """As `Host.session()`; to be awaited, or entered with `async with`."""
        return _Opening(lambda: self._open_session(id, plugins))

    async def _open_session(self, id: str | None, plugins: Sequence[str]) -> AsyncSession:
        connection = self._connection
        try:
            return AsyncSession(connection, connection.opened(await ask(connection, "session/open", session_params(id, plugins))))
        except HostError as error:
            made = id or os.urandom(8).hex()
            connection.not_opened(made, error)
            return AsyncSession(connection, made)

    async def hooks(self) -> list[Json]:
        return list((await ask(self._connection, "hooks/list", {}))["hooks"])

    async def trace(self, event: str) -> Json | None:
        found: Json | None = (await ask(self._connection, "trace/get", {"event": event})).get("trace")
        return found

    async def ping(self, timeout: float | None = None) -> None:
        await ask(self._connection, "ping", {}, timeout)

    async def close(self, timeout: float = 10.0) -> None:
        await asyncio.to_thread(self.host.close, timeout)


async def _opened(kind: type[AsyncHost], begin: Callable[[], Host]) -> AsyncHost:
    # When this is cancelled, the thread goes on; the host that it opens is nobody's, and ends.
    return kind(await asyncio.to_thread(begin))


async def ask(connection: Connection, method: str, params: object, timeout: float | None = None) -> Any:
    """Sends a request and awaits its answer. Whatever ends the waiting cancels the request."""
    link, seconds = connection.link, connection.timeout if timeout is None else timeout
    loop = asyncio.get_running_loop()
    settled: asyncio.Future[None] = loop.create_future()

    def settle() -> None:
        if not settled.done():
            settled.set_result(None)

    def done() -> None:
        try:
            loop.call_soon_threadsafe(settle)
        except RuntimeError:
            pass  # the loop was closed, nobody waits

    reply = link.request(method, params, done)
    try:
        await asyncio.wait((settled,), timeout=seconds)
    except BaseException:
        link.give_up(reply)
        raise
    if not settled.done() and link.give_up(reply):
        raise HostTimeout(f'Cannot wait for "{method}" any longer: the host did not answer within {seconds} s')
    await settled
    return reply.result()


async def _ask_if_there(connection: Connection, method: str, params: object) -> None:
    try:
        await ask(connection, method, params)
    except HostError as error:
        if not is_moot(error):
            raise
