"""conda's hook specifications, and what conda does with their results."""

import pluggy

from ..exceptions import PluginError
from .types import *  # noqa: F403

_spec = pluggy.HookspecMarker("conda")
hookimpl = pluggy.HookimplMarker("conda")
_PLAIN = "subcommands virtual_packages pre_commands post_commands auth_handlers health_checks pre_solves post_solves settings"
_MORE = "pre_transaction_actions post_transaction_actions exception_observers"


class Specs:
    @_spec
    def conda_session_headers(self, host): ...

    @_spec
    def conda_request_headers(self, host, path): ...

    @_spec
    def conda_error_hints(self, error): ...


for _name in f"{_PLAIN} {_MORE}".split():
    # A function of its own for each, for the marker is put on it.
    setattr(Specs, f"conda_{_name}", staticmethod(_spec(lambda: None)))


class Manager(pluggy.PluginManager):
    def __init__(self, *plugins):
        super().__init__("conda")
        self.add_hookspecs(Specs)
        for plugin in plugins:
            self.register(plugin)
        self.check_pending()

    def results(self, name, **arguments):
        """Flattened, named in lower case, each name once, sorted by it."""
        found = [item for items in getattr(self.hook, f"conda_{name}")(**arguments) for item in items]
        if name == "error_hints":
            return found
        for item in found:
            if not isinstance(item.name, str) or item.name != item.name.lower().strip():
                raise PluginError(f"invalid name: {item.name!r}")
        if len({item.name for item in found}) != len(found):
            raise PluginError(f"conflicting {name}")
        return sorted(found, key=lambda item: item.name)

    def commands(self, when, command):
        for item in self.results(f"{when}_commands"):
            if command in item.run_for:
                item.action(command)

    def observe(self, event):
        names = {kind.__name__ for kind in event.exc_type.__mro__}
        for item in self.results("exception_observers"):
            if names & item.watch_for:
                item.hook(event)
