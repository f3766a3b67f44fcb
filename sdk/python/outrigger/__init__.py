"""Write Outrigger plugins, and applications that fire events, in Python."""

from __future__ import annotations

from ._serve import is_under_host, run, serve
from ._stdio import guard_stdout

# Before the plugin's own modules run: what they print while they load must not reach the wire either.
if is_under_host():
    guard_stdout()

from ._answers import block, modify, proceed, replace
from ._context import Context, PluginContext
from ._errors import Cancelled, ServiceError
from ._fetch import Response
from ._hooks import hook

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._async_context import AsyncContext as AsyncContext
    from ._async_context import AsyncPluginContext as AsyncPluginContext
    from .host import AsyncHost as AsyncHost
    from .host import Blocked as Blocked
    from .host import Host as Host
    from .host import HostError as HostError
    from .host import HostGone as HostGone
    from .host import HostTimeout as HostTimeout
    from .host import Outcome as Outcome

__all__ = [
    "AsyncContext",
    "AsyncHost",
    "AsyncPluginContext",
    "Blocked",
    "Cancelled",
    "Context",
    "Host",
    "HostError",
    "HostGone",
    "HostTimeout",
    "Outcome",
    "PluginContext",
    "Response",
    "ServiceError",
    "block",
    "hook",
    "modify",
    "proceed",
    "replace",
    "run",
    "serve",
]


def __getattr__(name: str) -> object:
    # They need asyncio, which costs a plugin without async handlers its quick start.
    if name in ("AsyncContext", "AsyncPluginContext"):
        from . import _async_context

        return getattr(_async_context, name)
    # Only applications fire events; plugins do not pay for it.
    if name in ("AsyncHost", "Blocked", "Host", "HostError", "HostGone", "HostTimeout", "Outcome"):
        from . import host

        return getattr(host, name)
    raise AttributeError(f'module "outrigger" has no attribute "{name}"')
