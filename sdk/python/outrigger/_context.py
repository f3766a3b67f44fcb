"""What a sync handler may ask of the host. Each method waits for the host's answer."""

from __future__ import annotations

from ._call import Call, EventFacts, Log
from ._errors import Cancelled
from ._fetch import Response, fetch_params

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from ._fetch import Headers
    from ._peer import Peer, Reply
    from .protocol import HookEmitResult, PermissionRequestResult, Permissions


class Storage:
    """Storage of the plugin's own, kept by the host across restarts. Needs the permission `storage`."""

    def __init__(self, context: PluginContext) -> None:
        self._context = context

    def get(self, key: str) -> Any:
        """The stored JSON value, None when there is none."""
        return self._context._ask("storage/get", {"key": key})["value"]

    def set(self, key: str, value: object) -> None:
        """Once it returns, the value survives a crash of plugin and host."""
        self._context._ask("storage/set", {"key": key, "value": value})

    def delete(self, key: str) -> None:
        """Removing what is not there is fine."""
        self._context._ask("storage/delete", {"key": key})

    def list(self, prefix: str = "") -> list[str]:
        """Names of entries, sorted; only those that begin with `prefix`."""
        keys: list[str] = self._context._ask("storage/list", {"prefix": prefix} if prefix else {})["keys"]
        return keys


class PluginContext:
    """What the plugin may ask of the host outside an event; given to `setup` and `net_denied`."""

    _call: Call | None = None

    def __init__(self, peer: Peer, config: dict[str, Any]) -> None:
        self._peer = peer
        self.config: dict[str, Any] = config
        """The plugin's configuration, checked by the host against the manifest and with its defaults filled in."""

    @property
    def log(self) -> Log:
        return Log(self._peer, self._call.event if self._call else None)

    @property
    def storage(self) -> Storage:
        return Storage(self)

    def secret(self, name: str) -> str:
        """A secret the operator granted. Needs its name under `permissions.secrets`."""
        return str(self._ask("secret/get", {"name": name})["value"])

    def fetch(
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
        return Response(self._ask("net/fetch", fetch_params(url, method, headers, body, timeout_ms, max_bytes)))

    def request_permission(self, permissions: Permissions, reason: str | None = None) -> PermissionRequestResult:
        """Ask the operator for what the manifest lists under `optionalPermissions`. The question outlives the event."""
        asked = {"permissions": permissions, **({} if reason is None else {"reason": reason})}
        answer: PermissionRequestResult = self._ask("permission/request", asked, tell=False)
        return answer

    def call(self, service: str, params: Mapping[str, object] | None = None) -> Any:
        """Call a service that the application registered. Needs a permission of that name. Raises ServiceError or Cancelled."""
        return self._ask(service, params or {})

    def _ask(self, method: str, params: Mapping[str, object], tell: bool = True) -> Any:
        if self._call is None:
            reply = self._peer.request(method, params)
            reply.done.wait()
            return reply.result()
        return _wait(self._peer, self._call, (method, params), tell)


class Context(EventFacts, PluginContext):
    """What a sync handler is given beside the payload."""

    def __init__(self, peer: Peer, config: dict[str, Any], call: Call) -> None:
        super().__init__(peer, config)
        self._call: Call = call

    def emit(self, hook: str, payload: Mapping[str, object]) -> HookEmitResult:
        """Fire an event inside this one. Needs the permission `hook/emit`."""
        result: HookEmitResult = self._ask("hook/emit", {"hook": hook, "payload": payload, "event": self.event})
        return result


def _wait(peer: Peer, call: Call, request: tuple[str, Mapping[str, object]], tell: bool) -> Any:
    """Waits for the host as long as the call is wanted."""
    signal = call.signal
    if signal:
        raise Cancelled(signal.reason)
    reply: Reply = peer.request(*request)

    def stop() -> None:
        peer.give_up(reply, Cancelled(signal.reason), tell)

    signal.on_cancel(stop)
    try:
        while not reply.done.wait(min(signal.remaining_ms() / 1000, 3600.0)):
            if signal:
                stop()
    finally:
        signal.off_cancel(stop)
    return reply.result()
