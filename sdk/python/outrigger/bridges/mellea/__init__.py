"""Mellea's hooks at an Outrigger host: `pip install "outrigger[mellea]"`.

from outrigger.bridges import mellea as bridge

with bridge.connect() as outrigger:
    with start_session("openai", model, plugins=[outrigger.plugins("pii-redactor")]) as session:
        session.instruct("…")
"""

from __future__ import annotations

import os

from outrigger.host import Host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._bridge import Bridge

__all__ = ["connect", "install"]


def install(host: Host) -> Bridge:
    """Fires Mellea's events at `host` from here on, in all sessions. Raises RuntimeError when a bridge is installed."""
    from ._install import install as _install

    return _install(host)


def connect(config: str | None = None, **options: Any) -> Bridge:
    """As `install()`, with a host of its own: the daemon that OUTRIGGER_SOCKET names, else a child process, and that only
    where a configuration is found. `options` are those of `Host.connect()` or `Host.embedded()`. Closed by `uninstall()`."""
    from ._install import install as _install

    if config is None and os.environ.get("OUTRIGGER_SOCKET"):
        host = Host.connect(**options)
    else:
        host = Host.embedded(config, **{"catalogs": ["mellea"], "only_if_configured": config is None, **options})
    try:
        return _install(host, owns_host=True)
    except BaseException:
        host.close()
        raise
