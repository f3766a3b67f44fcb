"""Which values to try next. Pure: the same trials give the same answer."""

import itertools
import json
import math
import random

MAX_GRID = 100_000


def check(space):
    """Raises ValueError for a range that is none."""
    for name, values in space.items():
        if "choices" in values:
            continue
        if "low" not in values or "high" not in values or values["low"] > values["high"]:
            raise ValueError(f'Cannot search "{name}": give it choices, or low and high, the lower one first')
        if values.get("log") and values["low"] <= 0:
            raise ValueError(f'Cannot search "{name}" logarithmically: {values["low"]} is not above 0')


def points(trials):
    """The trials by what they tried, in order: [parameters, scores so far, runs so far]."""
    found = {}
    for trial in trials:
        point = found.setdefault(json.dumps(trial["parameters"], sort_keys=True), [trial["parameters"], [], 0])
        point[2] += 1
        if trial.get("score") is not None:
            point[1].append(trial["score"])
    return list(found.values())


def suggest(config, trials):
    """Parameters of the next trial; None when a grid is exhausted."""
    space, repetitions = config["space"], config["repetitions"]
    number, repetition = divmod(len(trials), repetitions)
    if repetition:
        return trials[-1]["parameters"]
    if config["method"] == "grid":
        return next(itertools.islice(grid(space), number, None), None)
    if config["method"] == "optuna":
        from optuna_search import suggest as suggest_by_optuna

        return suggest_by_optuna(config, points(trials))
    # One generator for each point: a search can go on in another process.
    chance = random.Random(f"{config['seed']}/{number}")
    return {name: draw(values, chance) for name, values in sorted(space.items())}


def grid(space):
    names = sorted(space)
    size = math.prod(len(steps(space[name])) for name in names)
    if size > MAX_GRID:
        raise ValueError(f"Cannot search a grid of {size} points: {MAX_GRID} are the most")
    return (dict(zip(names, values)) for values in itertools.product(*(steps(space[name]) for name in names)))


def steps(values):
    """What a grid has of one parameter; ten values of a range without steps."""
    if "choices" in values:
        return values["choices"]
    low, high = values["low"], values["high"]
    step = values.get("step") or (1 if values.get("integer") else None)
    if step:
        count = int((high - low) / step + 1e-9) + 1
        if count > MAX_GRID:
            raise ValueError(f"Cannot search a grid of {count} values: {MAX_GRID} are the most")
        return [rounded(low + i * step, values) for i in range(count)]
    return [between(values, i / 9) for i in range(10)]


def draw(values, chance):
    if "choices" in values:
        return chance.choice(values["choices"])
    if values.get("step") or values.get("integer"):
        step = values.get("step") or 1
        count = int((values["high"] - values["low"]) / step + 1e-9)
        if not values.get("log"):
            return rounded(values["low"] + chance.randint(0, count) * step, values)
    return between(values, chance.random())


def between(values, part):
    low, high = values["low"], values["high"]
    value = math.exp(math.log(low) + (math.log(high) - math.log(low)) * part) if values.get("log") else low + (high - low) * part
    return rounded(min(max(value, low), high), values)


def rounded(value, values):
    return round(value) if values.get("integer") else float(f"{value:.12g}")
