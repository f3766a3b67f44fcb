"""What can go wrong on the wire."""

from __future__ import annotations


class ServiceError(Exception):
    """The host refused or failed a request of the plugin."""

    def __init__(self, code: str, number: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        """Stable name such as `PERMISSION_DENIED`."""
        self.number = number
        """JSON-RPC error number."""
        self.message = message


class Cancelled(Exception):
    """The answer is not needed any more: cancelled, deadline over, or the host is gone. An async handler gets `asyncio.CancelledError`."""


class WireError(Exception):
    """An error answer with a number of its own; anything else that is raised is answered with −32603."""

    def __init__(self, code: str, number: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.number = number


def describe(error: BaseException) -> str:
    """The message of an exception; its class too where the message alone says little."""
    if isinstance(error, (ServiceError, WireError, Cancelled)) or type(error) is Exception:
        return str(error)
    try:
        text = str(error)
    except Exception:  # its __str__ is the plugin's code
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
