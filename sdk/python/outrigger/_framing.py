"""Cuts a byte stream into messages, and frames what goes out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_HEADER_BYTES = 4096


class MessageReader:
    """Linear time and bounded memory; the first line tells whether the host writes lines or `Content-Length` headers."""

    def __init__(self, message: Callable[[bytes], None], skipped: Callable[[str, int, str], None]) -> None:
        """`skipped(code, number, why)` hears of what was thrown away; reading goes on after it."""
        self.max_bytes = 10 * 1024 * 1024
        self.framing: str | None = None
        self._message = message
        self._skipped = skipped
        self._kept = bytearray()
        self._too_long = False
        self._announced: int | None = None  # by the header block being read
        self._missing: int | None = None  # bytes of the body still to come; None while a line is read

    def push(self, chunk: bytes) -> None:
        view, start = memoryview(chunk), 0
        while start < len(chunk):
            start = self._line(chunk, view, start) if self._missing is None else self._body(view, start, self._missing)

    def _line(self, chunk: bytes, view: memoryview, start: int) -> int:
        end = chunk.find(b"\n", start)
        limit = _MAX_HEADER_BYTES if self.framing == "content-length" else self.max_bytes
        self._keep(view[start : end if end >= 0 else len(chunk)], limit)
        if end < 0:
            return len(chunk)
        if self._too_long:
            self._reset()
            self._skipped("MESSAGE_TOO_LARGE", -32007, f"a line is longer than {limit} bytes")
        else:
            self._end_of_line(self._take().strip())
        return end + 1

    def _end_of_line(self, line: bytes) -> None:
        is_header = self.framing == "content-length" or (self.framing is None and line[:15].lower() == b"content-length:")
        if not is_header:
            if line:
                self.framing = "lines"
                self._message(line)
            return
        self.framing = "content-length"
        if line:
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length":
                self._announce(value.strip())
            return
        length, self._announced = self._announced, None
        self._missing = length or None
        self._too_long = length is not None and length > self.max_bytes

    def _announce(self, value: bytes) -> None:
        if value.isdigit() and len(value) <= 12:
            self._announced = int(value)
        else:
            shown = value[:40].decode(errors="replace")
            self._skipped("MESSAGE_INVALID", -32700, f'"{shown}" is no content length')

    def _body(self, view: memoryview, start: int, missing: int) -> int:
        end = min(start + missing, len(view))
        self._keep(view[start:end], self.max_bytes)
        self._missing = missing - (end - start) or None
        if self._missing is not None:
            return end
        if self._too_long:
            self._reset()
            self._skipped("MESSAGE_TOO_LARGE", -32007, f"a message is larger than {self.max_bytes} bytes")
        else:
            self._message(self._take())
        return end

    def _keep(self, part: memoryview, limit: int) -> None:
        if self._too_long:
            return
        self._too_long = len(self._kept) + len(part) > limit
        if self._too_long:
            self._kept = bytearray()
        else:
            self._kept += part

    def _take(self) -> bytes:
        data = bytes(self._kept)
        self._reset()
        return data

    def _reset(self) -> None:
        self._kept, self._too_long = bytearray(), False


def frame(data: bytes, framing: str | None) -> bytes:
    """A message as it goes over the wire."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(data), data) if framing == "content-length" else data + b"\n"
