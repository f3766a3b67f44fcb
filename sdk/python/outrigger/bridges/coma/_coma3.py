"""coma 3: `@command` and `wake()`. Slots share one object."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from coma.core.singleton import Coma
from coma.hooks.base import InvocationData
from coma.hooks.management import Hooks

from ._payloads import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._bridge import Bridge


class Call3(Call):
    def __init__(self, data: Any) -> None:
        self.data = data
        self.origin = Coma.get_registrations()[data.name].command

    name = property(lambda self: self.data.name)
    known_args = property(lambda self: self.data.known_args)
    unknown_args = property(lambda self: self.data.unknown_args)
    parser = property(lambda self: self.data.parser)

    @property
    def command(self) -> Any:
        return self.data.command

    @command.setter
    def command(self, value: Any) -> None:
        self.data.command = value

    @property
    def result(self) -> Any:
        return self.data.result

    @result.setter
    def result(self, value: Any) -> None:
        self.data.result = value

    def configs(self) -> dict[str, Any]:
        return {id: config.get_latest() for id, config in self._all().items() if config.instances}

    def declared(self) -> dict[str, Any]:
        return {id: config.back_end for id, config in self._all().items()}

    def set_config(self, id: str, config: Any) -> None:
        holder = self._all()[id]
        holder.set(holder.get_latest_key() if holder.instances else "BASE", config)

    def path(self, id: str) -> str | None:
        if not isinstance(self.data, InvocationData) or not self.data.parameters.is_serializable(id):
            return None
        path: str = self.data.persistence_manager.get_file_path(id, self.known_args)
        return path

    def _all(self) -> dict[str, Any]:
        found: dict[str, Any] = self.data.parameters.get_all_configs()
        return found


def patch(bridge: Bridge) -> Callable[[], None]:
    """Fires the slots of every command that `wake()` knows; gives what takes that back."""
    original = Hooks.merge

    class Fired(Hooks):  # type: ignore[misc]
        def invoke(self, arg: Any) -> None:
            with bridge.invocation():
                super().invoke(arg)

    def merged(shared_hooks: Any, command_hooks: Any) -> Any:
        hooks = original(shared_hooks, command_hooks)
        return Fired(**{field.name: _slot(bridge, field.name, getattr(hooks, field.name)) for field in fields(Hooks)})

    def restore() -> None:
        Hooks.merge = staticmethod(original)

    Hooks.merge = staticmethod(merged)
    return restore


def _slot(bridge: Bridge, slot: str, own: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def fill(data: Any) -> Any:
        call = Call3(data)

        def proceed() -> None:
            call.data = own(call.data) or call.data

        bridge.around(slot, call, proceed)
        return call.data

    return fill
