"""Commands of conda, those that plugins add, and their errors."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ._bridge import EVERY, args_of

if TYPE_CHECKING:
    from ._bridge import Bridge

_TYPES: dict[str, Any] = {"string": str, "integer": int, "number": float}


def before(bridge: Bridge, command: str) -> None:
    bridge.command, bridge.started = command, time.monotonic()
    payload = {"command": command, "args": args_of(command), "cwd": os.getcwd(), "env": {}, "unsetEnv": []}
    outcome = bridge.fire("pre_command", lambda: payload, _change)
    if outcome is not None and outcome.replaced:
        _end(outcome.value)


def _change(sent: dict[str, Any], final: dict[str, Any]) -> None:
    from .._events import NotApplicable

    if final["args"] != sent["args"]:
        raise NotApplicable("conda has read its arguments already; they cannot be changed")
    for name in final.get("unsetEnv", []):
        os.environ.pop(name, None)
    os.environ.update(final.get("env", {}))
    if final.get("cwd", sent["cwd"]) != sent["cwd"]:
        os.chdir(final["cwd"])


def _end(value: dict[str, Any]) -> None:
    sys.exit(_printed(value))


def _printed(value: dict[str, Any]) -> int:
    sys.stdout.write(value.get("stdout", ""))
    sys.stderr.write(value.get("stderr", ""))
    sys.stdout.flush()
    code: int = value["exitCode"]
    return code


def _duration(bridge: Bridge) -> dict[str, float]:
    return {} if bridge.started is None else {"durationMs": (time.monotonic() - bridge.started) * 1000}


def after(bridge: Bridge, command: str) -> None:
    told = {"command": command, "args": args_of(command), "cwd": os.getcwd(), "exitCode": 0}
    bridge.fire("post_command", lambda: told | _duration(bridge))


_FACTS = {
    "returnCode": "return_code",
    "activePrefix": "active_prefix",
    "targetPrefix": "target_prefix",
    "subdir": "subdir",
    "offline": "offline",
    "dryRun": "dry_run",
    "quiet": "quiet",
    "json": "json",
    "condaVersion": "conda_version",
}


def failed(bridge: Bridge, event: Any) -> None:
    bridge.fire("on_exception", lambda: _failure(bridge, event))


def _failure(bridge: Bridge, event: Any) -> dict[str, Any]:
    import traceback

    words = [str(word) for word in event.argv or sys.argv][1:]
    command = bridge.command or next((word for word in words if not word.startswith("-")), "conda")
    told: dict[str, Any] = {"command": command, "args": args_of(command) if bridge.command else words, "cwd": os.getcwd()}
    told |= _error(event.exc_value, event.exc_type) | _duration(bridge)
    told["traceback"] = "".join(traceback.format_exception(event.exc_type, event.exc_value, event.exc_traceback))
    facts = {name: getattr(event, field, None) for name, field in _FACTS.items()}
    told |= {name: str(fact) if name.endswith("Prefix") else fact for name, fact in facts.items() if fact is not None}
    if event.channels is not None:
        told["channels"] = [str(channel) for channel in event.channels]
    return told


def _error(error: BaseException | None, kind: type | None = None) -> dict[str, Any]:
    classes = [one.__name__ for one in (kind or type(error)).__mro__ if one is not object]
    return {"error": classes[0], "errorClasses": classes, "message": str(error)}


def hints(bridge: Bridge, error: BaseException) -> Iterator[Any]:
    from conda.plugins.types import CondaErrorHint

    told: dict[str, str] = {}
    bridge.fire("error_hints", lambda: _error(error) | {"hints": {}}, lambda _sent, final: told.update(final["hints"]))
    for code, text in told.items():
        yield CondaErrorHint(text=text, hint_code=code)


def of_plugins(bridge: Bridge) -> Iterator[Any]:
    from conda.plugins.types import CondaSubcommand

    told: dict[str, Any] = {}
    built_in = sorted(name for name in EVERY if "_" not in name)
    bridge.fire("subcommands", lambda: {"builtIn": built_in, "subcommands": {}}, lambda _sent, final: told.update(final["subcommands"]))
    for name, how in told.items():
        more = {"aliases": tuple(how["aliases"])} if "aliases" in how else {}
        yield CondaSubcommand(
            name=name, summary=how["summary"], action=_runs(bridge, name), configure_parser=_parser(how.get("options", {})), **more
        )


def _parser(options: dict[str, Any]) -> Any:
    def configure(parser: Any) -> None:
        for name, told in options.items():
            how = {key: told[key] for key in ("help", "default", "required") if key in told}
            how |= {"action": "store_true"} if told.get("type") == "boolean" else {"type": _TYPES[told.get("type", "string")]}
            parser.add_argument(f"--{name}", **how)

    return configure


def _runs(bridge: Bridge, name: str) -> Any:
    def run(args: Any) -> int:
        from conda.exceptions import CondaError

        options = {key: value for key, value in getattr(args, "__dict__", {}).items() if isinstance(value, (str, int, float))}
        outcome = bridge.fire("run_subcommand", lambda: {"name": name, "args": args_of(name), "options": options, "cwd": os.getcwd()})
        if outcome is None or not outcome.replaced:
            raise CondaError(f'Cannot run "{name}": no plugin does')
        return _printed(outcome.value)

    return run
