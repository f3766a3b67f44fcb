"""A connection to a host: requests out, answers in, its end noticed at once.

No lock is held while another thread is waited for, and none at all in `request()`: it may be called from any thread, from a signal
handler and from a finaliser. Whoever takes a request out of `_open` settles it, so each settles exactly once.
"""

from __future__ import annotations

import atexit
import itertools
import os
import socket
import threading
from collections import deque
from queue import SimpleQueue
from weakref import WeakSet

from .._framing import MessageReader
from .._json import dump, load
from ._connection import CLOSE_S
from ._errors import HostError, HostGone, error_of
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


MAX_REQUEST_BYTES = 10 * 1024 * 1024
"""The host reads no larger message."""
MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_IN_FLIGHT = 1000
"""The host takes 1024; what is more waits here."""
_CHUNK = 262_144
# A host that died must not end the application by SIGPIPE, whatever the application does with that signal.
_NO_SIGNAL = getattr(socket, "MSG_NOSIGNAL", 0)
_links: WeakSet[Link] = WeakSet()


class Link:
    def __init__(self, stream: socket.socket) -> None:
        self.stray = ""
        """Begin of the first line that was no message."""
        self.notified: Callable[[str, Any], object] = lambda method, params: None
        """Hears what the host says unasked."""
        self._stream = stream
        self._why: str | None = None
        self._ids = itertools.count(1)
        self._open: dict[int, Reply] = {}
        self._waiting: deque[Reply] = deque()
        self._sent: set[int] = set()  # the cancelled ones too, until the host has answered
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        self._is_lost = False
        self._flushed = threading.Event()
        self._reader = threading.Thread(target=self._read, name="outrigger-reader", daemon=True)
        self._writer = threading.Thread(target=self._write, name="outrigger-writer", daemon=True)
        self._threads = [self._reader, self._writer]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()
        _links.add(self)

    @property
    def gone(self) -> HostGone | None:
        return None if self._why is None else HostGone(self._why)

    def request(self, method: str, params: object, done: Callable[[], object]) -> Reply:
        """Raises HostError for what cannot be sent, HostGone when there is nobody to send it to."""
        if self._why is not None:
            raise HostGone(self._why)
        reply = Reply(next(self._ids), done)
        reply.data = _encode(method, {"jsonrpc": "2.0", "id": reply.id, "method": method, "params": params})
        self._open[reply.id] = reply
        self._waiting.append(reply)
        self._pump()
        # After the entry: whoever ends the link either finds it there, or is seen here.
        if self._why is not None and self._open.pop(reply.id, None) is not None:
            raise HostGone(self._why)
        return reply

    def notify(self, method: str, params: object) -> None:
        self._outbox.put(_encode(method, {"jsonrpc": "2.0", "method": method, "params": params}))

    def give_up(self, reply: Reply) -> bool:
        """Cancels a request; false when its answer is there already, or about to be."""
        if self._open.pop(reply.id, None) is None:
            return False
        if reply.id in self._sent:
            self.notify("$/cancelRequest", {"id": reply.id})
        else:
            try:
                self._waiting.remove(reply)
            except (ValueError, IndexError):
                pass  # it is being taken out, and not sent any more
        return True

    def end(self, why: str) -> None:
        """Fails what is open and all that comes. The first reason stays."""
        if self._why is None:
            self._why = why
        for id in list(self._open):
            reply = self._open.pop(id, None)
            if reply is not None:
                reply.error = HostGone(self._why)
                reply.done()

    def abandon(self) -> None:
        """Tells the host to end and waits for nothing."""
        if self._is_lost:
            return
        if self._why is None:
            self.notify("exit", {})
        self._outbox.put(None)
        self.end("Cannot ask the host: it was closed")

    def close(self, timeout: float) -> None:
        """Ends the connection, when what was to be sent has left. Idempotent."""
        self.abandon()
        if not self._is_lost:
            self._flushed.wait(timeout)
            self._shut()
            self._writer.join(timeout)

    def lost_by_fork(self) -> None:
        """In a forked child: the connection is the parent's. A shutdown would end it there too, so it is only let go of."""
        self._is_lost = True
        self._open.clear()
        self._why = "Cannot ask the host: it belongs to the process that this one was forked from; open another here"
        self._stream.close()

    def _pump(self) -> None:
        while self._waiting and len(self._sent) < MAX_IN_FLIGHT:
            try:
                reply = self._waiting.popleft()
            except IndexError:  # another thread took it
                return
            # In this order: whoever gives it up meanwhile either finds it sent, or is seen here.
            self._sent.add(reply.id)
            if reply.id in self._open:
                self._outbox.put(reply.data)
            else:
                self._sent.discard(reply.id)
            reply.data = b""

    def _write(self) -> None:
        outbox, is_last = self._outbox, False
        try:
            while not is_last:
                messages = [outbox.get()]
                while not outbox.empty():
                    messages.append(outbox.get())
                is_last = None in messages
                data = b"\n".join([message for message in messages if message is not None] + [b""])
                _send_all(self._stream, data)
            self._stream.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the reader sees the end
        self._flushed.set()
        self._reader.join()
        self._stream.close()

    def _read(self) -> None:
        reader = MessageReader(self._receive, self._skipped)
        reader.framing, reader.max_bytes = "lines", MAX_ANSWER_BYTES
        why = "Cannot go on with the host: it closed the connection"
        try:
            while chunk := self._stream.recv(_CHUNK):
                reader.push(chunk)
        except OSError as error:
            why = f"Cannot go on with the host: {error}"
        finally:
            self._ended(why)
            self._outbox.put(None)

    def _ended(self, why: str) -> None:
        self.end(why)

    def _shut(self) -> None:
        try:
            self._stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it is

    def _skipped(self, code: str, number: int, why: str) -> None:
        # It was the answer to something, and nobody knows to what.
        self.end(f"Cannot go on with the host: {why}")
        self._shut()

    def _receive(self, data: bytes) -> None:
        try:
            message = load(data)
        except (ValueError, RecursionError):
            message = None
        if not isinstance(message, dict):
            self.stray = self.stray or data[:200].decode(errors="replace")
            return
        id, method = message.get("id"), message.get("method")
        if isinstance(method, str):
            if "id" not in message:
                self.notified(method, message.get("params"))
        elif isinstance(id, int):
            self._settle(id, message)

    def _settle(self, id: int, message: dict[str, Any]) -> None:
        self._sent.discard(id)
        reply = self._open.pop(id, None)
        if reply is not None:
            error = message.get("error")
            if isinstance(error, dict):
                reply.error = error_of(error)
            reply.value = message.get("result")
            reply.done()
        self._pump()


def _encode(method: str, message: object) -> bytes:
    try:
        data = dump(message)
    except (ValueError, TypeError, RecursionError) as error:
        raise HostError("PAYLOAD_INVALID", 0, f'Cannot send "{method}": it is no JSON: {error}') from error
    if len(data) > MAX_REQUEST_BYTES:
        why = f'Cannot send "{method}": it has {len(data)} bytes, the limit is {MAX_REQUEST_BYTES}'
        raise HostError("MESSAGE_TOO_LARGE", 0, why)
    return data


def _send_all(stream: socket.socket, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[stream.send(rest, _NO_SIGNAL) :]


def _after_fork() -> None:
    for link in list(_links):
        link.lost_by_fork()


def _at_exit() -> None:
    for link in list(_links):
        link.abandon()
    for link in list(_links):
        link.close(CLOSE_S)


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)
