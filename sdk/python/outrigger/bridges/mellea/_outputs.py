"""Changed outputs of the model, put into the objects that Mellea goes on with."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from mellea.core import CBlock
from mellea.stdlib.components import Message

from ._change import Change
from ._data import Json, data, output, same, tool_call
from ._texts import must_read

_PARTS = ("value", "thinking", "tool_calls", "parsed_repr")


def set_output(change: Change) -> Any:
    """The text of an output and the arguments of its tool calls, in place, and what is parsed from it."""
    thunk, new = change.live, change.new
    if thunk is None or new is None:
        raise change.refuse("an output can neither be made nor taken away")
    if not isinstance(new.get("value"), str):
        raise change.refuse("an output needs a text")
    before = {name: getattr(thunk, name) for name in _PARTS}

    def undo() -> None:
        for name, value in before.items():
            setattr(thunk, name, value)

    _set_parts(thunk, new)
    try:
        if any(getattr(thunk, name) != before[name] for name in _PARTS):
            _parse_again(thunk, change)
    except Exception as error:
        undo()
        raise change.refuse(f"the new text cannot be parsed: {error}") from error
    after = output(thunk)
    if thunk.value != before["value"] and not isinstance(thunk.parsed_repr, Message) and _holds(after.get("parsed"), before["value"]):
        undo()
        raise change.refuse("what is parsed from it still holds the old text")
    must_read(change, after, undo)
    return thunk


def set_processed(change: Change) -> Any:
    """The specification's name for the text of `model_output`."""
    sent = output(change.live)
    inner = Change(change.hook, change.field, change.payload, sent, sent | {"value": change.new})
    inner.live = change.live
    return set_output(inner)


def _set_parts(thunk: Any, new: Json) -> None:
    thunk.value = new["value"]
    if "thinking" in new:
        thunk.thinking = new["thinking"]
    calls, wanted = thunk.tool_calls or [], new.get("tool_calls") or []
    if [call.name for call in calls] == [one.get("name") for one in wanted] and not same([tool_call(call) for call in calls], wanted):
        thunk.tool_calls = [with_args(call, one["args"]) for call, one in zip(calls, wanted, strict=True)]


def with_args(call: Any, args: Json) -> Any:
    """A tool call with these arguments; those that are as they were stay the objects they were."""
    live = call.args
    return replace(call, args={name: live[name] if name in live and same(data(live[name]), value) else value for name, value in args.items()})


def _parse_again(thunk: Any, change: Change) -> None:
    thunk._set_parsed_repr()
    message = thunk.parsed_repr
    if not isinstance(message, Message):
        return
    # Mellea reads a message from the provider's response, where all is as it was.
    if message.content != thunk.value:
        message.content = thunk.value
        message._content_cblock = CBlock(thunk.value)
    if message.tool_calls:
        message._tool_calls = _calls_of(change) or [_spoken(*each) for each in zip(message.tool_calls, thunk.tool_calls, strict=True)]


def _calls_of(change: Change) -> Any:
    """The tool calls of the message as the plugin wants them; None when it left them alone."""
    sent, new = (((one.get("parsed") or {}).get("fields") or {}).get("tool_calls") for one in (change.sent, change.new))
    return None if same(sent, new) else new


def _spoken(told: Json, call: Any) -> Json:
    """A tool call as the provider wrote it, with the arguments it has now."""
    function = told["function"]
    if same(json.loads(function["arguments"]), call.args):
        return told
    return told | {"function": function | {"arguments": json.dumps(call.args)}}


def _holds(parsed: Any, text: str | None) -> bool:
    """Some text in it is the whole of this one."""
    if isinstance(parsed, dict):
        return any(_holds(one, text) for one in parsed.values())
    if isinstance(parsed, list):
        return any(_holds(one, text) for one in parsed)
    return bool(text) and parsed == text
