"""The host of a conda process, opened when conda first asks for something that a plugin may answer."""

from __future__ import annotations

import atexit
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from outrigger.host import Operation, Outcome

    from .._events import Events

OPEN = {
    "post_command",
    "on_exception",
    "subcommands",
    "settings",
    "virtual_packages",
    "health_checks",
    "error_hints",
    *(f"{when}_transaction_{what}" for when in ("pre", "post") for what in ("reverse", "cleanup")),
}
"""Where a failure is ignored; everywhere else it closes. As the catalog has it."""


class Every(frozenset[str]):
    """Contains the name of every command, also of those that plugins add."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str)


EVERY = Every(
    "activate clean commands compare config create deactivate doctor env_config env_create env_export env_list env_remove env_update "
    "export info init install list notices package remove rename repoquery run search uninstall update upgrade".split()
)


class Bridge:
    """One process runs one command, so there is one of these, with one host and one operation."""

    def __init__(self) -> None:
        self._events: Events | None = None
        self._config: str | None = None
        self._lock = threading.RLock()
        self.operation: Operation | None = None
        self.command = ""
        self.started: float | None = None
        self.is_opening = False
        """Looking for the settings makes conda ask for settings."""

    def has(self, *hooks: str) -> bool:
        """Somebody listens to one of them."""
        events = self._opened()
        return any(map(events.has, hooks))

    def fire(self, hook: str, payload: Callable[[], Any], apply: Any = None) -> Outcome | None:
        """None when nobody listens. Raises CondaError for a block, with the reason."""
        from outrigger.host import Blocked

        events = self._opened()
        try:
            return events.fire(hook, payload, apply, self.operation)
        except Blocked as blocked:
            from conda.exceptions import CondaError

            raise CondaError(str(blocked)) from blocked

    def use(self, events: Events | None) -> None:
        """Events at this host from here on; None: at the one that is configured, when it is next needed."""
        with self._lock:
            self._events = events
            self.operation = None if events is None else events.host.operation()
            self.command, self.started = "", None

    def _opened(self) -> Events:
        with self._lock:
            if self._events is None:
                self._open()
            events = self._events
        assert events is not None
        return events

    def _open(self) -> None:
        from outrigger.host import HostError

        from .._events import Events, open_host
        from . import _settings

        self.is_opening = True
        try:
            host = open_host("conda", _settings.config(), on_host_failure=_settings.on_host_failure(), name="conda")
        except HostError as error:
            # conda hides what goes wrong in some of its hooks. A guard must not be lost that way.
            print(f"outrigger: {error.message}", file=sys.stderr)
            raise SystemExit(1) from error
        finally:
            self.is_opening = False
        self.use(Events(host, "conda", OPEN))
        atexit.register(host.close)


bridge = Bridge()


def args_of(command: str) -> list[str]:
    """The words behind the command; conda hands plugins its name only."""
    words = [os.fsdecode(word) for word in sys.argv[1:]]
    for name in command.split("_"):
        if name in words:
            words = words[words.index(name) + 1 :]
    return words
