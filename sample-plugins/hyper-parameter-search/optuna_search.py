"""Optuna as adviser: it is told what was tried, and asked what to try. The trials themselves stay in the plugin's storage."""

import contextlib

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

optuna.logging.set_verbosity(optuna.logging.ERROR)


def suggest(config, points):
    """As in pycomex: ten points at random, then by TPE, which looks at all parameters together."""
    distributions = {name: distribution(values) for name, values in config["space"].items()}
    sampler = optuna.samplers.TPESampler(n_startup_trials=10, multivariate=True, seed=config["seed"] + len(points))
    study = optuna.create_study(direction=config["direction"], sampler=sampler)
    for parameters, scores, _runs in points:
        # A point without a score is still running, or failed.
        if scores:
            with contextlib.suppress(KeyError, ValueError):  # tried in another space
                tried = {name: parameters[name] for name in distributions}
                value = sum(scores) / len(scores)
                study.add_trial(optuna.trial.create_trial(params=tried, distributions=distributions, value=value))
    return study.ask(distributions).params


def distribution(values):
    if "choices" in values:
        return CategoricalDistribution(values["choices"])
    low, high, step, log = values["low"], values["high"], values.get("step"), values.get("log", False)
    # Optuna steps through a logarithmic range in no way of its own.
    if values.get("integer"):
        return IntDistribution(int(low), int(high), log=log, step=1 if log else int(step or 1))
    return FloatDistribution(low, high, log=log, step=None if log else step)
