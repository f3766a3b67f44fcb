"""The hooks that an experiment calls itself: built in, of a search, and of any name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pycomex.functional.experiment import Experiment

from .._events import Events, NotApplicable
from .._plain import fields, same
from . import _payloads

if TYPE_CHECKING:
    from .plugin import OutriggerPlugin

BUILT_IN = ("before_testing", "__TESTING__", "before_run", "after_run")
SEARCH = ("__optuna_parameters__", "__optuna_objective__", "__optuna_sampler__", "__optuna_direction__")
_DEFAULT_SAMPLER = {"type": "TPE", "options": {"n_startup_trials": 10, "multivariate": True}}


def patch(bridge: OutriggerPlugin) -> Callable[[], None]:
    """Fires the hooks of every experiment; gives what takes that back."""
    apply_hook, testing = Experiment.apply_hook, Experiment.apply_testing_if_possible

    @functools.wraps(apply_hook)
    def fired(self: Any, name: str, default: Any = None, **kwargs: Any) -> Any:
        result = apply_hook(self, name, default=default, **kwargs)
        return _fire(bridge, self, name, default, kwargs, result)

    @functools.wraps(testing)
    def tested(self: Any) -> None:
        if self.is_running and not self.is_testing and self.parameters.get("__TESTING__"):
            return _test(bridge, self, lambda: testing(self))
        testing(self)

    def restore() -> None:
        Experiment.apply_hook, Experiment.apply_testing_if_possible = apply_hook, testing

    Experiment.apply_hook, Experiment.apply_testing_if_possible = fired, tested
    return restore


def _test(bridge: OutriggerPlugin, experiment: Any, proceed: Callable[[], None]) -> None:
    """pycomex calls the functions of this one hook itself: for that moment there is one, which fires the event after them."""
    own = list(experiment.hook_map.get("__TESTING__", ()))
    if not bridge.events.has("__TESTING__"):
        return proceed()

    def all_of_them(live: Any) -> None:
        result = None
        for function in own:
            result = function(live)
        _fire(bridge, live, "__TESTING__", None, {}, result)

    experiment.hook_map["__TESTING__"] = [all_of_them]
    try:
        proceed()
    finally:
        experiment.hook_map["__TESTING__"] = own
        if not own:
            del experiment.hook_map["__TESTING__"]


def _fire(bridge: OutriggerPlugin, experiment: Any, name: str, default: Any, arguments: dict[str, Any], result: Any) -> Any:
    """What the caller gets."""
    point = name if name in BUILT_IN or name in SEARCH else "experiment_hook"
    changed: list[Any] = []

    def payload() -> _payloads.Json:
        read: _payloads.Json = {"experiment": _payloads.experiment(experiment)}
        if name in SEARCH:
            return read | _search(bridge, experiment, name, arguments, result)
        more = {"name": name, "arguments": fields(arguments)} if point == "experiment_hook" else {}
        return read | more | {"default": _payloads.value(default), "result": _payloads.value(result)}

    def apply(sent: _payloads.Json, final: _payloads.Json) -> None:
        _payloads.write(experiment, sent, final)
        if not same(sent.get("result"), final.get("result")):
            changed.append(_value(name, final.get("result")))

    outcome = bridge.fire(point, experiment, payload, apply)
    if outcome is not None and outcome.replaced:
        return _value(name, outcome.value["result"])
    return changed[0] if changed else result


def _search(bridge: OutriggerPlugin, experiment: Any, name: str, arguments: dict[str, Any], result: Any) -> _payloads.Json:
    if name == "__optuna_direction__":
        return {"result": result}
    if name == "__optuna_sampler__":
        return {"result": _DEFAULT_SAMPLER if result is None else {"type": type(result).__name__.removesuffix("Sampler")}}
    trial = arguments.get("trial") or getattr(bridge.config.plugins.get("optuna"), "current_trial", None)
    told = {"study": str(experiment.metadata["name"]), "number": 0}
    if trial is not None:
        told = {"study": trial.study.study_name, "number": trial.number, "parameters": fields(trial.params)}
    empty: Any = {} if name == "__optuna_parameters__" else None
    return {"trial": told, "result": empty if result is None else _payloads.value(result)}


def _value(name: str, result: Any) -> Any:
    return _sampler(result) if name == "__optuna_sampler__" else result


def _sampler(told: dict[str, Any]) -> Any:
    from optuna import samplers

    kind = getattr(samplers, f"{told['type']}Sampler", None)
    if kind is None:
        raise NotApplicable(f'optuna has no sampler "{told["type"]}"')
    return kind(**told.get("options", {}))


def stand_in(experiment: Any, events: Events) -> None:
    """The optuna plugin asks only experiments that have these two; a plugin of ours may be the one that answers."""
    for name, nothing in (("__optuna_parameters__", dict[str, Any]()), ("__optuna_objective__", None)):
        if name not in experiment.hook_map and events.has(name):
            experiment.hook_map[name] = [lambda _experiment, _nothing=nothing, **_: _nothing]
