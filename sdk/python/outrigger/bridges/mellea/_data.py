"""Mellea's live objects as JSON values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from enum import Enum
from functools import lru_cache
from typing import Any

from mellea.core import CBlock, Component, ModelOutputThunk
from pydantic import BaseModel

Json = dict[str, Any]

MAX_DEPTH = 24
"""Levels of nesting that cross; what lies deeper is named by its type."""


def data(value: Any, depth: int = 0) -> Any:
    """`value` as far as it is data; an object that is none becomes the name of its type, a function its own name."""
    if isinstance(value, Enum):
        return data(value.value, depth + 1)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if depth >= MAX_DEPTH:
        return type(value).__name__
    if isinstance(value, Mapping):
        return {str(key): data(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [data(item, depth + 1) for item in value]
    return _object(value, depth)


def _object(value: Any, depth: int) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, BaseModel):
        return data(value.model_dump(), depth + 1)
    if isinstance(value, (CBlock, ModelOutputThunk)):
        return _value(value)
    if isinstance(value, type):
        return value.__name__
    name = getattr(value, "__qualname__", None)
    return name if isinstance(name, str) else type(value).__name__


def _value(block: Any) -> str | None:
    text = block.value
    return text if text is None or isinstance(text, str) else str(text)


def same(one: Any, other: Any) -> bool:
    """Equal as JSON that went through a host, whose numbers are doubles."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return one == other or float(one) == float(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, str) == isinstance(other, str) and bool(one == other)


def text_of(span: Any) -> str | None:
    """What is said in a component or block, before templates; None where it has no such text."""
    if isinstance(span, (CBlock, ModelOutputThunk)):
        return _value(span)
    for name in ("_description", "content", "text", "description"):
        text = getattr(span, name, None)
        if isinstance(text, (CBlock, ModelOutputThunk)):
            return _value(text)
        if isinstance(text, str):
            return text
    return None


def component(span: Any) -> Json:
    """A MelleaComponent."""
    found: Json = {"type": type(span).__name__, "text": rendered(span), "description": text_of(span)}
    name = getattr(span, "name", None) or getattr(getattr(span, "_function", None), "name", None)
    if isinstance(name, str):
        found["name"] = name
    if isinstance(span, Component):
        found["fields"] = _fields(span)
    return found


def _fields(span: Any) -> Json:
    hidden = {"_description", "content", "_content_cblock", "_docs", "_images", "_audio", "_requirements", "name"}
    fields = {key.lstrip("_"): data(value) for key, value in vars(span).items() if key not in hidden and value is not None}
    if getattr(span, "_requirements", None):
        fields["requirements"] = requirements(span._requirements)
    if getattr(span, "_docs", None):
        fields["documents"] = [document(one) for one in span._docs]
    return fields


def document(one: Any) -> Json:
    """What is attached to a message."""
    return {name: data(getattr(one, name)) for name in ("text", "title", "doc_id")}


def rendered(span: Any) -> str | None:
    """The text a model is sent for it; None where there is no template, or something in it is not known yet."""
    if isinstance(span, (CBlock, ModelOutputThunk)):
        return _value(span)
    try:
        text = _formatter().print(span)
    except Exception:  # A template may run anything of the component's.
        return text_of(span)
    return text if isinstance(text, str) else text_of(span)


@lru_cache(maxsize=1)
def _formatter() -> Any:
    from mellea.formatters import TemplateFormatter

    return TemplateFormatter("default")


def turn(span: Any) -> Json:
    """A MelleaTurn."""
    role = getattr(span, "role", None)
    if not isinstance(role, str) or role == "":
        role = "assistant" if isinstance(span, ModelOutputThunk) else "user"
    text = text_of(span)
    # What has no text of its own, such as the goal of an agent, is sent as its template has it.
    return {"role": role, "text": rendered(span) if text is None else text, "type": type(span).__name__}


def turns(spans: Iterable[Any] | None) -> list[Json] | None:
    return None if spans is None else [turn(span) for span in spans]


def context(ctx: Any) -> Json:
    """A MelleaContext."""
    try:
        spans = ctx.as_list()
    except Exception:  # Not linear: there is no one order of its entries.
        return {"type": type(ctx).__name__}
    return {"type": type(ctx).__name__, "turns": turns(spans)}


def output(thunk: Any) -> Json:
    """A MelleaOutput."""
    value = text_of(thunk)
    found: Json = {"value": value}
    parsed = getattr(thunk, "parsed_repr", None)
    if parsed is not None and parsed != value:
        found["parsed"] = component(parsed) if isinstance(parsed, Component) else data(parsed)
    if isinstance(getattr(thunk, "thinking", None), str):
        found["thinking"] = thunk.thinking
    if getattr(thunk, "tool_calls", None):
        found["tool_calls"] = [tool_call(call) for call in thunk.tool_calls]
    return found


def outputs(thunks: Iterable[Any] | None) -> list[Json] | None:
    return None if thunks is None else [output(thunk) for thunk in thunks]


def tool_call(call: Any) -> Json:
    """A MelleaToolCall."""
    return {"name": call.name, "args": data(call.args)}


def error(raised: BaseException) -> Json:
    """A MelleaError."""
    return {"type": type(raised).__name__, "message": str(raised)}


def requirement(wanted: Any) -> Json:
    """A MelleaRequirement."""
    if isinstance(wanted, str):
        return {"description": wanted}
    return {"description": wanted.description or "", "check_only": bool(getattr(wanted, "check_only", False))}


def requirements(wanted: Iterable[Any]) -> list[Json]:
    return [requirement(one) for one in wanted]


def validation(wanted: Any, result: Any) -> Json:
    """A MelleaValidation."""
    description = requirement(wanted)["description"] if wanted is not None else ""
    score = getattr(result, "score", None)
    return {
        "requirement": description,
        "passed": bool(result),
        "reason": getattr(result, "reason", None),
        "score": data(score) if isinstance(score, (int, float)) else None,
    }


def validations(pairs: Iterable[tuple[Any, Any]]) -> list[Json]:
    return [validation(wanted, result) for wanted, result in pairs]


def schema(format: Any) -> Json | None:
    """The JSON Schema of a pydantic model."""
    return None if format is None else data(format.model_json_schema())


def generate_log(log: Any) -> Json:
    names = ("date", "prompt", "backend", "model_options", "is_final_result")
    return {name: data(getattr(log, name, None)) for name in names}


def or_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else convert(value)
