"""Plugins as actions of a transaction: verify, execute, reverse, cleanup."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._solves import packages, specs

if TYPE_CHECKING:
    from ._bridge import Bridge

STEPS = ("verify", "execute", "reverse", "cleanup")


def hooks(when: str) -> list[str]:
    return [f"{when}_transaction_{step}" for step in STEPS]


def action(bridge: Bridge, when: str) -> type:
    """A class, for conda makes the object of it, with the transaction's facts."""
    from conda.core.path_actions import Action

    def fire(self: Any, step: str) -> None:
        bridge.fire(f"{when}_transaction_{step}", lambda: _facts(self))

    class OutriggerAction(Action):  # type: ignore[misc]
        def verify(self) -> None:
            fire(self, "verify")
            self._verified = True

        def execute(self) -> None:
            fire(self, "execute")

        def reverse(self) -> None:
            fire(self, "reverse")

        def cleanup(self) -> None:
            fire(self, "cleanup")

    return OutriggerAction


def _facts(action: Any) -> dict[str, Any]:
    return {
        "targetPrefix": str(action.target_prefix),
        "unlink": packages(action.unlink_precs),
        "link": packages(action.link_precs),
        "removeSpecs": specs(action.remove_specs),
        "updateSpecs": specs(action.update_specs),
        "neuteredSpecs": specs(action.neutered_specs),
    }
