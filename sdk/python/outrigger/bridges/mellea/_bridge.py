"""Mellea's events at a host."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, Literal

from cpex.framework.base import Plugin
from cpex.framework.models import PluginConfig, PluginResult, PluginViolation
from mellea.plugins import manager as plugins

from outrigger.host import AsyncHost, AsyncSession, Host, HostError, Outcome

from . import _payloads, _rules
from ._change import NotApplicable
from ._changes import updates
from ._data import Json
from ._loops import Loops
from ._sessions import Scope, Sessions, not_a_session

_NOTED_S = 0.1
_NAMES = {hook: f"mellea.{hook}" for hook in _payloads.FIELDS}


class Marker(Plugin):  # type: ignore[misc]
    """Stands in a `plugins=[…]` list for plugins that run elsewhere. It hears nothing itself."""

    def __init__(self, names: tuple[str, ...]) -> None:
        name = f"outrigger:{','.join(names)}:{uuid.uuid4()}"
        super().__init__(PluginConfig(name=name, kind="outrigger", hooks=[]))
        self.names = names


class Bridge:
    """Mellea's events at a host. `uninstall()` ends it."""

    def __init__(self, host: Host, owns_host: bool, on_uninstall: Callable[[Bridge], None]) -> None:
        self.host = host
        self._owns_host = owns_host
        self._on_uninstall = on_uninstall
        self._async = AsyncHost(host)
        self._sessions = Sessions(host)
        self._markers: dict[str, tuple[str, ...]] = {}
        self._binding = threading.Lock()
        self._said: set[str] = set()
        self._loops = Loops()

    def plugins(self, *names: str) -> Any:
        """For `start_session(plugins=[…])`: plugins of the host's configuration that only this session has."""
        marker = Marker(names)
        self._markers[marker.name] = names
        return marker

    def uninstall(self) -> None:
        """Mellea runs without us from here on; its sessions here are closed. Idempotent."""
        self._on_uninstall(self)
        self._sessions.close()
        if self._owns_host:
            self.host.close()

    def __enter__(self) -> Bridge:
        return self

    def __exit__(self, *_: object) -> None:
        self.uninstall()

    def hears(self, hook: str) -> bool:
        """Somebody may listen; cheap, for it is asked at every event."""
        name = _NAMES.get(hook)
        if name is None:
            return False
        if self._markers:
            self._bind()
        return self._is_due(hook) or self.host.has(name) or self._sessions.some_hear(name)

    def _is_due(self, hook: str) -> bool:
        """Nobody need listen to these: they tell where a sampling loop begins and ends."""
        if hook == "sampling_loop_start":
            return any(map(self.host.has, _NAMES.values())) or self._sessions.some_have_plugins()
        return hook == "sampling_loop_end" and self._loops.are_open()

    def _bind(self) -> None:
        """Gives sessions the plugins whose markers were registered for them. Raises for what cannot be, before any event goes on."""
        with self._binding:
            for id, registered in list(plugins._session_tags.items()):
                markers = registered & self._markers.keys()
                if markers:
                    self._bind_to(id, markers)
            for marker in list(self._markers):
                self._refuse_global(marker)

    def _bind_to(self, id: str, markers: set[str]) -> None:
        try:
            self._sessions.bind(id, tuple(name for marker in markers for name in self._markers[marker]))
        except HostError:
            self._forget(markers)
            raise
        self._forget(markers)

    def _forget(self, markers: set[str]) -> None:
        for marker in markers:
            self._markers.pop(marker, None)

    def _refuse_global(self, marker: str) -> None:
        """Mellea registers first and notes the session then: between the two, another thread waits a moment."""
        manager = plugins.get_plugin_manager()
        deadline = time.monotonic() + _NOTED_S
        while manager is not None and marker in self._markers and manager.get_plugin(marker) is not None:
            if any(marker in registered for registered in list(plugins._session_tags.values())):
                return
            if time.monotonic() > deadline:
                raise not_a_session(self._markers[marker])
            time.sleep(0.001)

    async def fire(self, hook: str, payload: Any) -> PluginResult | None:
        """None when nothing changes."""
        return self._loops.after(hook, payload, await self._fired(hook, payload))

    async def _fired(self, hook: str, payload: Any) -> PluginResult | None:
        scope = None if hook == "session_pre_init" else self._sessions.of(payload)
        try:
            return await self._fire(hook, payload, scope)
        except HostError as error:
            return self._failed(hook, error)
        except NotApplicable as error:
            return _blocked("CHANGE_NOT_APPLICABLE", str(error))

    async def _fire(self, hook: str, payload: Any, scope: Scope | None) -> PluginResult | None:
        name = _NAMES[hook]
        session = None if scope is None or not (scope.plugins or self.host.has(name)) else scope.open()
        if not (self.host if session is None else session).has(name):
            return None
        session_id = payload.session_id if scope is None else scope.id
        sent = _read(hook, payload, session_id)
        operation = _rules.operation_of(hook, payload, session_id)
        policy: Literal["open", "closed"] = "open" if hook in _rules.OPEN else "closed"
        face = self._async if session is None else AsyncSession(self.host._connection, session.id)
        if operation is None or hook not in _rules.LAST:
            outcome = await face.emit(name, sent, operation=operation, on_host_failure=policy)
        else:
            async with face.operation(operation) as last:
                outcome = await last.emit(name, sent, on_host_failure=policy)
        return _result(hook, payload, sent, outcome)

    def _failed(self, hook: str, error: HostError) -> PluginResult | None:
        """What the host could not take, under the hook point's policy."""
        if hook not in _rules.OPEN:
            return _blocked(error.code, error.message)
        if error.code not in self._said:
            self._said.add(error.code)
            print(f"outrigger: {error.message}; going on without plugins", file=sys.stderr)
        return None

    def in_session(self, method: Callable[..., Any], session: Any, args: Any, options: Any) -> Any:
        with self._sessions.inside(session):
            result = method(session, *args, **options)
        self._sessions.keep(session, result)
        return result

    async def in_session_async(self, method: Callable[..., Any], session: Any, args: Any, options: Any) -> Any:
        with self._sessions.inside(session):
            result = await method(session, *args, **options)
        self._sessions.keep(session, result)
        return result

    def began(self, session: Any) -> None:
        self._sessions.begin(session)

    def copied(self, session: Any, copy: Any) -> None:
        """A clone has the plugins of the session it is of: it must not be a way around them."""
        scope = self._sessions.find(session.id)
        self._sessions.begin(copy, () if scope is None else scope.plugins)

    def ended(self, session: Any) -> None:
        self._sessions.end(session.id)


def _read(hook: str, payload: Any, session_id: str | None) -> Json:
    try:
        return _payloads.read(hook, payload, session_id)
    except Exception as error:  # A component or format of the program's, which may do anything when it is looked at.
        raise HostError("PAYLOAD_INVALID", 0, f'Cannot emit "{_NAMES[hook]}": its payload cannot be read: {error!r}') from error


def _changed(hook: str, payload: Any, sent: Json, outcome: Outcome) -> dict[str, Any]:
    try:
        return updates(hook, payload, sent, dict(outcome.payload or sent))
    except NotApplicable:
        raise
    except Exception as error:  # As above, when it is changed.
        raise NotApplicable(hook, "payload", repr(error)) from error


def _result(hook: str, payload: Any, sent: Json, outcome: Outcome) -> PluginResult | None:
    if outcome.blocked:
        violation = outcome.violation or {}
        return _blocked(
            violation.get("code", "BLOCKED"),
            violation.get("reason", "blocked"),
            outcome.by,
            violation.get("description"),
            violation.get("details"),
        )
    if not outcome.modified:
        return None
    changed = _changed(hook, payload, sent, outcome)
    return PluginResult(continue_processing=True, modified_payload=payload.model_copy(update=changed)) if changed else None


def _blocked(code: str, reason: str, by: str | None = None, description: str | None = None, details: Any = None) -> PluginResult:
    violation = PluginViolation(reason=reason, description=description or reason, code=code, details=details or {})
    violation.plugin_name = by or "(host)"
    return PluginResult(continue_processing=False, violation=violation)
