"""A request in flight, and what carries it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from ._errors import HostError, HostGone

    class Transport(Protocol):
        """What carries requests to a host: a Link, or what stands in for one."""

        notified: Callable[[str, Any], object]

        @property
        def gone(self) -> HostGone | None: ...
        def request(self, method: str, params: object, done: Callable[[], object]) -> Reply: ...
        def give_up(self, reply: Reply) -> bool: ...
        def close(self, timeout: float) -> None: ...
        def abandon(self) -> None: ...


class Reply:
    """What becomes of one request. `done` is called once, from any thread, when it is settled."""

    __slots__ = ("id", "data", "done", "value", "error")

    def __init__(self, id: int, done: Callable[[], object]) -> None:
        self.id = id
        self.done = done
        self.data = b""
        self.value: Any = None
        self.error: HostError | None = None

    def result(self) -> Any:
        if self.error is not None:
            raise self.error
        return self.value
