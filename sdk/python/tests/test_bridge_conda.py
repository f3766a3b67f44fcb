"""The bridge to conda, with the pluggy that is installed. Where there is none, no test is here: test/bridges/conda installs one."""

from importlib.util import find_spec

if find_spec("pluggy") is not None and find_spec("conda") is None:
    from .bridges.conda_cases import CondaTest
    from .bridges.conda_failure_cases import CondaFailureTest

    __all__ = ["CondaFailureTest", "CondaTest"]
