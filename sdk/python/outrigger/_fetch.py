"""Requests that the host makes for the plugin."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, TypedDict

    class FetchSecret(TypedDict, total=False):
        """A header that the host fills in and the plugin never sees."""

        secret: str
        prefix: str

    Headers = Mapping[str, str | FetchSecret]


class Response:
    """What the address answered. Its body is here already."""

    def __init__(self, result: dict[str, Any]) -> None:
        self.status: int = result["status"]
        self.url: str = result["url"]
        """Address that answered, after redirects."""
        self.headers: dict[str, str] = result["headers"]
        """Names in lower case; several fields of one name are joined with a comma."""
        self._body: str | None = result.get("body")
        self._base64: str | None = result.get("bodyBase64")

    @property
    def ok(self) -> bool:
        """Status from 200 to 299."""
        return 200 <= self.status < 300

    def bytes(self) -> bytes:
        if self._base64 is not None:
            from base64 import b64decode

            return b64decode(self._base64)
        return (self._body or "").encode("utf-8", "surrogatepass")

    def text(self) -> str:
        return self._body if self._body is not None else self.bytes().decode(errors="replace")

    def json(self) -> Any:
        from json import loads

        return loads(self.text())


def fetch_params(
    url: str,
    method: str | None,
    headers: Headers | None,
    body: str | bytes | None,
    timeout_ms: int | None,
    max_bytes: int | None,
) -> dict[str, object]:
    params = {"url": url, "method": method, "headers": headers, "timeoutMs": timeout_ms, "maxBytes": max_bytes}
    if isinstance(body, str):
        params["body"] = body
    elif body is not None:
        from base64 import b64encode

        params["bodyBase64"] = b64encode(body).decode()
    return {name: value for name, value in params.items() if value is not None}
