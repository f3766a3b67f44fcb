"""Objects of a framework as JSON, and changed JSON back into them."""

from __future__ import annotations

import math

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_DEPTH = 20
"""Deeper than this nothing is read; such data is left out."""


class NotData(Exception):
    """What cannot be JSON."""


def plain(value: Any, depth: int = 0) -> Any:
    """The value as JSON. Entries of mappings that are no data are left out. Raises NotData."""
    if value is None or isinstance(value, (bool, int, str)) and type(value) in (bool, int, str):
        return value
    if isinstance(value, float):
        return _number(float(value))
    if depth > MAX_DEPTH:
        raise NotData("too deep")
    if hasattr(value, "items") and hasattr(value, "keys"):
        return fields(dict(value.items()), depth)
    if isinstance(value, (list, tuple)):
        return [plain(item, depth + 1) for item in value]
    return _object(value, depth)


def fields(values: dict[Any, Any], depth: int = 0) -> dict[str, Any]:
    """Those entries that are data."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(name, (str, int, float)):
            try:
                found[str(name)] = plain(value, depth + 1)
            except NotData:
                continue
    return found


def _number(value: float) -> float:
    if not math.isfinite(value):
        raise NotData(str(value))
    return value


def _object(value: Any, depth: int) -> Any:
    if isinstance(value, (int, str)):  # a subclass, such as an enumeration's member
        return plain(getattr(value, "value", int(value) if isinstance(value, int) else str(value)), depth + 1)
    if hasattr(value, "__fspath__"):
        return str(value)
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return fields({name: getattr(value, name, None) for name in value.__dataclass_fields__}, depth)
    if hasattr(value, "tolist") and hasattr(value, "dtype"):  # an array or number of numpy's
        return plain(value.tolist(), depth + 1)
    if type(value).__module__.startswith("omegaconf"):
        return [plain(item, depth + 1) for item in value]
    raise NotData(type(value).__name__)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON that went through a host, whose numbers are doubles."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return _double(one) == _double(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


def _double(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def merge(live: Any, sent: dict[str, Any], final: dict[str, Any]) -> list[str]:
    """Puts what changed between `sent` and `final` into the mapping `live`; the rest stays the objects it was. Names what changed."""
    changed = [name for name in {**sent, **final} if name not in sent or name not in final or not same(sent[name], final[name])]
    for name in changed:
        key = next((key for key in live if str(key) == name), name)
        if name not in final:
            del live[key]
        else:
            live[key] = _merged(live.get(key), sent.get(name), final[name])
    return changed


def _merged(live: Any, sent: Any, final: Any) -> Any:
    """The new value: in the live one where both are mappings, else of its type."""
    if isinstance(live, dict) and isinstance(sent, dict) and isinstance(final, dict):
        copy = live.copy()
        merge(copy, sent, final)
        return copy
    if isinstance(live, float) and isinstance(final, int) and not isinstance(final, bool):
        return float(final)
    if type(live) is tuple and isinstance(final, list):
        return tuple(final)
    return final
