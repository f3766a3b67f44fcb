"""Found by pycomex, which makes an object of the plugin and registers it. Starts nothing where Outrigger is not configured."""

from outrigger.bridges.pycomex.plugin import OutriggerPlugin

__all__ = ["OutriggerPlugin"]
