"""Changed texts, put into the objects that Mellea goes on with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mellea.core import CBlock
from mellea.stdlib.components import Instruction, Message

from ._change import Change
from ._data import Json, component, output, same


def _must_read(change: Change, after: Json, undo: Callable[[], object]) -> None:
    """Every part that was changed reads as it was asked for; otherwise all is taken back."""
    for name in {**change.sent, **change.new}:
        wanted = change.new.get(name)
        if not same(wanted, change.sent.get(name)) and not same(wanted, after.get(name)):
            undo()
            raise change.refuse(f'"{name}" cannot be set to that')


def set_action(change: Change) -> Any:
    """An instruction's texts, a message's, a block's: in place, for Mellea goes on with the object it has."""
    span, new = change.live, change.new
    before = dict(vars(span))
    if isinstance(span, CBlock):
        name = "description" if same(change.sent["text"], new.get("text")) else "text"
        span.value = str(new.get(name))
    elif isinstance(span, Message):
        span.content = str(new.get("description"))
        span._content_cblock = CBlock(span.content)
    elif isinstance(span, Instruction):
        _instruct(span, new)
    _must_read(change, component(span), lambda: vars(span).update(before))
    return span


def _instruct(span: Instruction, new: Json) -> None:
    if isinstance(new.get("description"), str):
        span._description = CBlock(new["description"])
    fields = new.get("fields") or {}
    grounding, examples = fields.get("grounding_context") or {}, fields.get("icl_examples") or []
    span._grounding_context = {name: _text(old, grounding.get(name)) for name, old in span._grounding_context.items()}
    if len(examples) == len(span._icl_examples):
        span._icl_examples = [_text(old, text) for old, text in zip(span._icl_examples, examples, strict=True)]
    span._prefix = _text(span._prefix, fields.get("prefix"))
    span._output_prefix = _text(span._output_prefix, fields.get("output_prefix"))


def _text(old: Any, text: Any) -> Any:
    return CBlock(text) if isinstance(old, CBlock) and isinstance(text, str) and text != old.value else old


def set_output(change: Change) -> Any:
    """The text of an output, in place, and what is parsed from it."""
    thunk, new = change.live, change.new
    if thunk is None or new is None:
        raise change.refuse("an output can neither be made nor taken away")
    if not isinstance(new.get("value"), str):
        raise change.refuse("an output needs a text")
    before = (thunk.value, thunk.parsed_repr, thunk.thinking)

    def undo() -> None:
        thunk.value, thunk.parsed_repr, thunk.thinking = before

    thunk.value = new["value"]
    if "thinking" in new:
        thunk.thinking = new["thinking"]
    try:
        if new["value"] != before[0]:
            thunk._set_parsed_repr()
    except Exception as error:
        undo()
        raise change.refuse(f"the new text cannot be parsed: {error}") from error
    _must_read(change, output(thunk), undo)
    return thunk


def set_processed(change: Change) -> Any:
    """The specification's name for the text of `model_output`."""
    sent = output(change.live)
    inner = Change(change.hook, change.field, change.payload, sent, sent | {"value": change.new})
    inner.live = change.live
    return set_output(inner)
