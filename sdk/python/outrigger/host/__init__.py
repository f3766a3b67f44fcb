"""Fire events from an application; the host that runs the plugins is a child process, or a daemon.

    with Host.embedded() as host:
        outcome = host.emit("conda.pre_command", {"command": "install", "args": []}).raise_for_block()
"""

from __future__ import annotations

from ._errors import HostError, HostGone, HostTimeout
from ._host import Host, Operation, Session
from ._outcome import Blocked, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ._async_host import AsyncHost as AsyncHost
    from ._async_host import AsyncOperation as AsyncOperation
    from ._async_host import AsyncSession as AsyncSession

__all__ = [
    "AsyncHost",
    "AsyncOperation",
    "AsyncSession",
    "Blocked",
    "Host",
    "HostError",
    "HostGone",
    "HostTimeout",
    "Operation",
    "Outcome",
    "Session",
]


def __getattr__(name: str) -> object:
    # They need asyncio, which an application without it is not made to load.
    if name in ("AsyncHost", "AsyncOperation", "AsyncSession"):
        from . import _async_host

        return getattr(_async_host, name)
    raise AttributeError(f'module "outrigger.host" has no attribute "{name}"')
