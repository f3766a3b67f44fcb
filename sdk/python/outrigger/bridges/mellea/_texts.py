"""Changed texts of components, put into the objects that Mellea goes on with."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from mellea.core import CBlock
from mellea.stdlib.components import Instruction, Message

from ._change import Change
from ._data import Json, component, same


def must_read(change: Change, after: Json, undo: Callable[[], object]) -> None:
    """Every part that was changed reads as it was asked for; otherwise all is taken back."""
    for name in {**change.sent, **change.new}:
        wanted = change.new.get(name)
        if not same(wanted, change.sent.get(name)) and not same(wanted, after.get(name)):
            undo()
            raise change.refuse(f'"{name}" cannot be set to that')


def set_action(change: Change) -> Any:
    """Texts of an instruction, a message, a generative slot, a block: in place, for Mellea goes on with the object it has."""
    span, new = change.live, change.new
    before, fields = dict(vars(span)), new.get("fields") or {}
    if isinstance(span, CBlock):
        name = "description" if same(change.sent["text"], new.get("text")) else "text"
        span.value = str(new.get(name))
    elif isinstance(span, Message):
        span.content = str(new.get("description"))
        span._content_cblock = CBlock(span.content)
        span._docs = _documents(span._docs, fields.get("documents"))
    elif isinstance(span, Instruction):
        _instruct(span, new)
    elif isinstance(getattr(span, "_arguments", None), CBlock):
        span._arguments = _with(span._arguments, value=fields.get("arguments"))
    must_read(change, component(span), lambda: vars(span).update(before))
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
    if isinstance(fields.get("repair_string"), str):
        span._repair_string = fields["repair_string"]
    wanted = fields.get("requirements") or []
    if len(wanted) == len(span._requirements):
        span._requirements = [_with(old, description=one["description"]) for old, one in zip(span._requirements, wanted, strict=True)]


def _documents(old: Any, wanted: Any) -> Any:
    if not (old and wanted and len(old) == len(wanted)):
        return old
    return [_with(one, text=told.get("text"), title=told.get("title")) for one, told in zip(old, wanted, strict=True)]


def _with(old: Any, **texts: Any) -> Any:
    """A copy with these texts, for the program may use its object elsewhere, too."""
    changed = {name: text for name, text in texts.items() if isinstance(text, str) and text != (getattr(old, name) or "")}
    if not changed:
        return old
    new = copy.copy(old)
    for name, text in changed.items():
        setattr(new, name, text)
    return new


def _text(old: Any, text: Any) -> Any:
    return CBlock(text) if isinstance(old, CBlock) and isinstance(text, str) and text != old.value else old
