"""HTTP headers and credentials of plugins."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from ._bridge import Bridge

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def headers(bridge: Bridge, hook: str, request: dict[str, str]) -> Iterator[Any]:
    from conda.plugins.types import CondaRequestHeader

    told: dict[str, str] = {}
    bridge.fire(hook, lambda: request | {"headers": {}}, lambda _sent, final: told.update(final["headers"]))
    for name, value in told.items():
        yield CondaRequestHeader(name=name, value=value)


def auth_handler(bridge: Bridge) -> type:
    """For channels with `auth: outrigger`. conda makes an object of it for each channel."""
    from conda.plugins.types import ChannelAuthBase

    class OutriggerAuth(ChannelAuthBase):  # type: ignore[misc]
        _credentials: dict[str, str] | None = None

        def __call__(self, request: Any) -> Any:
            if self._credentials is None:
                told = {"channel": str(self.channel_name), "url": request.url, "auth": "outrigger"}
                outcome = bridge.fire("channel_auth", lambda: told)
                self._credentials = outcome.value if outcome is not None and outcome.replaced else {}
            _authorize(request, self._credentials)
            return request

    return OutriggerAuth


def _authorize(request: Any, credentials: dict[str, str]) -> None:
    if not credentials:
        return
    url = urlsplit(request.url)
    if url.scheme != "https" and url.hostname not in _LOOPBACK:
        from conda.exceptions import CondaError

        raise CondaError(f'Cannot send credentials to "{url.hostname}": the channel is on plain HTTP; use HTTPS')
    if "token" in credentials:
        request.headers["Authorization"] = f"Bearer {credentials['token']}"
    else:
        pair = f"{credentials.get('username', '')}:{credentials.get('password', '')}"
        request.headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
