"""The ten slots of a coma program at an Outrigger host: `pip install "outrigger[coma]"`.

from outrigger.bridges import coma as bridge

with bridge.connect():
    coma.wake()
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from outrigger.host import Host

    from ._bridge import Bridge

__all__ = ["connect", "install"]


def install(host: Host) -> Bridge:
    """Fires the slots of the commands at `host`: in coma 2 of those registered from here on, in coma 3 of all.
    Raises RuntimeError when a bridge is installed."""
    from ._bridge import Bridge

    return Bridge(host, owns_host=False).install()


def connect(config: str | None = None, **options: Any) -> Bridge:
    """As `install()`, with a host of its own: the daemon that OUTRIGGER_SOCKET names, else a child process, and that only
    where a configuration is found. `options` are those of `Host.connect()` or `Host.embedded()`. Closed by `uninstall()`."""
    from .._events import open_host
    from ._bridge import Bridge

    host = open_host("coma", config, **options)
    try:
        return Bridge(host, owns_host=True).install()
    except BaseException:
        host.close()
        raise
