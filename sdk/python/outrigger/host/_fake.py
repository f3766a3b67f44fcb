"""A host for unit tests: its plugins are functions of the test, and every value crosses as JSON."""

from __future__ import annotations

import copy
import inspect

from .._json import dump, load
from ._errors import HostError, HostGone
from ._host import Host
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ._connection import Json, OnFailure


class FakeHost(Host):
    """A Host without a process. `AsyncHost(FakeHost(…))` is its asynchronous side."""

    def __init__(
        self,
        handlers: Mapping[str, Any] | None = None,
        *,
        session_plugins: Mapping[str, Mapping[str, Any]] | None = None,
        on_host_failure: OnFailure = "raise",
        timeout: float | None = None,
    ) -> None:
        """`handlers`: by hook, an answer (`modify()`, `block()`, `replace()`, None) or a function of the payload, and of the
        event's parameters when it takes two, that gives one. One that raises blocks, as a plugin that fails closed does; with
        HostError it is the host that fails. `session_plugins`: by plugin, handlers that only sessions opened with it have.
        """
        self._link = _FakeLink(dict(handlers or {}), session_plugins or {})
        super().__init__(self._link, on_host_failure, timeout)
        self._link.tell(None)

    @property
    def emitted(self) -> list[Json]:
        """Parameters of every event that was heard: `hook`, `payload`, and `session`, `operation` when it had one."""
        return self._link.emitted

    @property
    def ended(self) -> list[str]:
        """Operations and sessions that the application ended."""
        return self._link.ended

    def on(self, hook: str, handler: Any) -> None:
        """Somebody begins to listen; `handler` as for the constructor."""
        self._link.handlers[None][hook] = handler
        self._link.tell(None)

    def off(self, hook: str) -> None:
        """Nobody listens any more."""
        self._link.handlers[None].pop(hook, None)
        self._link.tell(None)

    def die(self) -> None:
        """As if its process had been killed."""
        self._link.gone = HostGone("Cannot go on with the host: it was ended by SIGKILL")


class _FakeLink:
    def __init__(self, handlers: Json, plugins: Mapping[str, Mapping[str, Any]]) -> None:
        self.handlers: dict[str | None, Json] = {None: handlers}
        self.emitted: list[Json] = []
        self.ended: list[str] = []
        self.gone: HostGone | None = None
        self.notified: Callable[[str, Any], object] = lambda method, params: None
        self._plugins = plugins

    def tell(self, session: str | None) -> None:
        scope = {} if session is None else {"session": session}
        self.notified("heard/changed", {**scope, "heard": [*self.handlers[session], *self.handlers[None]]})

    def request(self, method: str, params: object, done: Callable[[], object]) -> Reply:
        if self.gone is not None:
            raise HostGone(self.gone.message)
        try:
            crossed = load(dump(params))
        except (ValueError, TypeError, RecursionError) as error:
            raise HostError("PAYLOAD_INVALID", 0, f'Cannot send "{method}": it is no JSON: {error}') from error
        reply = Reply(0, done)
        try:
            reply.value = load(dump(self._answer(method, crossed)))
        except HostError as error:
            reply.error = error
        done()
        return reply

    def give_up(self, reply: Reply) -> bool:
        return False

    def close(self, timeout: float = 0) -> None:
        self.gone = self.gone or HostGone("Cannot ask the host: it was closed")

    abandon = close

    def _answer(self, method: str, params: Json) -> Json:
        if method == "emit":
            return self._emit(params)
        if method == "session/open":
            return self._open(params)
        if method == "session/close":
            self.ended.append(params["session"])
            self.handlers.pop(params["session"], None)
        if method == "operation/end":
            self.ended.append(params["operation"])
        if method == "hooks/list":
            return {"hooks": [{"name": name, "description": "", "subscribers": ["test"]} for name in sorted(self.handlers[None])]}
        return {}

    def _open(self, params: Json) -> Json:
        id = params.get("id") or f"session-{len(self.handlers)}"
        if id in self.handlers:
            raise HostError("PARAMS_INVALID", -32602, f'Cannot open session "{id}": it is open')
        unknown = [name for name in params.get("plugins", ()) if name not in self._plugins]
        if unknown:
            raise HostError("PLUGIN_UNKNOWN", -32603, f'Cannot open a session with plugin "{unknown[0]}": the test has none of this name')
        own = {hook: handler for name in params.get("plugins", ()) for hook, handler in self._plugins[name].items()}
        self.handlers[id] = own
        return {"id": id, "heard": [*own, *self.handlers[None]]}

    def _emit(self, params: Json) -> Json:
        session, hook = params.get("session"), params["hook"]
        if session is not None and session not in self.handlers:
            raise HostError("SCOPE_CLOSED", -32603, f'Cannot use session "{session}": it is not open')
        self.emitted.append(copy.deepcopy(params))
        result: Json = {"event": f"event-{len(self.emitted)}", "status": "continued"}
        scopes = [None] if session is None else [None, session]
        for handlers in [self.handlers[scope] for scope in scopes]:
            if hook in handlers and result["status"] == "continued":
                self._apply(params, handlers[hook], result)
        return {**result, "trace": {"event": result["event"], "hook": hook}} if params.get("trace") else result

    def _apply(self, params: Json, handler: Any, result: Json) -> None:
        payload: Json = result["payload"] if "payload" in result else params["payload"]
        try:
            answer = _ask_handler(handler, copy.deepcopy(payload), params) or {}
        except HostError:
            raise
        except Exception as error:
            answer = {"action": "block", "violation": {"code": "PLUGIN_ERROR", "reason": str(error)}}
            result["cause"] = "failure"
        action = answer.get("action", "continue")
        if action == "modify":
            result["payload"] = merged(payload, answer["changes"])
        elif action == "block":
            result.update(status="blocked", by="test", violation=answer["violation"])
            result.setdefault("cause", "verdict")
        elif action == "replace":
            result.update(status="replaced", by="test", value=answer["value"])
        if "retryAfterMs" in answer:
            result["retryAfterMs"] = answer["retryAfterMs"]


def _ask_handler(handler: Any, payload: Json, params: Json) -> Any:
    if not callable(handler):
        return handler
    try:
        inspect.signature(handler).bind(payload, params)
    except TypeError:
        return handler(payload)
    return handler(payload, params)


def merged(target: Any, changes: Any) -> Any:
    """JSON Merge Patch, RFC 7396."""
    if not isinstance(changes, dict):
        return changes
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value)
    return result
