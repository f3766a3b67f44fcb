"""What an async handler may ask of the host: the same as a sync one, awaited."""

from __future__ import annotations

import asyncio

from ._call import Call, EventFacts, Log
from ._errors import Cancelled
from ._fetch import Response, fetch_params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._fetch import Headers
    from ._peer import Peer
    from .protocol import HookEmitResult, PermissionRequestResult, Permissions


class AsyncStorage:
    """Storage of the plugin's own, kept by the host across restarts. Needs the permission `storage`."""

    def __init__(self, context: AsyncPluginContext) -> None:
        self._context = context

    async def get(self, key: str) -> Any:
        """The stored JSON value, None when there is none."""
        return (await self._context._ask("storage/get", {"key": key}))["value"]

    async def set(self, key: str, value: object) -> None:
        """Once it returns, the value survives a crash of plugin and host."""
        await self._context._ask("storage/set", {"key": key, "value": value})

    async def delete(self, key: str) -> None:
        """Removing what is not there is fine."""
        await self._context._ask("storage/delete", {"key": key})

    async def list(self, prefix: str = "") -> list[str]:
        """Names of entries, sorted; only those that begin with `prefix`."""
        keys: list[str] = (await self._context._ask("storage/list", {"prefix": prefix} if prefix else {}))["keys"]
        return keys


class AsyncPluginContext:
    """What the plugin may ask of the host outside an event; given to an async `setup` and `net_denied`."""

    _call: Call | None = None

    def __init__(self, peer: Peer, config: dict[str, Any]) -> None:
        self._peer = peer
        self.config: dict[str, Any] = config
        """The plugin's configuration, checked by the host against the manifest and with its defaults filled in."""

    @property
    def log(self) -> Log:
        return Log(self._peer, self._call.event if self._call else None)

    @property
    def storage(self) -> AsyncStorage:
        return AsyncStorage(self)

    async def secret(self, name: str) -> str:
        """A secret the operator granted. Needs its name under `permissions.secrets`."""
        return str((await self._ask("secret/get", {"name": name}))["value"])

    async def fetch(
        self,
        url: str,
        *,
        method: str | None = None,
        headers: Headers | None = None,
        body: str | bytes | None = None,
        timeout_ms: int | None = None,
        max_bytes: int | None = None,
    ) -> Response:
        """Let the host make one HTTP request to a host under `permissions.net`; an HTTP status is no error.

        A header may be `{"secret": "NAME", "prefix": "Bearer "}`: the host fills it in. Needs the permission `net/fetch`.
        """
        return Response(await self._ask("net/fetch", fetch_params(url, method, headers, body, timeout_ms, max_bytes)))

    async def request_permission(self, permissions: Permissions, reason: str | None = None) -> PermissionRequestResult:
        """Ask the operator for what the manifest lists under `optionalPermissions`. The question outlives the event."""
        asked = {"permissions": permissions, **({} if reason is None else {"reason": reason})}
        answer: PermissionRequestResult = await self._ask("permission/request", asked, tell=False)
        return answer

    async def call(self, service: str, params: Mapping[str, object] | None = None) -> Any:
        """Call a service that the application registered. Needs a permission of that name. Raises ServiceError."""
        return await self._ask(service, params or {})

    async def _ask(self, method: str, params: Mapping[str, object], tell: bool = True) -> Any:
        signal = self._call.signal if self._call else None
        if signal:
            raise Cancelled(signal.reason)
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[None] = loop.create_future()
        reply = self._peer.request(method, params)
        reply.on_done(lambda: loop.call_soon_threadsafe(_wake, answered))
        try:
            while not reply.done.is_set():
                left = min(signal.remaining_ms() / 1000, 3600.0) if signal is not None else None
                await asyncio.wait((answered,), timeout=left)
                if signal:
                    self._peer.give_up(reply, Cancelled(signal.reason), tell)
        except asyncio.CancelledError as error:
            self._peer.give_up(reply, error, tell)
            raise
        return reply.result()


class AsyncContext(EventFacts, AsyncPluginContext):
    """What an async handler is given beside the payload."""

    def __init__(self, peer: Peer, config: dict[str, Any], call: Call) -> None:
        super().__init__(peer, config)
        self._call: Call = call

    async def emit(self, hook: str, payload: Mapping[str, object]) -> HookEmitResult:
        """Fire an event inside this one. Needs the permission `hook/emit`."""
        result: HookEmitResult = await self._ask("hook/emit", {"hook": hook, "payload": payload, "event": self.event})
        return result


def _wake(answered: asyncio.Future[None]) -> None:
    if not answered.done():
        answered.set_result(None)
