"""What a host, its sessions and its operations share: the link, who listens, and what happens when the host is down."""

from __future__ import annotations

import os
import sys
import weakref

from ._errors import HostError, HostGone, is_down
from ._outcome import Outcome, outcome_of
from ._silent import Every

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence
    from typing import Any, Literal

    from ._reply import Transport

    Json = dict[str, Any]
    OnFailure = Literal["raise", "open", "closed"]
    Payload = Mapping[str, Any] | Callable[[], Mapping[str, Any]]

PROTOCOL = 1
CLOSE_S = 10.0
"""How long a host may take to end, in seconds."""
_STATUSES = ("continued", "blocked", "replaced")


class Connection:
    def __init__(self, link: Transport, on_host_failure: OnFailure, timeout: float | None) -> None:
        self.link = link
        self.on_host_failure = checked_policy(on_host_failure)
        self.timeout = timeout
        self.heard: dict[str | None, Container[str]] = {}
        self.problems: list[str] = []
        self.version = ""
        self._said: set[str] = set()
        self._listen()

    def _listen(self) -> None:
        """A link lives as long as its host process; it must not keep alive the host that nobody uses any more."""
        here = weakref.ref(self)

        def notified(method: str, params: Any) -> None:
            connection = here()
            if connection is not None:
                connection._notified(method, params)

        self.link.notified = notified
        weakref.finalize(self, self.link.abandon).atexit = False

    def welcome(self, hello: Json) -> None:
        # What came as news meanwhile is newer.
        self.heard.setdefault(None, _names(hello))
        self.problems = [str(problem) for problem in hello.get("problems", [])]
        self.version = str(hello.get("version", ""))

    def _notified(self, method: str, params: Any) -> None:
        if method == "heard/changed" and isinstance(params, dict) and isinstance(params.get("heard"), list):
            self.heard[params.get("session")] = _names(params)

    def has(self, session: str | None, hook: str) -> bool:
        heard = self.heard.get(session)
        # Of a session that is not open here, the host has the word.
        return heard is None or hook in heard

    def opened(self, answer: Any) -> str:
        """Takes in a session; its id."""
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise HostError("MESSAGE_INVALID", 0, 'Cannot open a session: the host answered "session/open" without an id')
        id: str = answer["id"]
        self.heard.setdefault(id, _names(answer))
        return id

    def not_opened(self, id: str, error: HostError) -> None:
        """As `after_failure()`, for a session that could not be opened."""
        if not is_down(error) or self.on_host_failure == "raise":
            raise error
        self._say(error, self.on_host_failure)
        self.heard[id] = self.without_host()

    def without_host(self) -> Container[str]:
        """What is heard when nobody knows: nothing when failures are let pass, everything when they stop events."""
        return Every() if self.on_host_failure == "closed" else frozenset()

    def outcome(self, hook: str, sent: Mapping[str, Any], result: Any) -> Outcome:
        if not isinstance(result, dict) or result.get("status") not in _STATUSES:
            raise HostError("MESSAGE_INVALID", 0, f'Cannot use the outcome of "{hook}": its status is none of {", ".join(_STATUSES)}')
        return outcome_of(hook, sent, result)

    def after_failure(self, hook: str, sent: Mapping[str, Any], error: HostError, policy: OnFailure | None) -> Outcome:
        """The outcome of an event that the host failed. Raises the error when that is asked for, and for a mistake of the caller."""
        policy = checked_policy(policy or self.on_host_failure)
        if not is_down(error) or policy == "raise":
            raise error
        self._say(error, policy)
        if policy == "closed":
            return Outcome(hook, sent, status="blocked", cause="failure", violation={"code": error.code, "reason": error.message})
        return Outcome(hook, sent, fail_opens=[{"plugin": "(host)", "code": error.code}])

    def not_started(self, error: HostGone) -> None:
        """Goes on without a host, as the policy says."""
        self._say(error, self.on_host_failure)
        self.heard[None] = self.without_host()

    def _say(self, error: HostError, policy: str) -> None:
        """Once for each kind of failure."""
        if error.code in self._said:
            return
        self._said.add(error.code)
        then = "events are blocked" if policy == "closed" else "going on without plugins"
        try:
            print(f"outrigger: {error.message}; {then}", file=sys.stderr, flush=True)
        except (OSError, ValueError, AttributeError):
            pass  # no stderr to be had


def checked_policy(policy: OnFailure) -> OnFailure:
    if policy not in ("raise", "open", "closed"):
        raise ValueError(f'Cannot use on_host_failure "{policy}": it is "raise", "open" or "closed"')
    return policy


def checked_payload(hook: str, payload: object) -> Json:
    if isinstance(payload, dict):
        return payload
    try:
        return dict(payload)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError) as error:
        raise HostError("PAYLOAD_INVALID", 0, f'Cannot emit "{hook}": its payload is a {type(payload).__name__}, it must be a dict') from error


def hello_params(name: str | None, version: str | None, token: str | None, catalogs: Sequence[Json | str]) -> Json:
    params: Json = {"protocol": PROTOCOL, "name": name or os.path.basename(sys.argv[0] if sys.argv else "") or "python"}
    optional = {"version": version, "token": token, "catalogs": list(catalogs)}
    return {**params, **{key: value for key, value in optional.items() if value}}


def emit_params(hook: str, payload: Mapping[str, Any], session: str | None, how: Mapping[str, Any]) -> Json:
    params: Json = {"hook": hook, "payload": payload}
    if session is not None:
        params["session"] = session
    params.update({name: value for name, value in how.items() if value})
    return params


def session_params(id: str | None, plugins: Sequence[str]) -> Json:
    params: Json = {} if id is None else {"id": id}
    return {**params, "plugins": list(plugins)} if plugins else params


def operation_params(id: str, session: str | None) -> Json:
    return {"operation": id} if session is None else {"operation": id, "session": session}


def _names(answer: Json) -> frozenset[str]:
    return frozenset(name for name in answer.get("heard", ()) if isinstance(name, str))
