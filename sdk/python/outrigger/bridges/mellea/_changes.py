"""What plugins changed, brought back into Mellea's live objects, or refused."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from mellea.core import Requirement, ValidationResult
from mellea.stdlib import sampling
from pydantic import BaseModel

from ._change import Change, NotApplicable
from ._data import Json, requirement, same
from ._options import options_back
from ._outputs import set_output, set_processed, with_args
from ._rules import OPERATION
from ._texts import set_action

FILLED = {"session_id", "request_id", "timestamp", "hook", "user_metadata", "payload_version", *OPERATION.values()}
"""What the host may fill in; no plugin can change it."""


class _List(list[Any]):
    """Mellea takes an empty list for "not changed"; this one counts as changed."""

    def __bool__(self) -> bool:
        return True


class _Dict(dict[str, Any]):
    """As `_List`."""

    def __bool__(self) -> bool:
        return True


Apply = Callable[[Change], Any]


def updates(hook: str, payload: Any, sent: Json, final: Json) -> dict[str, Any]:
    """Fields of Mellea's payload with the changes in them. Raises NotApplicable before anything is touched, where that can be known."""
    changed = [name for name in {**sent, **final} if not same(sent.get(name), final.get(name)) and name not in FILLED]
    known = APPLY.get(hook, {})
    for name in changed:
        if name not in known:
            raise NotApplicable(hook, name, "Mellea takes no change of it here")
    _check_flags(hook, changed, final)
    found: dict[str, Any] = {}
    for name in changed:
        field, apply = known[name]
        change = Change(hook, name, payload, sent.get(name), final.get(name))
        change.live = found.get(field, getattr(payload, field, None))
        value = apply(change)
        if value is not change.live:
            found[field] = value
    return found


def _check_flags(hook: str, changed: list[str], final: Json) -> None:
    """Mellea reads the results only: a verdict that contradicts them would be lost."""
    if hook != "validation_post_check":
        return
    has_passed = all(result["passed"] for result in final["results"])
    for flag in ("all_validations_passed", "all_passed"):
        if flag in changed and final[flag] is not has_passed:
            raise NotApplicable(hook, flag, 'the results say otherwise; change "results"')


def _as_is(change: Change) -> Any:
    return change.new


def _flag(change: Change) -> Any:
    return change.live if change.field == "all_passed" else change.new


def _options(change: Change) -> Any:
    options = options_back(change.live, change.sent, change.new)
    return options if options is None else _Dict(options)


def _format(change: Change) -> Any:
    if change.new is None:
        return None
    schema = dict(change.new)

    class Format(BaseModel):  # type: ignore[misc]
        @classmethod
        def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
            return copy.deepcopy(schema)

    Format.__name__ = str(schema.get("title") or "Format")
    return Format


def _strategy(change: Change) -> Any:
    name = change.new
    found = getattr(sampling, name, None) if isinstance(name, str) and name in sampling.__all__ else None
    if not (isinstance(found, type) and issubclass(found, sampling.SamplingStrategy)):
        raise change.refuse(f'"{name}" is no sampling strategy of Mellea')
    try:
        return found()
    except TypeError as error:
        raise change.refuse(f'"{name}" cannot be made without arguments: {error}') from error


def _requirements(change: Change) -> Any:
    """Those that are as they were stay the objects they were, with their validation functions."""
    left = [(requirement(one), one) for one in change.live]
    return _List([_requirement(wanted, left) for wanted in change.new])


def _requirement(wanted: Json, left: list[tuple[Json, Any]]) -> Any:
    for at, (known, one) in enumerate(left):
        if same(known, wanted):
            del left[at]
            return one
    return Requirement(wanted["description"], check_only=bool(wanted.get("check_only", False)))


def _results(change: Change) -> Any:
    if not isinstance(change.new, list) or len(change.new) != len(change.live):
        raise change.refuse(f"there must be {len(change.live)} of them, one for each requirement")
    return [_result(change, at) for at in range(len(change.live))]


def _result(change: Change, at: int) -> Any:
    live, sent, new = change.live[at], change.sent[at], change.new[at]
    if same(sent, new):
        return live
    if not same(sent["requirement"], new["requirement"]):
        raise change.refuse("their order is that of the requirements")
    kept = {name: getattr(live, name, None) for name in ("thunk", "context")}
    return ValidationResult(new["passed"], reason=new.get("reason"), score=new.get("score"), **kept)


def _tool_call(change: Change) -> Any:
    if not same(change.sent["name"], change.new.get("name")):
        raise change.refuse('only "args" can be changed, not the tool')
    return _with_args(change, change.new["args"])


def _tool_args(change: Change) -> Any:
    return _with_args(change, change.new)


def _with_args(change: Change, args: Any) -> Any:
    if not isinstance(args, dict):
        raise change.refuse("arguments are an object")
    return with_args(change.live, args)


_OPTIONS: dict[str, tuple[str, Apply]] = {"model_options": ("model_options", _options)}
_REQUIREMENTS: dict[str, tuple[str, Apply]] = {"requirements": ("requirements", _requirements)}
_CALL: dict[str, tuple[str, Apply]] = _OPTIONS | {"format": ("format", _format), "tool_calls": ("tool_calls", _as_is)}

APPLY: dict[str, dict[str, tuple[str, Apply]]] = {
    "session_pre_init": _OPTIONS | {"model_id": ("model_id", _as_is)},
    "component_pre_execute": _OPTIONS
    | _REQUIREMENTS
    | {
        "action": ("action", set_action),
        "format": ("format", _format),
        "strategy": ("strategy", _strategy),
        "tool_calls_enabled": ("tool_calls_enabled", _as_is),
    },
    "component_post_success": {"result": ("result", set_output)},
    "generation_pre_call": _CALL,
    "generation_post_call": {"model_output": ("model_output", set_output), "processed_output": ("model_output", set_processed)},
    "generation_batch_pre_call": _CALL,
    "validation_pre_check": _OPTIONS | _REQUIREMENTS,
    "validation_post_check": {
        "results": ("results", _results),
        "all_validations_passed": ("all_validations_passed", _flag),
        "all_passed": ("all_validations_passed", _flag),
    },
    "sampling_loop_start": {"loop_budget": ("loop_budget", _as_is)},
    "sampling_repair": {"repair_action": ("repair_action", set_action)},
    "sampling_loop_end": {"final_result": ("final_result", set_output)},
    "tool_pre_invoke": {"model_tool_call": ("model_tool_call", _tool_call), "tool_args": ("model_tool_call", _tool_args)},
    "tool_post_invoke": {"tool_output": ("tool_output", _as_is)},
}
"""What can be changed, and the field of Mellea's payload that it goes to. The rest of the catalog's writable fields is refused."""
