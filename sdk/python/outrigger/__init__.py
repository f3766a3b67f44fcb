"""Write Outrigger plugins, and applications that fire events, in Python."""

from __future__ import annotations

import os

# Before the plugin's own modules run: what they print while they load must not reach the wire either.
if "OUTRIGGER_PLUGIN" in os.environ:
    from ._stdio import guard_stdout

    guard_stdout()

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._answers import block as block
    from ._answers import modify as modify
    from ._answers import proceed as proceed
    from ._answers import replace as replace
    from ._async_context import AsyncContext as AsyncContext
    from ._async_context import AsyncPluginContext as AsyncPluginContext
    from ._context import Context as Context
    from ._context import PluginContext as PluginContext
    from ._errors import Cancelled as Cancelled
    from ._errors import ServiceError as ServiceError
    from ._fetch import Response as Response
    from ._hooks import hook as hook
    from ._serve import run as run
    from ._serve import serve as serve
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

_NAMES = {
    "_answers": ("block", "modify", "proceed", "replace"),
    "_async_context": ("AsyncContext", "AsyncPluginContext"),
    "_context": ("Context", "PluginContext"),
    "_errors": ("Cancelled", "ServiceError"),
    "_fetch": ("Response",),
    "_hooks": ("hook",),
    "_serve": ("run", "serve"),
    "host": ("AsyncHost", "Blocked", "Host", "HostError", "HostGone", "HostTimeout", "Outcome"),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> object:
    # What is not used is not loaded: a plugin fires no events, a bridge serves none, and either starts in the path of somebody's work.
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f'module "outrigger" has no attribute "{name}"')
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f".{module}", __name__), name)
    return found
