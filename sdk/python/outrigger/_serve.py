"""The entry of a plugin process."""

from __future__ import annotations

import os
import sys

from ._hooks import Handlers, collect
from ._stdio import Process, guard_stdout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_is_serving = False


def is_under_host() -> bool:
    """The host sets OUTRIGGER_PLUGIN for every plugin process."""
    return "OUTRIGGER_PLUGIN" in os.environ


def serve(*targets: object) -> NoReturn:
    """Serve the plugin on stdin and stdout until the host ends it, then end the process.

    `targets`: modules, classes, objects or functions with handlers; without any, the module that was started.
    Call it last: `if __name__ == "__main__": serve()`.
    """
    global _is_serving
    if _is_serving:
        raise RuntimeError("Cannot serve a second plugin: one process is one plugin")
    guard_stdout()
    handlers = collect(targets)
    if not is_under_host() and sys.stdin is not None and sys.stdin.isatty():
        _explain_and_exit(handlers)
    _is_serving = True
    Process(handlers).run()
    raise AssertionError("a plugin process ends in run()")


run = serve
"""The same by another name: `run()` reads better below the handlers of a script."""


def _explain_and_exit(handlers: Handlers) -> NoReturn:
    what = f"This is an Outrigger plugin for {', '.join(handlers.names())}, not a program of its own"
    instead = "add its folder to outrigger.yaml and start the application, or call it in memory with outrigger.testing"
    raise SystemExit(f"{what}: {instead}")
