"""Virtual packages of plugins."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._bridge import Bridge


def virtual(bridge: Bridge) -> Iterator[Any]:
    from conda.plugins.types import CondaVirtualPackage

    told: dict[str, Any] = {}
    bridge.fire("virtual_packages", lambda: {"subdir": _subdir(), "packages": {}}, lambda _sent, final: told.update(final["packages"]))
    for name, how in told.items():
        yield CondaVirtualPackage(name=name, version=how.get("version"), build=how.get("build"), **_override(how))


def _subdir() -> str:
    from conda.base.context import context

    return str(context.subdir)


def _override(how: dict[str, Any]) -> dict[str, Any]:
    """Only what was asked for, for conda before 25.9 does not know it."""
    found: dict[str, Any] = {}
    if "override" in how:
        found["override_entity"] = how["override"]
    if how.get("empty_override") == "null":
        found["empty_override"] = None
    if "version_pattern" in how:
        found["version_validation"] = _validation(how["version_pattern"])
    return found


def _validation(pattern: str) -> Any:
    def validated(version: str) -> str | None:
        return version if re.fullmatch(pattern, version) else None

    return validated
