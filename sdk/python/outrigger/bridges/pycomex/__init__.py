"""The hooks of pycomex at an Outrigger host: `pip install "outrigger[pycomex]"`.

pycomex finds the bridge by itself, as its plugin `pycomex_outrigger`. With a host of one's own:

from outrigger.bridges import pycomex as bridge

with bridge.install(host):
    experiment.run()
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from outrigger.host import Host

    from .plugin import OutriggerPlugin

__all__ = ["install"]


def install(host: Host) -> OutriggerPlugin:
    """Fires pycomex's events at `host` from here on, in place of the host that the configuration describes."""
    from .plugin import install as _install

    return _install(host)
