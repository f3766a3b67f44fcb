"""One end of a JSON-RPC 2.0 connection; knows messages, not streams. Safe to use from any thread."""

from __future__ import annotations

import itertools
import threading

from ._errors import ServiceError, WireError, describe
from ._json import dump, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    Id = str | int | float | None

    class Messages(Protocol):
        def request(self, method: str, params: object, id: Id) -> None: ...
        def notification(self, method: str, params: object) -> None: ...


DEFAULT_MAX_BYTES = 10 * 1024 * 1024


class Reply:
    """The answer to a request of ours: settled once, by the host or by giving up."""

    __slots__ = ("id", "done", "_value", "_error", "_lock", "_callback")

    def __init__(self, id: int) -> None:
        self.id = id
        self.done = threading.Event()
        self._value: Any = None
        self._error: BaseException | None = None
        self._lock = threading.Lock()
        self._callback: Callable[[], object] | None = None

    def settle(self, value: object = None, error: BaseException | None = None) -> None:
        with self._lock:
            if self.done.is_set():
                return
            self._value, self._error = value, error
            self.done.set()
            # Taken here: one that is given later runs where it is given.
            callback = self._callback
        if callback is not None:
            callback()

    def on_done(self, callback: Callable[[], object]) -> None:
        with self._lock:
            self._callback = callback
            if not self.done.is_set():
                return
        callback()

    def result(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._value


class Peer:
    def __init__(self, messages: Messages, send: Callable[[bytes], None], max_bytes: float = DEFAULT_MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._messages = messages
        self._send = send
        self._ids = itertools.count(1)
        self._pending: dict[Id, Reply] = {}

    def receive(self, data: bytes) -> None:
        try:
            message = load(data)
        except (ValueError, RecursionError) as error:
            self.refuse(None, WireError("PARSE_ERROR", -32700, f"Cannot read the message: {error}"))
            return
        if not isinstance(message, dict):
            self.refuse(None, WireError("REQUEST_INVALID", -32600, "Cannot read the message: batches are not supported"))
            return
        method, id = message.get("method"), message.get("id")
        if not _is_id(id):
            self.refuse(None, WireError("REQUEST_INVALID", -32600, "Cannot read the message: its id must be a number or a text"))
        elif not isinstance(method, str):
            self._settle(id, message)
        elif "id" in message:
            self._serve(id, method, message.get("params"))
        else:
            self._messages.notification(method, message.get("params"))

    def request(self, method: str, params: object) -> Reply:
        """Raises when the parameters are no JSON or too large; what the host says comes with the reply."""
        reply = Reply(next(self._ids))
        data = dump({"jsonrpc": "2.0", "id": reply.id, "method": method, "params": params})
        if len(data) > self.max_bytes:
            why = f'Cannot call "{method}": the message is larger than {self.max_bytes} bytes'
            raise ServiceError("MESSAGE_TOO_LARGE", -32007, why)
        self._pending[reply.id] = reply
        self._send(data)
        return reply

    def give_up(self, reply: Reply, error: BaseException, tell: bool = True) -> None:
        """Settles a request of ours without the host's answer, which is ignored when it comes."""
        if self._pending.pop(reply.id, None) is None:
            return
        if tell:
            self.notify("$/cancelRequest", {"id": reply.id})
        reply.settle(error=error)

    def give_up_all(self, error: BaseException) -> None:
        for reply in list(self._pending.values()):
            self.give_up(reply, error, tell=False)

    def notify(self, method: str, params: object) -> None:
        data = dump({"jsonrpc": "2.0", "method": method, "params": params})
        if len(data) <= self.max_bytes:  # a larger one would cost the plugin its life
            self._send(data)

    def answer(self, id: Id, result: object) -> None:
        try:
            data = dump({"jsonrpc": "2.0", "id": id, "result": {} if result is None else result})
        except (ValueError, TypeError, RecursionError) as error:
            self.refuse(id, ValueError(f"Cannot send the answer: {error}"))
            return
        if len(data) > self.max_bytes:
            why = f"Cannot send the answer: it is larger than {self.max_bytes} bytes"
            self.refuse(id, WireError("MESSAGE_TOO_LARGE", -32007, why))
        else:
            self._send(data)

    def refuse(self, id: Id, error: BaseException) -> None:
        code, number = (error.code, error.number) if isinstance(error, WireError) else ("INTERNAL_ERROR", -32603)
        body = {"code": number, "message": describe(error)[:2000], "data": {"code": code}}
        self._send(dump({"jsonrpc": "2.0", "id": id, "error": body}))

    def _serve(self, id: Id, method: str, params: object) -> None:
        try:
            self._messages.request(method, params, id)
        except Exception as error:
            self.refuse(id, error)

    def _settle(self, id: Id, message: dict[str, Any]) -> None:
        reply = self._pending.pop(id, None)
        if reply is None:
            return
        error = message.get("error")
        if isinstance(error, dict):
            reply.settle(error=_service_error(error))
        else:
            reply.settle(message.get("result"))


def _is_id(value: object) -> bool:
    """Anything that can be sent back as it came."""
    if isinstance(value, float):
        return abs(value) != float("inf")  # 1e999 is a number, but none that JSON could hold again
    return value is None or (isinstance(value, (str, int)) and not isinstance(value, bool))


def _service_error(error: dict[str, Any]) -> ServiceError:
    data = error.get("data")
    code = data.get("code") if isinstance(data, dict) else None
    number = error.get("code")
    return ServiceError(str(code or "INTERNAL_ERROR"), number if isinstance(number, int) else -32603, str(error.get("message", "")))
