"""Mellea's hooks at an Outrigger host: `pip install "outrigger[mellea]"`.

from outrigger.bridges import mellea as bridge

with bridge.connect() as outrigger:
    with start_session("openai", model, plugins=[outrigger.plugins("pii-redactor")]) as session:
        session.instruct("…")
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from outrigger.host import Host

    from ._bridge import Bridge

__all__ = ["connect", "install"]


def install(host: Host) -> Bridge:
    """Fires Mellea's events at `host` from here on, in all sessions. Raises RuntimeError when a bridge is installed."""
    from ._install import install as _install

    return _install(host)


def connect(config: str | None = None, **options: Any) -> Bridge:
    """As `install()`, with a host of its own: the daemon that OUTRIGGER_SOCKET names, else a child process, and that only
    where a configuration is found. Raises HostError when that cannot be started. `options` are those of `Host.connect()` or
    `Host.embedded()`. Closed by `uninstall()`."""
    from .._events import open_host
    from ._install import install as _install

    host = open_host("mellea", config, **{"on_host_failure": "raise", **options})
    try:
        return _install(host, owns_host=True)
    except BaseException:
        host.close()
        raise
