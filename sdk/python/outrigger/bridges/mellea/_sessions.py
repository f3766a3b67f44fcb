"""Which Mellea session an event belongs to, and the Outrigger session with its plugins."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from mellea.core import ModelOutputThunk
from mellea.stdlib import session as mellea_session

from outrigger.host import Host, HostError, Session

_inside: ContextVar[Scope | None] = ContextVar("outrigger_mellea_session", default=None)


class Scope:
    """One Mellea session. Its Outrigger session is opened when it is first needed."""

    def __init__(self, host: Host, id: str, plugins: tuple[str, ...] = ()) -> None:
        self.id = id
        self.plugins = plugins
        self._host = host
        self._session: Session | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def bind(self, plugins: tuple[str, ...]) -> None:
        """Gives it plugins of its own, also when it has begun. Raises HostError for plugins nobody knows."""
        with self._lock:
            before, self._session = self._session, None
            self.plugins += plugins
        if before is not None:
            before.close()
        self.open()

    def open(self) -> Session | None:
        """None when it has ended."""
        with self._lock:
            if self._session is None and not self._is_closed:
                self._session = self._host.session(self.id, plugins=self.plugins)
            return self._session

    def hears(self, hook: str) -> bool:
        session = self._session
        return session is not None and session.has(hook)

    def close(self) -> None:
        with self._lock:
            session, self._session, self._is_closed = self._session, None, True
        if session is not None:
            try:
                session.close()
            except HostError:
                pass  # gone with the host


def not_a_session(plugins: tuple[str, ...]) -> ValueError:
    names = ", ".join(plugins)
    return ValueError(f'Cannot use plugins "{names}": they belong to a session; name them in start_session(plugins=[…])')


class Sessions:
    """The sessions that are open, by id. Thread-safe."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._scopes: dict[str, Scope] = {}
        self._own: tuple[Scope, ...] = ()
        self._late: dict[str, Scope] = {}
        self._dead: deque[str] = deque()
        self._lock = threading.Lock()

    def begin(self, session: Any, plugins: tuple[str, ...] = ()) -> Scope:
        """The scope of a Mellea session; it ends with `end()`, or when nobody has the session any more."""
        while self._dead:
            self.end(self._dead.popleft())
        with self._lock:
            known = self._scopes.get(session.id)
            if known is not None:
                return known
            scope = self._scopes[session.id] = Scope(self._host, session.id, plugins)
        # The collector may run it in any thread at any moment: it only leaves a note.
        weakref.finalize(session, self._dead.append, session.id)
        if plugins:
            self._opened(scope)
        return scope

    def find(self, id: str) -> Scope | None:
        return self._scopes.get(id)

    def bind(self, id: str, plugins: tuple[str, ...]) -> None:
        """Raises ValueError for a scope that is no session."""
        scope = self._scopes.get(id)
        if scope is None:
            raise not_a_session(plugins)
        scope.bind(plugins)
        self._opened(scope)

    def _opened(self, scope: Scope) -> None:
        scope.open()
        with self._lock:
            self._own = (*(one for one in self._own if one is not scope), scope)

    def end(self, id: str) -> None:
        with self._lock:
            scope = self._scopes.pop(id, None)
            self._own = tuple(one for one in self._own if one is not scope)
        if scope is not None:
            scope.close()

    def close(self) -> None:
        for id in list(self._scopes):
            self.end(id)

    def some_hear(self, hook: str) -> bool:
        """Some session with plugins of its own listens."""
        return bool(self._own) and any(scope.hears(hook) for scope in self._own)

    def some_have_plugins(self) -> bool:
        """Some session has plugins of its own."""
        return bool(self._own)

    @contextmanager
    def inside(self, session: Any) -> Iterator[None]:
        """What happens in here happens in this session."""
        token = _inside.set(self.begin(session))
        try:
            yield
        finally:
            _inside.reset(token)

    def keep(self, session: Any, result: Any) -> None:
        """Outputs that are not known yet stay with the session that asked for them, whoever awaits them."""
        for thunk in result if isinstance(result, tuple) else (result,):
            id = thunk._call.generation_id if isinstance(thunk, ModelOutputThunk) and not thunk.is_computed() else None
            scope = self._scopes.get(session.id)
            if id is not None and scope is not None:
                self._late[id] = scope
                weakref.finalize(thunk, self._late.pop, id, None)

    def of(self, payload: Any) -> Scope | None:
        """None outside of any session."""
        late = self._late.get(getattr(payload, "generation_id", None) or "")
        if late is not None:
            return late
        if payload.session_id is not None:
            return self._scopes.get(payload.session_id)
        scope = _inside.get()
        if scope is not None:
            return scope
        current = mellea_session._context_session.get()
        return None if current is None else self.begin(current)
