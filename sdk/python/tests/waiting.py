"""Waiting for what another thread or process does."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

DEADLINE_S = 30.0
"""Never waited for unless a test fails: a busy machine needs seconds to start a process."""
_INTERVAL_S = 0.01


def wait_until(condition: Callable[[], T]) -> T:
    """What `condition` gave when it was true."""
    until = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"not true within {DEADLINE_S} s")
        pause.wait(_INTERVAL_S)
    return found
