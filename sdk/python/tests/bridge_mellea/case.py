"""What the tests share."""

from __future__ import annotations

import logging
import os
import unittest
from typing import Any

from mellea.backends import tool
from mellea.core import ValidationResult
from mellea.plugins import PluginViolationError

from .rig import Rig

logging.disable(logging.WARNING)
os.environ["MELLEA_GENERATION_CHUNK_EVENTS"] = "1"


BLOCK = {"action": "block", "violation": {"code": "no", "reason": "told to"}}


def modify(**changes: Any) -> dict[str, Any]:
    return {"action": "modify", "changes": changes}


def never(_: object) -> ValidationResult:
    return ValidationResult(False, reason="never")


@tool
def shout(text: str) -> str:
    """Says it loudly.

    Args:
        text: what to say
    """
    return text.upper()


class Case(unittest.TestCase):
    """One host and one model for the tests of a class."""

    rig: Rig
    plugins: dict[str, list[str]] | None = None
    for_sessions: tuple[str, ...] = ()

    @classmethod
    def setUpClass(cls) -> None:
        cls.rig = Rig(cls.plugins, cls.for_sessions)
        cls.addClassCleanup(cls.rig.close)

    def setUp(self) -> None:
        self.rig.reset()
        self.model = self.rig.model

    def told(self, hook: str, answer: Any) -> None:
        self.rig.answer({hook: answer})

    def blocked(self, hook: str) -> Any:
        """Expects that the plugin’s block of this hook reaches the caller."""
        self.told(hook, BLOCK)
        return self.assertRaisesRegex(PluginViolationError, rf"^Plugin blocked {hook}: \[no\] told to$")

    def last_prompt(self) -> str:
        return str(self.model.requests[-1]["messages"][-1]["content"])
