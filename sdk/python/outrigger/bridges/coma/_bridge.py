"""The slots of coma's commands, fired at a host around what fills them."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import coma

from outrigger.host import Blocked, Host, Outcome

from .._events import Events, NotApplicable
from . import _payloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from outrigger.host import Operation

    from ._payloads import Call

BLOCKED = 3
"""Exit code of a program that a plugin stopped, as of `outrigger run`."""
AFTER = ("parser_hook", "post_config_hook", "post_init_hook")
"""Their events come after what fills them, so that plugins see what it did; all others before."""


class Stopped(SystemExit):
    """A plugin, or a failure that blocks, ended the program; `outcome` says why. The reason is on stderr."""

    def __init__(self, code: int, outcome: Outcome) -> None:
        super().__init__(code)
        self.outcome = outcome


class Bridge:
    """The slots at a host. `uninstall()` ends it."""

    _installed: Bridge | None = None

    def __init__(self, host: Host, owns_host: bool) -> None:
        self.host = host
        self._owns_host = owns_host
        self._events = Events(host, "coma", ())
        self._operations: list[Operation] = []
        self._restore: Callable[[], None] = lambda: None

    def install(self) -> Bridge:
        if Bridge._installed is not None:
            raise RuntimeError("Cannot install the bridge to coma: one is installed; uninstall() it first")
        if hasattr(coma, "initiate"):
            from ._coma2 import patch
        else:
            from ._coma3 import patch
        self._restore = patch(self)
        Bridge._installed = self
        return self

    def uninstall(self) -> None:
        """coma runs without us from here on. Idempotent."""
        if Bridge._installed is self:
            Bridge._installed = None
            self._restore()
        if self._owns_host:
            self.host.close()

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()

    @contextmanager
    def invocation(self) -> Iterator[None]:
        """The slots fired in here belong together."""
        with self.host.operation() as operation:
            self._operations.append(operation)
            try:
                yield
            finally:
                self._operations.pop()

    def around(self, slot: str, call: Call, proceed: Callable[[], None]) -> None:
        """One slot: the event, and what fills the slot, which reads and writes `call`."""
        if self is not Bridge._installed or not self._events.has(slot):
            return proceed()
        if slot in AFTER:
            proceed()
        outcome = self._fire(slot, call)
        if outcome.replaced:
            self._replace(slot, call, outcome)
        elif slot not in AFTER:
            proceed()

    def _fire(self, slot: str, call: Call) -> Outcome:
        operation = self._operations[-1] if self._operations else None
        try:
            outcome = self._events.fire(
                slot, lambda: _payloads.read(slot, call), lambda sent, final: _payloads.write(call, sent, final), operation
            )
        except Blocked as blocked:
            raise _stopped(blocked) from None
        return outcome or Outcome(f"coma.{slot}")

    def _replace(self, slot: str, call: Call, outcome: Outcome) -> None:
        value = outcome.value
        try:
            if slot == "config_hook":
                call.set_configs(value)
            elif slot == "init_hook":
                call.command = _payloads.instance(call, value["fields"])
            elif slot == "run_hook":
                call.result = value["result"]
            else:
                _exit(value, outcome)
        except NotApplicable as error:
            violation = {"code": "CHANGE_NOT_APPLICABLE", "reason": str(error)}
            raise _stopped(
                Blocked(Outcome(f"coma.{slot}", status="blocked", cause="failure", by=outcome.by, violation=violation))
            ) from error


def _exit(value: dict[str, Any], outcome: Outcome) -> None:
    if value.get("message"):
        print(value["message"], flush=True)
    raise Stopped(value["exit_code"], outcome)


def _stopped(blocked: Blocked) -> Stopped:
    print(f"outrigger: {blocked}", file=sys.stderr, flush=True)
    return Stopped(BLOCKED, blocked.outcome)
