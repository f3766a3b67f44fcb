"""Finds the handlers of a plugin: marked with `@hook`, or named `on_<hook>`."""

from __future__ import annotations

import re
import sys
from types import FunctionType, ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, TypeVar

    F = TypeVar("F", bound=Callable[..., object])

_HOOK = re.compile(r"[a-z][a-z0-9_-]*\.[A-Za-z_][A-Za-z0-9_]*")
_MARK = "__outrigger_hooks__"
_COROUTINE = 0x80  # inspect.CO_COROUTINE; importing inspect costs more than all of this package
_VARARGS = 0x04
LIFECYCLE = ("setup", "shutdown", "config_changed", "net_denied")


def hook(*names: str) -> Callable[[F], F]:
    """Mark a function or method, sync or async, as the handler of one or several hook points.

    It is called with the payload and, when it takes a second argument, the context.

        @hook("conda.pre_command")
        def guard(payload, ctx):
            return block("no-rm", "rm is not allowed here") if payload["command"] == "rm" else None
    """
    if not names:
        raise TypeError('Cannot mark a handler: @hook() needs the name of a hook point, such as "conda.pre_command"')
    for name in names:
        if not isinstance(name, str) or not _HOOK.fullmatch(name):
            raise TypeError(f'Cannot mark a handler of {name!r}: a hook point is named "catalog.hook"')

    def mark(function: F) -> F:
        setattr(function, _MARK, (*getattr(function, _MARK, ()), *names))
        return function

    return mark


class Handler:
    """A function of the plugin, and how it wants to be called."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function = function
        self.name = name
        taken = 0
        while hasattr(function, "func"):  # functools.partial
            taken += len(function.args)  # type: ignore[attr-defined]
            function = function.func
        if not hasattr(function, "__code__") and not hasattr(function, "__func__"):
            function = getattr(function, "__call__", function)  # noqa: B004
        if hasattr(function, "__func__"):
            taken, function = taken + 1, function.__func__
        code = getattr(function, "__code__", None)
        flags = code.co_flags if code else 0
        self.is_async = bool(flags & _COROUTINE)
        self.awaits = self.is_async or _is_wrapped_async(function)
        """It wants a context to await: async itself, or a decorator around an async function."""
        self.arguments = code.co_argcount - taken if code and not flags & _VARARGS else 2

    def __call__(self, *values: object) -> Any:
        return self.function(*values[: self.arguments])


def _is_wrapped_async(function: object) -> bool:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
        if getattr(getattr(function, "__code__", None), "co_flags", 0) & _COROUTINE:
            return True
    return False


class Handlers:
    """All handlers of one plugin."""

    def __init__(self, *targets: object) -> None:
        self._by_hook: dict[str, Handler] = {}
        self._by_name: dict[str, Handler] = {}
        self._lifecycle: dict[str, Handler] = {}
        for target in targets:
            for name, function, hooks in _functions(target):
                self._add(name, Handler(function, name), hooks)

    def find(self, hook_name: str) -> Handler | None:
        """The handler of a hook point: marked for it, named after all of it, or named after its last part."""
        catalog, _, short = hook_name.partition(".")
        return (
            self._by_hook.get(hook_name)
            or self._by_name.get(f"on_{catalog.replace('-', '_')}_{short}")
            or self._by_name.get(f"on_{short}")
        )

    def lifecycle(self, name: str) -> Handler | None:
        return self._lifecycle.get(name)

    def names(self) -> list[str]:
        """What there is to be found, for people."""
        return [*self._by_hook, *self._by_name]

    def _add(self, name: str, handler: Handler, hooks: tuple[str, ...]) -> None:
        for hook_name in hooks:
            _set(self._by_hook, hook_name, handler)
        if name in LIFECYCLE and not hooks:
            _set(self._lifecycle, name, handler)
        elif name.startswith("on_") and not hooks:
            _set(self._by_name, name, handler)


def _set(table: dict[str, Handler], key: str, handler: Handler) -> None:
    known = table.get(key)
    if known is not None and known.function != handler.function:
        raise ValueError(f'Cannot serve the plugin: "{key}" has two handlers, {known.name} and {handler.name}')
    table[key] = handler


def _functions(target: object) -> Iterator[tuple[str, Callable[..., Any], tuple[str, ...]]]:
    """Name, function and marked hook points of all that may be a handler in a module, class, object or function."""
    if isinstance(target, ModuleType):
        for name, value in list(vars(target).items()):
            marks = getattr(value, _MARK, ()) if callable(value) and not isinstance(value, type) else ()
            is_own = isinstance(value, FunctionType) and value.__module__ == target.__name__
            if marks or is_own:
                yield name, value, marks
    elif hasattr(target, _MARK) and callable(target):
        yield getattr(target, "__name__", repr(target)), target, getattr(target, _MARK)
    else:
        instance = target() if isinstance(target, type) else target
        for name, marks in _methods(type(instance)).items():
            yield name, getattr(instance, name), marks


def _methods(cls: type) -> dict[str, tuple[str, ...]]:
    """Methods and their marks; an override without a mark keeps the mark of what it overrides."""
    found: dict[str, tuple[str, ...]] = {}
    for base in reversed(cls.__mro__[:-1]):
        for name, member in vars(base).items():
            function = getattr(member, "__func__", member)
            if callable(function) and not isinstance(function, type):
                found[name] = getattr(function, _MARK, found.get(name, ()))
    return {name: marks for name, marks in found.items() if marks or name.startswith("on_") or name in LIFECYCLE}


def collect(targets: tuple[object, ...]) -> Handlers:
    """The handlers of these, or of the main module."""
    handlers = Handlers(*(targets or (sys.modules["__main__"],)))
    if not handlers.names():
        raise ValueError('Cannot serve the plugin: it has no handler; mark one with @hook("catalog.hook")')
    return handlers
