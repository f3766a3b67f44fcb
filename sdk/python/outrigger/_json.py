"""JSON as it crosses the wire: strict numbers, compact, any text."""

from __future__ import annotations

from json import JSONDecoder, JSONEncoder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SHORT = (",", ":")
_encode = JSONEncoder(ensure_ascii=False, allow_nan=False, separators=_SHORT).encode
_encode_ascii = JSONEncoder(allow_nan=False, separators=_SHORT).encode
_encode_all = JSONEncoder(allow_nan=False, separators=_SHORT, default=repr).encode


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


_decode = JSONDecoder(parse_constant=_refuse).decode


def dump(value: object) -> bytes:
    """UTF-8 on one line. Raises ValueError, TypeError or RecursionError for what JSON cannot hold."""
    try:
        return _encode(value).encode()
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 has no bytes for
        return _encode_ascii(value).encode()


def load(data: bytes) -> Any:
    """The value of a JSON text. Raises ValueError or RecursionError."""
    text = data.decode()
    return _decode(text[1:] if text.startswith("\ufeff") else text)


def facts(fields: dict[str, object]) -> Any:
    """Fields of a log record, whatever they hold: what is no JSON becomes its `repr()`."""
    try:
        return _decode(_encode_all(fields))
    except (ValueError, TypeError, RecursionError):
        return {str(key): repr(value)[:1000] for key, value in fields.items()}
