"""The plugin that pycomex loads."""

from __future__ import annotations

import atexit
import sys
import weakref
from collections.abc import Callable
from typing import Any

from pycomex.config import Config
from pycomex.plugin import Plugin, StopHook, hook

from outrigger.host import Host, HostError, Operation, Outcome

from .._events import Events, open_host
from . import _commands, _hooks, _payloads

FIRST, LAST = 1_000_000_000, -1_000_000_000
"""Priorities: in pycomex high goes first. Our events come last, so that plugins see what pycomex's own have done."""
OPEN = {
    "after_plugins_loaded",
    "plugin_registered",
    "plugin_registered__named",
    "cli_register_commands",
    "after_experiment_finalize",
    "before_experiment_error",
    "experiment_commit_fig",
    "experiment_commit_json",
    "experiment_commit_raw",
    "experiment_track",
}
"""Where a failure is ignored; everywhere else it closes. As the catalog has it."""


class OutriggerPlugin(Plugin):  # type: ignore[misc]
    """pycomex's events at a host. `uninstall()` ends it."""

    current: OutriggerPlugin | None = None

    def __init__(self, config: Any, host: Host | None = None) -> None:
        super().__init__(config)
        self._owns_host = host is None
        self.host = _open_host() if host is None else host
        self.events = Events(self.host, "pycomex", OPEN)
        self._operations: dict[int, Operation] = {}
        self._restore: Callable[[], None] = lambda: None

    def register(self) -> None:
        """Called by pycomex. Those of its plugins that were there before are told of now."""
        if OutriggerPlugin.current is not None:
            OutriggerPlugin.current.uninstall()
        OutriggerPlugin.current = self
        super().register()
        self._restore = _hooks.patch(self)
        if self._owns_host:
            atexit.register(self.uninstall)
        for name, plugin in list(self.config.plugins.items()):
            self.plugin_registered(self.config, name=name, plugin=plugin)
            self._named(name, plugin)

    def uninstall(self) -> None:
        """pycomex runs without us from here on. Idempotent."""
        if OutriggerPlugin.current is self:
            OutriggerPlugin.current = None
            self._restore()
            for functions in self.config.pm.hooks.values():
                functions[:] = [function for function in functions if getattr(function, "__self__", None) is not self]
        if self._owns_host:
            atexit.unregister(self.uninstall)
            self.host.close()

    def __enter__(self) -> OutriggerPlugin:
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()

    @hook("after_plugins_loaded", priority=LAST)
    def after_plugins_loaded(self, _config: Any, /, *, plugins: dict[str, Any], config: Any = None, **_: Any) -> None:
        self._tell("after_plugins_loaded", lambda: _payloads.plugins_loaded(self.config, plugins))

    @hook("plugin_registered", priority=LAST)
    def plugin_registered(self, _config: Any, /, *, name: str, plugin: Any, **_: Any) -> None:
        if plugin is not self and self.events.has("plugin_registered__named"):
            # Its own hook point is fired by pycomex right after this one.
            self.config.pm.register_hook(f"plugin_registered__{name}", _Named(self, name), LAST)
        self._tell("plugin_registered", lambda: {"name": name, "plugin": _payloads.plugin(name, plugin)})

    def _named(self, name: str, plugin: Any) -> None:
        self._tell("plugin_registered__named", lambda: {"name": name, "plugin": _payloads.plugin(name, plugin)})

    @hook("cli_register_commands", priority=LAST)
    def cli_register_commands(self, _config: Any, /, *, cli: Any, **_: Any) -> None:
        built_in = list(cli.commands)
        self._tell(
            "cli_register_commands",
            lambda: {"built_in": built_in, "commands": {}},
            lambda _sent, final: _commands.add(cli, built_in, final["commands"], self.events),
        )

    @hook("before_experiment_parameters", priority=LAST)
    def before_experiment_parameters(self, _config: Any, /, *, experiment: Any, **_: Any) -> None:
        self._tell_of("before_experiment_parameters", experiment)

    @hook("experiment_constructed", priority=LAST)
    def experiment_constructed(self, _config: Any, /, *, experiment: Any, **_: Any) -> None:
        self._tell_of("experiment_constructed", experiment)

    @hook("before_experiment_initialize", priority=FIRST)
    def search(self, _config: Any, /, *, experiment: Any, **_: Any) -> None:
        """A search needs hooks of the experiment's, which plugins may take the place of."""
        if experiment.parameters.get("__OPTUNA__"):
            _hooks.stand_in(experiment, self.events)

    @hook("before_experiment_initialize", priority=LAST)
    def before_experiment_initialize(self, _config: Any, /, *, experiment: Any, **_: Any) -> None:
        self._tell_of("before_experiment_initialize", experiment)

    @hook("after_experiment_initialize", priority=LAST)
    def after_experiment_initialize(self, _config: Any, /, *, experiment: Any, **_: Any) -> None:
        self._tell_of("after_experiment_initialize", experiment)

    @hook("after_experiment_finalize", priority=LAST)
    def after_experiment_finalize(self, _config: Any, /, *, experiment: Any, **_: Any) -> None:
        try:
            self._tell_of("after_experiment_finalize", experiment, lambda: {"tracked": _payloads.tracked(experiment)})
            if experiment.is_primary and "status" in experiment.metadata:
                experiment.save_metadata()
        finally:
            if experiment.error is None:
                self._end(experiment)

    @hook("before_experiment_error", priority=LAST)
    def before_experiment_error(self, _config: Any, /, *, experiment: Any, error: Any, traceback: str, **_: Any) -> None:
        try:
            failed = {"error": _payloads.error(error, traceback), "traceback": traceback}
            self._tell_of("before_experiment_error", experiment, lambda: failed)
        finally:
            self._end(experiment)

    @hook("experiment_commit_fig", priority=LAST)
    def experiment_commit_fig(self, _config: Any, /, *, experiment: Any, name: str, figure: Any, **_: Any) -> None:
        self._tell_of("experiment_commit_fig", experiment, lambda: {"name": name, "figure": _payloads.figure(experiment, name, figure)})

    @hook("experiment_commit_json", priority=LAST)
    def experiment_commit_json(self, _config: Any, /, *, experiment: Any, name: str, content: str, **_: Any) -> None:
        self._tell_of("experiment_commit_json", experiment, lambda: _payloads.committed(name, content))

    @hook("experiment_commit_raw", priority=LAST)
    def experiment_commit_raw(self, _config: Any, /, *, experiment: Any, name: str, content: str, **_: Any) -> None:
        self._tell_of("experiment_commit_raw", experiment, lambda: {"name": name, "content": content})

    @hook("experiment_track", priority=LAST)
    def experiment_track(self, _config: Any, /, *, experiment: Any, name: str, value: Any, **_: Any) -> None:
        self._tell_of("experiment_track", experiment, lambda: {"name": name, **_payloads.tracked_value(experiment, name, value)})

    def _tell(self, name: str, payload: Callable[[], Any], apply: Any = None, operation: Operation | None = None) -> None:
        """An event whose value pycomex does not use."""
        outcome = self.events.fire(name, payload, apply, operation)
        if outcome is not None and outcome.replaced:
            raise StopHook(outcome.value)

    def _tell_of(self, name: str, experiment: Any, more: Callable[[], Any] = dict) -> None:
        self._tell(
            name,
            lambda: {"experiment": _payloads.experiment(experiment), **more()},
            lambda sent, final: _payloads.write(experiment, sent, final),
            self._operation(experiment),
        )

    def fire(self, name: str, experiment: Any, payload: Any, apply: Any) -> Outcome | None:
        """An event whose value the experiment uses."""
        return self.events.fire(name, payload, apply, self._operation(experiment))

    def _operation(self, experiment: Any) -> Operation:
        """All events of one run belong together."""
        found = self._operations.get(id(experiment))
        if found is None:
            found = self._operations[id(experiment)] = self.host.operation()
            # One that is only made never ends, and another may get its number later.
            weakref.finalize(experiment, self._operations.pop, id(experiment), None)
        return found

    def _end(self, experiment: Any) -> None:
        self._operation(experiment).end()
        self._operations.pop(id(experiment), None)


class _Named:
    """pycomex marks the functions it registers, so this has to be an object of its own."""

    def __init__(self, bridge: OutriggerPlugin, name: str) -> None:
        self.__self__ = bridge
        self._name = name

    def __call__(self, _config: Any, /, *, plugin: Any, **_: Any) -> None:
        self.__self__._named(self._name, plugin)


def _open_host() -> Host:
    """pycomex hides what goes wrong while it loads a plugin. A guard must not be lost that way."""
    try:
        return open_host("pycomex", name="pycomex")
    except HostError as error:
        print(f"outrigger: {error.message}", file=sys.stderr)
        raise SystemExit(1) from error


def install(host: Host) -> OutriggerPlugin:
    plugin = OutriggerPlugin(Config(), host)
    plugin.register()
    return plugin


__all__ = ["OutriggerPlugin", "install"]
