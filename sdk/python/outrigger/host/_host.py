"""The host as a synchronous application has it."""

from __future__ import annotations

import os

from ._ask import ask, ask_if_there
from ._connection import Connection, checked_payload, emit_params, operation_params, session_params
from ._errors import HostError
from ._outcome import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeVar

    from ._connection import Json, OnFailure, Payload
    from ._errors import HostGone
    from ._reply import Transport

    H = TypeVar("H", bound="Host")


class _Scope:
    def __init__(self, connection: Connection, session: str | None) -> None:
        self._connection = connection
        self._session = session

    def has(self, hook: str) -> bool:
        """False: nobody listens, building a payload is wasted work. Asks nobody."""
        return self._connection.has(self._session, hook)

    def emit(
        self,
        hook: str,
        payload: Payload | None = None,
        *,
        operation: str | None = None,
        session: str | None = None,
        timeout: float | None = None,
        trace: bool = False,
        traceparent: str | None = None,
        on_host_failure: OnFailure | None = None,
    ) -> Outcome:
        """Fires an event and waits for its outcome. When nobody listens, nothing is sent and a callable payload is not called.

        `operation`: events with the same id belong together. `session`: id of an open session. `timeout`: in seconds.
        `trace`: the outcome carries the record of the event. `traceparent`: W3C trace context for the plugins.
        `on_host_failure`: `raise`, or `open` (go on) or `closed` (blocked) when the host is down; default: the host's.
        Raises HostError for what the host refuses, such as HOOK_UNKNOWN or PAYLOAD_INVALID.
        """
        connection, session = self._connection, session or self._session
        if not connection.has(session, hook):
            return Outcome(hook, None if callable(payload) else payload)
        sent = payload() if callable(payload) else {} if payload is None else payload
        how = {"operation": operation, "trace": trace, "traceparent": traceparent}
        params = emit_params(hook, checked_payload(hook, sent), session, how)
        try:
            return connection.outcome(hook, sent, ask(connection, "emit", params, timeout))
        except HostError as error:
            return connection.after_failure(hook, sent, error, on_host_failure)

    def operation(self, id: str | None = None) -> Operation:
        """Events that belong together, such as before and after a command: plugins keep state between them."""
        return Operation(self._connection, self._session, id or os.urandom(8).hex())


class Operation:
    """Events that belong together. A context manager: leaving it ends it."""

    def __init__(self, connection: Connection, session: str | None, id: str) -> None:
        self.id = id
        self._connection = connection
        self._scope = _Scope(connection, session)
        self._session = session
        self._is_used = False

    def has(self, hook: str) -> bool:
        return self._scope.has(hook)

    def emit(self, hook: str, payload: Payload | None = None, **how: Any) -> Outcome:
        """As `Host.emit()`."""
        self._is_used = self._is_used or self.has(hook)
        return self._scope.emit(hook, payload, operation=self.id, **how)

    def end(self) -> None:
        """Forgets the state that plugins kept. Never fails because the host is gone."""
        if not self._is_used:
            return
        self._is_used = False
        ask_if_there(self._connection, "operation/end", operation_params(self.id, self._session))

    def __enter__(self) -> Operation:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


class Session(_Scope):
    """A scope with plugins of its own on top of the host's. A context manager: leaving it closes it."""

    def __init__(self, connection: Connection, id: str) -> None:
        super().__init__(connection, id)
        self.id = id

    def close(self) -> None:
        """Idempotent. Never fails because the host is gone."""
        if self._connection.heard.pop(self.id, None) is not None:
            ask_if_there(self._connection, "session/close", {"session": self.id})
            self._connection.heard.pop(self.id, None)  # news may have come meanwhile

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Host(_Scope):
    """Where an application fires its events. Safe to use from any thread. A context manager: leaving it closes it."""

    def __init__(self, link: Transport, on_host_failure: OnFailure = "raise", timeout: float | None = None) -> None:
        """Use `Host.embedded()` or `Host.connect()`."""
        super().__init__(Connection(link, on_host_failure, timeout), None)

    @classmethod
    def embedded(
        cls: type[H],
        config: str | os.PathLike[str] | None = None,
        *,
        catalogs: Sequence[Json | str] = (),
        cwd: str | os.PathLike[str] | None = None,
        env: Mapping[str, str] | None = None,
        command: str | Sequence[str] | None = None,
        options: Sequence[str] = (),
        name: str | None = None,
        version: str | None = None,
        only_if_configured: bool = False,
        start_timeout: float = 30.0,
        timeout: float | None = None,
        on_host_failure: OnFailure = "raise",
    ) -> H:
        """Starts a host as a child process; it ends with this one, at the latest.

        `config`: a config file; default: found upward from `cwd`. `catalogs`: hook points that it fires:
        catalogs that ship with Outrigger by name, such as `mellea`, others as objects. `env`: in
        place of this process's. `command`: the `outrigger` program; default: OUTRIGGER_BIN, then the PATH.
        `options`: more for its command line, such as `--no-plugins`. `name`, `version`: of the application.
        `only_if_configured`: where there is no config file, and inside a plugin, nobody listens and no process is started.
        `timeout`: of an event that brings none, in seconds; default: the host's own clocks. `on_host_failure`: what happens to
        events when the host is down, and when it cannot be started: `raise`, `open` (they go on) or `closed` (they are blocked).
        """
        from ._open import embed

        how: Json = {"config": config, "catalogs": catalogs, "cwd": cwd, "env": env, "command": command, "options": options}
        how |= {"name": name, "version": version, "only_if_configured": only_if_configured, "start_timeout": start_timeout}
        return embed(cls, how, on_host_failure, timeout)

    @classmethod
    def connect(
        cls: type[H],
        path: str | os.PathLike[str] | None = None,
        *,
        name: str | None = None,
        version: str | None = None,
        token: str | None = None,
        start_timeout: float = 30.0,
        timeout: float | None = None,
        on_host_failure: OnFailure = "raise",
    ) -> H:
        """Joins the host that listens on a Unix socket; default: OUTRIGGER_SOCKET, then the daemon of the configuration that
        `embedded()` would find. The rest as for `embedded()`."""
        from ._open import connect

        how = {"path": path, "name": name, "version": version, "token": token, "start_timeout": start_timeout}
        return connect(cls, how, on_host_failure, timeout)

    @property
    def on_host_failure(self) -> OnFailure:
        return self._connection.on_host_failure

    @property
    def problems(self) -> list[str]:
        """What is wrong in the configuration, one line each; the host serves in spite of it."""
        return self._connection.problems

    @property
    def version(self) -> str:
        """Version of the host; empty when there is none."""
        return self._connection.version

    @property
    def gone(self) -> HostGone | None:
        """Why there is no host any more; it does not come back, open another."""
        return self._connection.link.gone

    def session(self, id: str | None = None, plugins: Sequence[str] = ()) -> Session:
        """Opens a scope of its own. `plugins`: names, or sets as `@name`, that only this session uses."""
        connection = self._connection
        try:
            return Session(connection, connection.opened(ask(connection, "session/open", session_params(id, plugins))))
        except HostError as error:
            made = id or os.urandom(8).hex()
            connection.not_opened(made, error)
            return Session(connection, made)

    def hooks(self) -> list[Json]:
        """The hook points there are: `name`, `description`, `subscribers`."""
        return list(ask(self._connection, "hooks/list", {})["hooks"])

    def trace(self, event: str) -> Json | None:
        """The record of an event, as long as the host remembers it."""
        found: Json | None = ask(self._connection, "trace/get", {"event": event}).get("trace")
        return found

    def ping(self, timeout: float | None = None) -> None:
        """Raises HostGone or HostTimeout unless the host answers."""
        ask(self._connection, "ping", {}, timeout)

    def close(self, timeout: float = 10.0) -> None:
        """Ends the connection; what is in flight fails. An embedded host and its plugins have ended when it returns: what of them
        has not within `timeout` seconds is killed. Idempotent."""
        self._connection.link.close(timeout)

    def __enter__(self: H) -> H:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
