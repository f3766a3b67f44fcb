"""The plugin behind a wire of messages: a process has one on its stdio, a test one in memory."""

from __future__ import annotations

import threading

from ._call import Call
from ._calls import Calls
from ._context import PluginContext
from ._errors import WireError, describe
from ._hooks import Handler, Handlers
from ._peer import Peer
from ._workers import Loop, Workers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from ._peer import Id

PROTOCOL = 1
_HANDLERS_TO_END_S = 0.5


class Runtime:
    """Never blocks in `peer.receive()`: handlers run elsewhere, so that pings and cancellations are heard meanwhile."""

    def __init__(self, handlers: Handlers, send: Callable[[bytes], None], on_exit: Callable[[int], None]) -> None:
        self.peer = Peer(self, send)
        self._handlers = handlers
        self._on_exit = on_exit
        self._workers = Workers(64)
        self._observers = Workers(16)
        self._loop = Loop(self.log_error)
        self._calls = Calls(self.peer, self._workers, self._observers, self._loop, self.log_error)
        self._config: dict[str, Any] = {}
        self._is_initialized = False
        self._is_stopping = False
        self._shutdown = threading.Lock()
        self._shut_down = threading.Event()

    # What the host asks and tells

    def request(self, method: str, params: object, id: Id) -> None:
        if method == "ping":
            self.peer.answer(id, {})
        elif method == "hook/invoke":
            self._invoke(_object(method, params), id)
        elif method == "initialize":
            self._initialize(_object(method, params), id)
        elif method == "shutdown":
            self._is_stopping = True
            self._begin_to_stop(id)
        else:
            raise WireError("METHOD_UNKNOWN", -32601, f'Cannot handle "{method}": this plugin has no such method')

    def notification(self, method: str, params: object) -> None:
        if method == "exit":
            self._on_exit(0)
        elif not isinstance(params, dict):
            return
        elif method == "$/cancelRequest":
            self._calls.cancel(params.get("id"))
        elif method == "hook/notify" and isinstance(params.get("hook"), str) and not self._is_stopping:
            handler = self._handlers.find(params["hook"])
            if handler is not None:
                self._calls.begin(Call(params, is_request=False), handler, self._config)
        elif method == "config/changed" and isinstance(params.get("config"), dict):
            self._config = params["config"]
            self._calls.background(lambda: self._guarded("config_changed", params["config"]))
        elif method == "net/denied":
            self._calls.background(lambda: self._guarded("net_denied", params))

    # The end

    def close(self) -> None:
        """Cancels what is in flight and runs the plugin's `shutdown`, once. Never raises."""
        self._is_stopping = True
        self._calls.cancel_all("The host is gone")
        self.peer.give_up_all(WireError("HOST_STOPPED", -32010, "The host is gone"))
        self._calls.wait_idle(_HANDLERS_TO_END_S)
        self._run_shutdown()

    def end_threads(self) -> None:
        """For a runtime in memory; a process just ends."""
        self._calls.close()
        self._workers.close()
        self._observers.close()
        self._loop.close()

    def wait_idle(self, timeout: float | None = None) -> bool:
        """Waits until no handler runs, at most `timeout` seconds."""
        return self._calls.wait_idle(timeout)

    def log_error(self, message: str, error: BaseException, event: str | None = None) -> None:
        from traceback import format_exception

        stack = "".join(format_exception(type(error), error, error.__traceback__))[-16_384:]
        record: dict[str, object] = {"level": "error", "message": f"{message}: {describe(error)}"[:4000], "fields": {"stack": stack}}
        if event is not None:
            record["event"] = event
        self.peer.notify("log", record)

    def _begin_to_stop(self, id: Id) -> None:
        try:
            threading.Thread(target=self._stop, args=(id,), name="outrigger-shutdown", daemon=True).start()
        except RuntimeError:  # no more threads allowed here: a worker does it, behind all that waits
            self._workers.submit(lambda: self._stop(id))

    def _stop(self, id: Id) -> None:
        self._calls.wait_idle(None)
        self._run_shutdown()
        self.peer.answer(id, {})

    def _run_shutdown(self) -> None:
        if self._shutdown.acquire(blocking=False):
            self._guarded("shutdown")
            self._shut_down.set()
        else:
            self._shut_down.wait()

    # The handshake

    def _initialize(self, params: dict[str, Any], id: Id) -> None:
        if self._is_initialized:
            raise WireError("REQUEST_INVALID", -32600, "Cannot initialize: it was done already")
        _check_protocol(params.get("protocols"))
        self._is_initialized = True
        config, limits = params.get("config"), params.get("limits")
        self._config = config if isinstance(config, dict) else {}
        if isinstance(limits, dict):
            self.peer.max_bytes = _positive(limits.get("maxMessageBytes")) or self.peer.max_bytes
            concurrency = min(_positive(limits.get("concurrency")) or 64, 4096)
            self._calls.allow(concurrency)
        self._warn_of_missing(params.get("hooks"))
        self._calls.background(lambda: self._set_up(id))

    def _set_up(self, id: Id) -> None:
        try:
            verdict = self._lifecycle("setup")
            if verdict is not None and not (isinstance(verdict, dict) and isinstance(verdict.get("disable"), str)):
                raise TypeError(f'Cannot start the plugin: setup must return None or {{"disable": reason}}, not {verdict!r}')
        except SystemExit as exit:
            self._on_exit(exit.code if isinstance(exit.code, int) else 1)
        except BaseException as error:
            self.log_error("setup failed", error)
            self.peer.refuse(id, error)
        else:
            declined = {"disable": verdict["disable"][:2000]} if verdict else {}
            self.peer.answer(id, {"protocol": PROTOCOL, **declined})

    def _warn_of_missing(self, asked: object) -> None:
        """A name that is misspelt in the manifest or in the code would otherwise pass as "go on"."""
        names = [name for name in asked if isinstance(name, str)] if isinstance(asked, list) else []
        missing = [name for name in names if self._handlers.find(name) is None]
        if missing:
            handled = ", ".join(self._handlers.names())
            text = f"no handler for {', '.join(missing)}, which the manifest subscribes to; there are handlers for: {handled}"
            PluginContext(self.peer, {}).log.warn(text)

    # Handlers

    def _invoke(self, params: dict[str, Any], id: Id) -> None:
        hook = params.get("hook")
        if not isinstance(hook, str):
            raise WireError("PARAMS_INVALID", -32602, 'Cannot handle "hook/invoke": "hook" must be the name of a hook point')
        if self._is_stopping:
            raise WireError("PLUGIN_STOPPED", -32010, f'Cannot handle "{hook}": the plugin is stopping')
        handler = self._handlers.find(hook)
        if handler is None:
            self.peer.answer(id, {})
        else:
            self._calls.begin(Call(params, is_request=True, id=id), handler, self._config)

    def _guarded(self, name: str, *values: object) -> None:
        try:
            self._lifecycle(name, *values)
        except BaseException as error:
            self.log_error(f"{name} failed", error)

    def _lifecycle(self, name: str, *values: object) -> Any:
        handler = self._handlers.lifecycle(name)
        if handler is None:
            return None
        result = handler(*values, self._plugin_context(handler))
        return self._loop.wait_for(_awaited(result)) if hasattr(result, "__await__") else result

    def _plugin_context(self, handler: Handler) -> object:
        if not handler.awaits:
            return PluginContext(self.peer, self._config)
        from ._async_context import AsyncPluginContext

        return AsyncPluginContext(self.peer, self._config)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _object(method: str, params: object) -> dict[str, Any]:
    if isinstance(params, dict):
        return params
    raise WireError("PARAMS_INVALID", -32602, f'Cannot handle "{method}": its parameters must be an object')


def _check_protocol(protocols: object) -> None:
    spoken = [item for item in protocols if isinstance(item, int)] if isinstance(protocols, list) else []
    if spoken and PROTOCOL not in spoken:
        too_old = "plugin’s SDK" if min(spoken) > PROTOCOL else "host"
        theirs = ", ".join(map(str, spoken[:20]))
        why = f"Cannot initialize: the host speaks protocol {theirs}, this SDK {PROTOCOL}; the {too_old} is too old"
        raise WireError("PROTOCOL_UNSUPPORTED", -32002, why)


def _positive(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
