"""The bridge in its place: Mellea's plugin manager asks a host too."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from cpex.framework.manager import PluginManager
from mellea.plugins import manager
from mellea.stdlib.session import MelleaSession

from outrigger.host import Host

from ._bridge import Bridge
from ._payloads import FIELDS

_plugins: Any = manager
"""Its names that are not for others: where Mellea keeps the one manager it asks."""
_installed: Bridge | None = None


class Manager(PluginManager):  # type: ignore[misc]
    """Mellea's manager: its own plugins first, then the host's, who see what they changed."""

    def has_hooks_for(self, hook_type: str) -> bool:
        return (_installed is not None and _installed.hears(hook_type)) or super().has_hooks_for(hook_type)

    async def invoke_hook(self, hook_type: str, payload: Any, *args: Any, **options: Any) -> Any:
        result, contexts = await super().invoke_hook(hook_type, payload, *args, **options)
        bridge = _installed
        if bridge is None or not result.continue_processing or hook_type not in FIELDS:
            return result, contexts
        ours = await bridge.fire(hook_type, result.modified_payload or payload)
        if ours is None:
            return result, contexts
        changes = {"continue_processing": ours.continue_processing, "violation": ours.violation}
        if ours.modified_payload is not None:
            changes["modified_payload"] = ours.modified_payload
        return result.model_copy(update=changes), contexts


def install(host: Host, owns_host: bool = False) -> Bridge:
    """Fires Mellea's events at `host` from here on. Raises RuntimeError when another bridge is installed."""
    global _installed
    if _installed is not None:
        raise RuntimeError("Cannot install the bridge to Mellea: one is installed; uninstall() it first")
    _take_place()
    _installed = Bridge(host, owns_host, _uninstalled)
    return _installed


def _uninstalled(bridge: Bridge) -> None:
    global _installed
    if _installed is bridge:
        _installed = None


def _take_place() -> None:
    """Once per process; without a bridge installed all of it does what it did."""
    if _plugins.PluginManager is Manager:
        _plugins.ensure_plugin_manager()
        return
    _plugins.PluginManager = Manager
    _plugins.ensure_plugin_manager().__class__ = Manager
    for name, method in list(vars(MelleaSession).items()):
        if inspect.isfunction(method) and not name.startswith("_"):
            setattr(MelleaSession, name, _wrapped(method))
    _after(MelleaSession, "__init__", lambda bridge, session, _: bridge.began(session))
    _after(MelleaSession, "__copy__", lambda bridge, session, copy: bridge.copied(session, copy))
    _after(MelleaSession, "cleanup", lambda bridge, session, _: bridge.ended(session))


def _wrapped(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: Any, *args: Any, **options: Any) -> Any:
        return method(self, *args, **options) if _installed is None else _installed.in_session(method, self, args, options)

    @functools.wraps(method)
    async def call_async(self: Any, *args: Any, **options: Any) -> Any:
        if _installed is None:
            return await method(self, *args, **options)
        return await _installed.in_session_async(method, self, args, options)

    return call_async if inspect.iscoroutinefunction(method) else call


def _after(owner: type, name: str, then: Callable[[Bridge, Any, Any], None]) -> None:
    method = getattr(owner, name)

    @functools.wraps(method)
    def call(self: Any, *args: Any, **options: Any) -> Any:
        result = None
        try:
            result = method(self, *args, **options)
        finally:
            if _installed is not None and (result is not None or name != "__copy__"):
                then(_installed, self, result)
        return result

    setattr(owner, name, call)
