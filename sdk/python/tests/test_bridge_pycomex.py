"""The bridge to pycomex, against the pycomex that is installed. Where there is none, no test is here: test/bridges/pycomex installs one."""

from importlib.util import find_spec

if find_spec("pycomex") is not None and find_spec("optuna") is not None:
    from .bridges.pycomex_cases import PycomexSearchTest, PycomexTest
    from .bridges.pycomex_failure_cases import PycomexFailureTest

    __all__ = ["PycomexFailureTest", "PycomexSearchTest", "PycomexTest"]
