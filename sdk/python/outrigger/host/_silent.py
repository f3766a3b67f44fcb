"""Stand-ins for a connection when there is no host."""

from __future__ import annotations

import os

from ._errors import HostGone
from ._reply import Reply

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class SilentLink:
    """A host with no plugin, which needs no process."""

    gone: HostGone | None = None

    def __init__(self) -> None:
        self.notified: Callable[[str, Any], object] = lambda method, params: None

    def request(self, method: str, params: Any, done: Callable[[], object]) -> Reply:
        if self.gone is not None:
            raise HostGone(self.gone.message)
        reply = Reply(0, done)
        reply.value = _ANSWERS.get(method, lambda _: {})(params)
        done()
        return reply

    def give_up(self, reply: Reply) -> bool:
        return False

    def close(self, timeout: float = 0) -> None:
        self.gone = HostGone("Cannot ask the host: it was closed")

    abandon = close


class AbsentLink(SilentLink):
    """A host that could not be started."""

    def __init__(self, error: HostGone) -> None:
        super().__init__()
        self.gone = error

    def request(self, method: str, params: Any, done: Callable[[], object]) -> Reply:
        assert self.gone is not None
        raise HostGone(self.gone.message, self.gone.code)

    def close(self, timeout: float = 0) -> None:
        pass

    abandon = close


class Every:
    """Contains every name: of a host that is not there, nobody knows what its guards would hear."""

    def __contains__(self, name: object) -> bool:
        return True


_ANSWERS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "emit": lambda params: {"event": "", "status": "continued"},
    "session/open": lambda params: {"id": params.get("id") or os.urandom(8).hex(), "heard": []},
    "hooks/list": lambda params: {"hooks": []},
}
