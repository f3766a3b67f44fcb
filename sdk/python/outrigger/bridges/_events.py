"""What the bridges share: the host they open, and events under the failure policies of their catalogs."""

from __future__ import annotations

import os
import sys

from outrigger.host import Blocked, Host, HostError, Operation, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import Any, Literal

    Json = dict[str, Any]


class NotApplicable(Exception):
    """A change that the framework cannot be made to follow. It must not be dropped: a redaction may be in it."""


def open_host(catalog: str, config: str | os.PathLike[str] | None = None, **options: Any) -> Host:
    """The daemon that OUTRIGGER_SOCKET names, else a child process, and that only where a configuration is found. A child has the
    catalog, whether or not the configuration loads it; a daemon has those of its configuration.
    A host that cannot be started closes the hook points that guard; `on_host_failure` says otherwise."""
    options.setdefault("on_host_failure", "closed")
    if config is None and os.environ.get("OUTRIGGER_SOCKET") and "OUTRIGGER_PLUGIN" not in os.environ:
        return Host.connect(**options)
    return Host.embedded(config, **{"catalogs": [catalog], "only_if_configured": config is None, **options})


class Events:
    """The events of one catalog at a host."""

    def __init__(self, host: Host, catalog: str, open_hooks: Collection[str]) -> None:
        """`open_hooks`: those that go on when something fails, as the catalog has it; the others block, unless the host's
        `on_host_failure` is `open`."""
        self.host = host
        self._catalog = catalog
        self._open = open_hooks
        self._said: set[str] = set()

    def has(self, hook: str) -> bool:
        return self.host.has(f"{self._catalog}.{hook}")

    def fire(
        self,
        hook: str,
        payload: Callable[[], Json],
        apply: Callable[[Json, Json], None] | None = None,
        operation: Operation | None = None,
    ) -> Outcome | None:
        """None when nobody listens. `apply` puts changes of the payload (as sent, as it is now) into the framework's objects.
        Raises Blocked, also for what failed where failures block."""
        if not self.has(hook):
            return None
        name = f"{self._catalog}.{hook}"
        policy: Literal["open", "closed"] = "open" if hook in self._open or self.host.on_host_failure == "open" else "closed"
        try:
            sent = _read(name, payload)
            outcome = (operation or self.host).emit(name, sent, on_host_failure=policy).raise_for_block()
            if outcome.modified and apply is not None:
                _apply(name, apply, sent, dict(outcome.payload or {}))
            return outcome
        except HostError as error:
            if policy == "closed":
                raise Blocked(
                    Outcome(name, status="blocked", cause="failure", violation={"code": error.code, "reason": error.message})
                ) from error
            self._say(error)
            return None

    def _say(self, error: HostError) -> None:
        """Once for each kind of failure, as the host does for its own."""
        if error.code not in self._said:
            self._said.add(error.code)
            print(f"outrigger: {error.message}; going on without plugins", file=sys.stderr)


def _read(name: str, payload: Callable[[], Json]) -> Json:
    try:
        return payload()
    except Exception as error:  # An object of the program's, which may do anything when it is looked at.
        raise HostError("PAYLOAD_INVALID", 0, f'Cannot emit "{name}": its payload cannot be read: {error!r}') from error


def _apply(name: str, apply: Callable[[Json, Json], None], sent: Json, final: Json) -> None:
    try:
        apply(sent, final)
    except Exception as error:  # As above; and what the framework does not take.
        raise HostError("CHANGE_NOT_APPLICABLE", 0, f'Cannot apply what was changed at "{name}": {error}') from error
