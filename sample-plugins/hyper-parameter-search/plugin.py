import math
import sys
from importlib.util import find_spec

import search
from outrigger import hook, modify, proceed, replace, serve

OPTIONS = {
    "study": {"help": "Name of the study, which is that of the experiment"},
    "delete": {"type": "boolean", "default": False, "help": "Forget the study"},
}


def setup(ctx):
    try:
        search.check(ctx.config["space"])
    except ValueError as error:
        # 78: the configuration is wrong, starting again does not help.
        print(error, file=sys.stderr)
        sys.exit(78)
    if ctx.config["method"] == "optuna":
        if find_spec("optuna") is None:
            return {"disable": "method optuna needs Optuna: pip install --target . optuna"}
        # Its import takes longer than an event should.
        import optuna_search  # noqa: F401


@hook("pycomex.cli_register_commands")
def register(payload):
    if "search" not in [*payload["built_in"], *payload["commands"]]:
        return modify({"commands": {"search": {"help": "Show studies of hyper-parameters, or delete one", "options": OPTIONS}}})


@hook("pycomex.run_command")
def run_command(payload, ctx):
    study, is_delete = payload["options"].get("study"), payload["options"].get("delete")
    names = [key.removeprefix("study/") for key in ctx.storage.list("study/")]
    if study is None:
        return replace({"exit_code": 0, "stdout": "".join(f"{name}\n" for name in names) or "no studies yet\n"})
    if study not in names:
        return replace({"exit_code": 1, "stdout": f'Cannot show "{study}": no study has this name\n'})
    if is_delete:
        ctx.storage.delete(f"study/{study}")
        return replace({"exit_code": 0, "stdout": f'deleted "{study}"\n'})
    return replace({"exit_code": 0, "stdout": report(ctx.storage.get(f"study/{study}"), ctx.config)})


def report(trials, config):
    """The points of a study, the best one first."""
    sign = 1 if config["direction"] == "minimize" else -1
    points = search.points(trials)
    scored = sorted((sign * sum(scores) / len(scores), i) for i, (_, scores, _) in enumerate(points) if scores)
    rest = [i for i, (_, scores, _) in enumerate(points) if not scores]
    lines = [f"{sign * score:<12.6g} {points[i][2]}x {points[i][0]}" for score, i in scored]
    lines += [f"{'no score':<12} {points[i][2]}x {points[i][0]}" for i in rest]
    return f"{len(trials)} trials, {config['objective']} to {config['direction']}\n" + "".join(f"{line}\n" for line in lines)


@hook("pycomex.before_experiment_initialize")
def begin(payload, ctx):
    """Makes the run a trial, and changes its parameters."""
    experiment = payload["experiment"]
    if not ctx.config["space"] or (experiment.get("parameters") or {}).get("__SEARCH__") is False:
        return None
    key = f"study/{experiment['name']}"
    trials = ctx.storage.get(key) or []
    parameters = search.suggest(ctx.config, trials)
    if parameters is None:
        ctx.log.warn(f"All {len(trials)} trials of the grid are made: {experiment['name']} runs with its own parameters")
        return None
    ctx.storage.set(key, [*trials, {"parameters": parameters, "state": "running"}])
    ctx.log.info(f"Trial {len(trials)} of {experiment['name']}: {parameters}")
    metadata = {"search": {"trial": len(trials), "method": ctx.config["method"]}}
    return modify({"experiment": {"parameters": parameters, "metadata": metadata}}, state={"trial": len(trials), "parameters": parameters})


@hook("pycomex.after_experiment_finalize")
def finish(payload, ctx):
    """Writes down the score, or that there is none."""
    if ctx.state is None:
        return None
    experiment, number = payload["experiment"], ctx.state["trial"]
    key = f"study/{experiment['name']}"
    trials = ctx.storage.get(key) or []
    # Somebody may have deleted the study meanwhile, and begun another.
    if number >= len(trials) or trials[number]["parameters"] != ctx.state["parameters"]:
        return None
    score = None if experiment.get("error") else score_of(payload.get("tracked") or {}, ctx.config["objective"])
    trials[number] |= {"state": "failed", "score": None} if score is None else {"state": "complete", "score": score}
    ctx.storage.set(key, trials)
    return proceed(metadata={"trial": number, "score": score})


def score_of(tracked, objective):
    values = [value for value in tracked.get(objective) or [] if isinstance(value, (int, float)) and math.isfinite(value)]
    return values[-1] if values else None


if __name__ == "__main__":
    serve()
