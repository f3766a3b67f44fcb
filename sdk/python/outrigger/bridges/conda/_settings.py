"""Settings under `plugins:` in .condarc: the bridge's own, and those of plugins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from ._bridge import Bridge

CONFIG, ON_FAILURE = "outrigger_config", "outrigger_on_host_failure"
_PRIMITIVES: dict[str, Any] = {"string": str, "integer": int, "number": float, "boolean": bool}
_EMPTY: dict[str, Any] = {"string": "", "integer": 0, "number": 0.0, "boolean": False}


def own() -> Iterator[Any]:
    from conda.common.configuration import PrimitiveParameter
    from conda.plugins.types import CondaSetting

    found = "A configuration of Outrigger; default: found upward from the working directory."
    failure = '"closed": commands are blocked when the host of Outrigger is down. "open": they go on without its plugins.'
    yield CondaSetting(name=CONFIG, description=found, parameter=PrimitiveParameter("", element_type=str))
    yield CondaSetting(name=ON_FAILURE, description=failure, parameter=PrimitiveParameter("closed", element_type=str))


def of_plugins(bridge: Bridge) -> Iterator[Any]:
    """conda asks for them while it reads its configuration, so only of a host that the environment or the working directory names."""
    told: dict[str, Any] = {}
    if not bridge.is_opening and _may_open():
        bridge.fire("settings", lambda: {"settings": {}}, lambda _sent, final: told.update(final["settings"]))
    for name, setting in told.items():
        yield _setting(name, setting)


def _may_open() -> bool:
    from outrigger.host._find import find_config

    return bool(_named(CONFIG) or os.environ.get("OUTRIGGER_SOCKET") or find_config(None, os.environ))


def _setting(name: str, told: dict[str, Any]) -> Any:
    from conda.common.configuration import MapParameter, PrimitiveParameter, SequenceParameter
    from conda.plugins.types import CondaSetting

    kind = told["type"]
    if kind in _PRIMITIVES:
        parameter = PrimitiveParameter(told.get("default", _EMPTY[kind]), element_type=_PRIMITIVES[kind])
    else:
        many = SequenceParameter if kind == "list" else MapParameter
        parameter = many(PrimitiveParameter("", element_type=str), default=told.get("default", () if kind == "list" else {}))
    return CondaSetting(name=name, description=told["description"], parameter=parameter, aliases=tuple(told.get("aliases", ())))


def config() -> str | None:
    return _named(CONFIG) or _read(CONFIG) or None


def on_host_failure() -> Literal["open", "closed"]:
    return "open" if (_named(ON_FAILURE) or _read(ON_FAILURE)) == "open" else "closed"


def _named(name: str) -> str:
    return os.environ.get(f"CONDA_PLUGINS_{name.upper()}", "")


def _read(name: str) -> str:
    """Empty while conda is still reading its settings."""
    try:
        from conda.base.context import context

        return str(getattr(context.plugins, name, "") or "")
    except Exception:  # Half made, this object raises whatever it comes across.
        return ""
