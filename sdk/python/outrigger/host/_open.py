"""How a connection to a host comes about. Loaded only by applications that open one."""

from __future__ import annotations

import os

from ._ask import ask
from ._connection import CLOSE_S, PROTOCOL, Connection, hello_params
from ._errors import HostError, HostGone, HostTimeout, is_down
from ._find import find_config, find_socket, stranger_at
from ._silent import AbsentLink, SilentLink

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    from ._connection import OnFailure
    from ._host import Host
    from ._link import Link
    from ._reply import Transport

    H = TypeVar("H", bound=Host)
    Make = Callable[[], Link]

# Not the application's mistake but the operator's, and no reason to fail an application that goes on without plugins.
_OPERATORS = {"CONFIG_INVALID", "PLUGIN_REQUIRED", "ORDER_CYCLE", "PROTOCOL_UNSUPPORTED", "PLUGIN_UNKNOWN", "PERMISSION_DENIED"}


def embed(kind: type[H], how: Mapping[str, Any], policy: OnFailure, timeout: float | None) -> H:
    env: Mapping[str, str] = os.environ if how["env"] is None else how["env"]
    cwd = None if how["cwd"] is None else os.fspath(how["cwd"])
    # A plugin whose programs fire events that reach it again would start hosts without end.
    is_idle = "OUTRIGGER_PLUGIN" in env or (how["config"] is None and find_config(cwd, env) is None)
    if how["only_if_configured"] and is_idle:
        host = kind(SilentLink(), policy, timeout)
        host._connection.welcome({})
        return host

    def make() -> Link:
        from ._process import find_command, start_process

        chosen = [] if how["config"] is None else ["--config", os.fspath(how["config"])]
        command = [*find_command(how["command"], env), "up", "--stdio", *chosen, *how["options"]]
        return start_process(command, cwd, how["env"])

    return _open(kind, make, {"token": None, **how}, policy, timeout)


def connect(kind: type[H], how: Mapping[str, Any], policy: OnFailure, timeout: float | None) -> H:
    def make() -> Link:
        if how["path"] is not None:
            return _join(os.fspath(how["path"]))
        return _join(find_socket(None, os.environ), is_found=not os.environ.get("OUTRIGGER_SOCKET"))

    return _open(kind, make, {"catalogs": (), **how}, policy, timeout)


def _join(path: str, is_found: bool = False) -> Link:
    """`is_found`: nobody named this path, so whose it is has to be looked at, and where it comes from said."""
    import socket

    from ._link import Link

    stranger = stranger_at(path) if is_found else None
    if stranger is not None:
        raise HostGone(f'Cannot connect to the host at "{path}": it belongs to another user (uid {stranger})', "HOST_NOT_FOUND")
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.connect(path)
    except OSError as error:
        stream.close()
        raise HostGone(f'Cannot connect to the host at "{path}": {error}{_way_out() if is_found else ""}', "HOST_NOT_FOUND") from error
    link = Link(stream)
    link.start()
    return link


def _way_out() -> str:
    config = find_config(None, os.environ)
    whose = "there is no configuration" if config is None else f'the daemon of "{config}" would listen there'
    return f'; OUTRIGGER_SOCKET is not set, and {whose}: start it with "outrigger start"'


def _open(kind: type[H], make: Make, how: Mapping[str, Any], policy: OnFailure, timeout: float | None) -> H:
    """A host, or, when that fails and the policy lets it, the stand-in for one."""
    link: Transport | None = None
    try:
        link = make()
        host = kind(link, policy, timeout)
        _greet(host._connection, how)
        return host
    except BaseException as error:
        if link is not None:
            link.close(0 if isinstance(error, HostGone) else CLOSE_S)
        if isinstance(error, HostError) and policy != "raise" and (is_down(error) or error.code in _OPERATORS):
            return _absent(kind, error, policy, timeout)
        raise


def _greet(connection: Connection, how: Mapping[str, Any]) -> None:
    params = hello_params(how["name"], how["version"], how["token"], how["catalogs"])
    try:
        hello = ask(connection, "hello", params, how["start_timeout"])
    except HostTimeout as error:
        raise HostGone(f"Cannot start the host: it was not ready within {how['start_timeout']} s", "HOST_TIMEOUT") from error
    except HostGone as error:
        raise HostGone(error.message.replace("Cannot go on with", "Cannot start", 1), error.code) from error
    if not isinstance(hello, dict) or hello.get("protocol") != PROTOCOL or not isinstance(hello.get("heard"), list):
        raise HostError("PROTOCOL_UNSUPPORTED", 0, f'Cannot speak with the host: it answered "hello" with {str(hello)[:200]!r}')
    connection.welcome(hello)


def _absent(kind: type[H], error: HostError, policy: OnFailure, timeout: float | None) -> H:
    gone = error if isinstance(error, HostGone) else HostGone(error.message, error.code)
    host = kind(AbsentLink(gone), policy, timeout)
    host._connection.not_started(gone)
    return host
