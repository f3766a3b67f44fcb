"""Calls a plugin in memory, through the same code as in a process. Every value crosses as JSON, as it would on the wire.

    with Plugin(guard, config={"commands": ["rm"]}) as plugin:
        assert plugin.call("conda.pre_command", {"command": "rm", "args": []})["action"] == "block"
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ._errors import ServiceError, WireError
from ._hooks import Handlers
from ._peer import Peer, Reply
from ._runtime import Runtime
from .host._fake import FakeHost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ._peer import Id

    Json = dict[str, Any]

__all__ = ["Call", "FakeHost", "Plugin", "ServiceError"]


class Call:
    """A hook call in flight."""

    def __init__(self, host: Peer, reply: Reply, timeout: float) -> None:
        self._host = host
        self._reply = reply
        self._timeout = timeout

    def cancel(self) -> None:
        """As the host would. The call still settles: see `result()`."""
        self._host.notify("$/cancelRequest", {"id": self._reply.id})

    def result(self) -> Json:
        """The plugin's answer. Raises ServiceError as the host would see the call fail, and TimeoutError."""
        if not self._reply.done.wait(self._timeout):
            raise TimeoutError(f"Cannot wait for the answer any longer: nothing came within {self._timeout} s")
        answer: Json = self._reply.result() or {}
        return answer


class Plugin:
    """A plugin in memory, with the test in place of the host. A context manager: leaving it shuts the plugin down."""

    def __init__(
        self,
        *targets: object,
        config: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        services: Mapping[str, Callable[[Json], Any]] | None = None,
        emit: Callable[[str, Json], Json] | None = None,
        fetch: Callable[[Json], Json] | None = None,
        permission: Callable[[Json, str | None], bool | Json] | None = None,
        concurrency: int = 64,
        timeout: float = 10.0,
    ) -> None:
        """Start it from modules, classes, objects or functions; raises when its `setup` fails or declines.

        `services`: answers of the application's services by name. `emit`: what becomes of events the plugin fires (default:
        continued). `fetch`: what the host fetches. `permission`: the operator's word (default: no). `timeout`: how long to
        wait for the plugin, in seconds.
        """
        self.logs: list[Json] = []
        self.progress: list[Json] = []
        self.emitted: list[Json] = []
        self.storage: dict[str, Any] = {}
        self._secrets = secrets or {}
        self._services = services or {}
        self._emit, self._fetch, self._permission = emit, fetch, permission
        self._timeout = timeout
        self._events = 0
        handlers = Handlers(*targets)
        self._runtime = Runtime(handlers, lambda data: self._host.receive(data), lambda code: None)
        self._host = Peer(self, self._runtime.peer.receive, float("inf"))
        try:
            hello = self._initialize(dict(config or {}), concurrency)
        except BaseException:
            self._runtime.end_threads()
            raise
        if hello.get("disable") is not None:
            self._runtime.end_threads()
            raise RuntimeError(f"The plugin declined: {hello['disable']}")

    def _initialize(self, config: Json, concurrency: int) -> Json:
        return self._ask(
            "initialize",
            {
                "protocol": 1,
                "protocols": [1],
                "host": {"name": "test", "version": "0"},
                "plugin": {"name": "test"},
                "config": config,
                "hooks": [],
                "limits": {"maxMessageBytes": 10 * 1024 * 1024, "concurrency": concurrency},
            },
        )

    def call(self, hook: str, payload: Mapping[str, Any] | None = None, **how: Any) -> Json:
        """The plugin's answer to an event. `how` as for `start()`."""
        return self.start(hook, payload, **how).result()

    def start(
        self,
        hook: str,
        payload: Mapping[str, Any] | None = None,
        *,
        state: object = None,
        deadline_ms: float = 5000,
        attempt: int = 1,
        **place: Any,
    ) -> Call:
        """A hook call that can be cancelled. `place`: fields of the event's context, such as `operation` and `session`."""
        params = {**self._event(hook, payload, place), "deadlineMs": deadline_ms, "attempt": attempt}
        if state is not None:
            params["state"] = state
        return Call(self._host, self._host.request("hook/invoke", params), self._timeout)

    def notify(self, hook: str, payload: Mapping[str, Any] | None = None, outcome: Json | None = None, **place: Any) -> None:
        """An event in mode `fire_and_forget`; returns when its handler is done."""
        params = {**self._event(hook, payload, place), "outcome": outcome or {"status": "continued"}}
        self._tell("hook/notify", params)

    def change_config(self, config: Mapping[str, Any]) -> None:
        self._tell("config/changed", {"config": dict(config)})

    def deny_net(self, host: str, port: int, reason: str = "not granted") -> None:
        """Tells the plugin that a connection of its own was refused."""
        self._tell("net/denied", {"host": host, "port": port, "reason": reason})

    def shutdown(self) -> None:
        """Waits for what is in flight and runs the plugin's `shutdown`."""
        try:
            self._ask("shutdown", {})
        finally:
            self._runtime.end_threads()

    def __enter__(self) -> Plugin:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _event(self, hook: str, payload: Mapping[str, Any] | None, place: Json) -> Json:
        self._events += 1
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        return {"event": f"event-{self._events}", "hook": hook, "context": {"time": now, **place}, "payload": dict(payload or {})}

    def _ask(self, method: str, params: Json) -> Json:
        return Call(self._host, self._host.request(method, params), self._timeout).result()

    def _tell(self, method: str, params: Json) -> None:
        self._host.notify(method, params)
        if not self._runtime.wait_idle(self._timeout):
            raise TimeoutError(f'Cannot wait for "{method}" any longer: the plugin is busy after {self._timeout} s')

    # What the plugin asks and tells

    def request(self, method: str, params: object, id: Id) -> None:
        try:
            result = self._answer(method, params if isinstance(params, dict) else {})
        except Exception as error:
            self._host.refuse(id, _as_wire_error(error))
        else:
            self._host.answer(id, result)

    def notification(self, method: str, params: Any) -> None:
        if method == "log":
            self.logs.append(params)
        elif method == "$/progress":
            self.progress.append(params)

    def _answer(self, method: str, params: Json) -> Any:
        if method in self._services:
            return self._services[method](params)
        if method == "hook/emit":
            self.emitted.append({"hook": params["hook"], "payload": params["payload"]})
            said = self._emit(params["hook"], params["payload"]) if self._emit else {}
            return {"event": f"emitted-{len(self.emitted)}", "status": "continued", "payload": params["payload"], **said}
        if method == "secret/get":
            return {"value": self._secret(params["name"])}
        if method == "net/fetch":
            return self._fetched(params)
        if method == "permission/request":
            said_yes = self._permission(params["permissions"], params.get("reason")) if self._permission else False
            return said_yes if isinstance(said_yes, dict) else {"granted": said_yes}
        return self._stored(method, params)

    def _secret(self, name: str) -> str:
        if name not in self._secrets:
            raise WireError("SECRET_UNKNOWN", -32011, f'Cannot read the secret "{name}": the test gives none of this name')
        return self._secrets[name]

    def _fetched(self, params: Json) -> Json:
        if self._fetch is None:
            raise WireError("PERMISSION_DENIED", -32001, f'Cannot fetch "{params["url"]}": the test has no "fetch" that would answer')
        return {"status": 200, "url": params["url"], "headers": {}, **self._fetch(params)}

    def _stored(self, method: str, params: Json) -> Json:
        if method == "storage/get":
            return {"value": self.storage.get(params["key"])}
        if method == "storage/set":
            self.storage[params["key"]] = params["value"]
        elif method == "storage/delete":
            self.storage.pop(params["key"], None)
        elif method == "storage/list":
            return {"keys": sorted(key for key in list(self.storage) if key.startswith(params.get("prefix", "")))}
        else:
            raise WireError("METHOD_UNKNOWN", -32601, f'Cannot call "{method}": the test registers no such service')
        return {}


def _as_wire_error(error: Exception) -> Exception:
    """A service of the test may raise ServiceError to refuse as the host would."""
    return WireError(error.code, error.number, error.message) if isinstance(error, ServiceError) else error
