"""The bridge to coma, against the coma that is installed. Where there is none, no test is here: test/bridges/coma installs one."""

from importlib.util import find_spec

if find_spec("coma") is not None:
    from .bridges.coma_cases import ComaTest
    from .bridges.coma_failure_cases import ComaFailureTest

    __all__ = ["ComaFailureTest", "ComaTest"]
