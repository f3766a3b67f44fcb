"""Waiting for an answer, in a thread."""

from __future__ import annotations

import time
from threading import Lock

from ._errors import HostError, HostTimeout, is_moot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ._connection import Connection


def ask(connection: Connection, method: str, params: object, timeout: float | None = None) -> Any:
    """Sends a request and waits. Whatever ends the waiting, Ctrl-C too, cancels the request."""
    link, seconds = connection.link, connection.timeout if timeout is None else timeout
    gate = Lock()
    gate.acquire()
    until = None if seconds is None else time.monotonic() + seconds
    reply = link.request(method, params, gate.release)
    try:
        is_there = gate.acquire(timeout=-1 if until is None else max(0.0, until - time.monotonic()))
    except BaseException:
        link.give_up(reply)
        raise
    if not is_there and link.give_up(reply):
        raise HostTimeout(f'Cannot wait for "{method}" any longer: the host did not answer within {seconds} s')
    if not is_there:
        gate.acquire()  # settled this instant
    return reply.result()


def ask_if_there(connection: Connection, method: str, params: object) -> None:
    """Tells the host that something has ended, which it knows if it is gone."""
    try:
        ask(connection, method, params)
    except HostError as error:
        if not is_moot(error):
            raise
