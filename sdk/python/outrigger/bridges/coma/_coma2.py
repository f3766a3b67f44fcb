"""coma 1 and 2: `initiate()` and `register()`. Values of slots are what their functions return."""

from __future__ import annotations

import importlib
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from coma.core.internal import Hooks

from ._payloads import Call

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._bridge import Bridge

_RETURNS = {
    "config_hook": "_configs",
    "post_config_hook": "_configs",
    "init_hook": "command",
    "post_init_hook": "command",
    "run_hook": "result",
}


class Call2(Call):
    def __init__(self, origin: Any, declared: dict[str, Any], kwargs: dict[str, Any]) -> None:
        self.origin = origin
        self._declared = declared
        self._configs = kwargs.pop("configs")
        vars(self).update(kwargs)

    def configs(self) -> dict[str, Any]:
        return self._configs or {}

    def declared(self) -> dict[str, Any]:
        return self._declared

    def set_config(self, id: str, config: Any) -> None:
        if self._configs is None or self._configs is self._declared:
            self._configs = {}
        self._configs[id] = config

    def path(self, id: str) -> str | None:
        path = getattr(self.known_args, f"{id}_path", None)
        return path if isinstance(path, str) else None


def patch(bridge: Bridge) -> Callable[[], None]:
    """Fires the slots of what is registered from here on; gives what takes that back."""
    module: Any = importlib.import_module("coma.core.register")  # the package has a function of that name
    original = module._do_register

    def do_register(name: str, command: Any, configs: dict[str, Any], subparser: Any, hooks: Hooks) -> None:
        wrapped = {field.name: _slot(bridge, field.name, command, configs, getattr(hooks, field.name)) for field in fields(Hooks)}
        original(name, command, configs, subparser, replace(hooks, **wrapped))
        invoke = subparser.get_default("func")

        def func(known_args: Any, unknown_args: list[str]) -> None:
            with bridge.invocation():
                invoke(known_args, unknown_args)

        subparser.set_defaults(func=func)

    def restore() -> None:
        module._do_register = original

    module._do_register = do_register
    return restore


def _slot(bridge: Bridge, slot: str, command: Any, declared: dict[str, Any], own: Callable[..., Any] | None) -> Callable[..., Any]:
    returned = _RETURNS.get(slot)

    def fill(**kwargs: Any) -> Any:
        call = Call2(command, declared, dict(kwargs))

        def proceed() -> None:
            if own is None:
                if slot == "config_hook":
                    call._configs = None
                elif slot == "init_hook":
                    call.command = None
                return
            now = {key: call._configs if key == "configs" else getattr(call, key) for key in kwargs}
            value = own(**now)
            if returned is not None:
                setattr(call, returned, value)

        bridge.around(slot, call, proceed)
        return None if returned is None else getattr(call, returned)

    return fill
