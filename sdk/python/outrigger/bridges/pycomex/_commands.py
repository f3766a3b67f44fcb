"""Commands that plugins add to pycomex's command line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import rich_click as click

from outrigger.host import Blocked

from .._events import Events, NotApplicable

_TYPES: dict[str, Any] = {"string": str, "integer": int, "number": float}


def add(cli: Any, built_in: list[str], commands: dict[str, Any], events: Events) -> None:
    """Raises NotApplicable for a name that is taken."""
    taken = [name for name in commands if name in built_in]
    if taken:
        raise NotApplicable(f'the command "{taken[0]}" is pycomex\'s own')
    for name, told in commands.items():
        options = [_option(option, how) for option, how in told.get("options", {}).items()]
        text = told.get("help", "")
        cli.add_command(click.Command(name, callback=_runs(name, events), params=options, help=text, short_help=text))


def _option(name: str, told: dict[str, Any]) -> Any:
    how: dict[str, Any] = {"help": told.get("help"), "required": told.get("required", False)}
    if "default" in told:
        how["default"] = told["default"]
    if told.get("type") == "boolean":
        return click.Option([f"--{name}/--no-{name}", _word(name)], **how)
    return click.Option([f"--{name}", _word(name)], type=_TYPES[told.get("type", "string")], **how)


def _word(name: str) -> str:
    return name.replace("-", "_")


def _runs(name: str, events: Events) -> Callable[..., None]:
    def run(**options: Any) -> None:
        given = {option: value for option, value in options.items() if value is not None}
        try:
            outcome = events.fire("run_command", lambda: {"name": name, "options": given})
        except Blocked as blocked:
            raise click.ClickException(str(blocked)) from blocked
        if outcome is None or not outcome.replaced:
            raise click.ClickException(f'Cannot run "{name}": no plugin does')
        if outcome.value.get("stdout"):
            print(outcome.value["stdout"], flush=True)
        sys.exit(outcome.value["exit_code"])

    return run
