"""The bridge to Mellea, against the Mellea that is installed. Where there is none, no test is here: test/bridges/mellea installs one."""

from importlib.util import find_spec

if find_spec("mellea") is not None and find_spec("cpex") is not None:
    from .bridge_mellea.component_cases import ComponentTest
    from .bridge_mellea.failure_cases import CatalogTest, FailureTest
    from .bridge_mellea.generation_cases import BatchTest, GenerationTest
    from .bridge_mellea.sampling_cases import SamplingTest, ValidationTest
    from .bridge_mellea.scope_cases import BesideTest, ScopeTest
    from .bridge_mellea.session_cases import SessionTest
    from .bridge_mellea.tool_cases import AdapterTest, StreamingTest, ToolTest

    __all__ = [
        "AdapterTest",
        "BatchTest",
        "BesideTest",
        "CatalogTest",
        "ComponentTest",
        "FailureTest",
        "GenerationTest",
        "SamplingTest",
        "ScopeTest",
        "SessionTest",
        "StreamingTest",
        "ToolTest",
        "ValidationTest",
    ]
