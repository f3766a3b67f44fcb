"""What can go wrong between an application and its host."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class HostError(Exception):
    """The host refused or failed a request."""

    def __init__(self, code: str, number: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        """Stable name such as `HOOK_UNKNOWN` or `PAYLOAD_INVALID`."""
        self.number = number
        """JSON-RPC error number; 0 for an error that never crossed the wire."""
        self.message = message

    def __reduce__(self) -> tuple[Any, ...]:
        return _remake, (type(self), self.code, self.number, self.message)


class HostGone(HostError):
    """There is no host to ask: it could not be started, has ended, was closed, or belongs to the parent of a forked process."""

    def __init__(self, message: str, code: str = "HOST_GONE") -> None:
        super().__init__(code, 0, message)


class HostTimeout(HostError, TimeoutError):
    """The host did not answer in time; the event was cancelled."""

    def __init__(self, message: str) -> None:
        super().__init__("HOST_TIMEOUT", 0, message)


_DOWN = {"HOST_STOPPED", "INTERNAL_ERROR", "MESSAGE_INVALID", "SERVICE_BUSY", "STORAGE_FAILED"}


def is_down(error: HostError) -> bool:
    """True when the host is to blame and `on_host_failure` decides; false for a mistake of the caller."""
    return isinstance(error, (HostGone, HostTimeout)) or error.code in _DOWN


def is_moot(error: HostError) -> bool:
    """True when what was to be ended has ended with its host or before."""
    return isinstance(error, (HostGone, HostTimeout)) or error.code in ("SCOPE_CLOSED", "HOST_STOPPED")


def error_of(answer: dict[str, Any]) -> HostError:
    """The error of a JSON-RPC error object."""
    data, number = answer.get("data"), answer.get("code")
    code = data.get("code") if isinstance(data, dict) else None
    return HostError(str(code or "INTERNAL_ERROR"), number if isinstance(number, int) else -32603, str(answer.get("message", "")))


def _remake(kind: type[HostError], code: str, number: int, message: str) -> HostError:
    error = kind.__new__(kind)
    HostError.__init__(error, code, number, message)
    return error
