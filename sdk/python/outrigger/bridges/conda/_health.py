"""Health checks of plugins, for `conda doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._bridge import Bridge


def checks(bridge: Bridge) -> Iterator[Any]:
    """One for conda, which prints what all plugins found."""
    from conda.plugins.types import CondaHealthCheck

    if not bridge.has("health_checks"):
        return
    how: dict[str, Any] = {"name": "outrigger", "action": lambda prefix, verbose: _check(bridge, prefix, verbose)}
    fixing = {"fixer": lambda prefix, args, confirm: _fix(bridge, prefix, args, confirm), "summary": "Findings of Outrigger's plugins"}
    try:
        yield CondaHealthCheck(**how, **fixing)
    except TypeError:  # conda before 26.1 only looks.
        yield CondaHealthCheck(**how)


def _findings(bridge: Bridge, prefix: str, verbose: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    payload = {"prefix": str(prefix), "findings": {}, "verbose": bool(verbose)}
    bridge.fire("health_checks", lambda: payload, lambda _sent, final: found.update(final["findings"]))
    return found


def _check(bridge: Bridge, prefix: str, verbose: bool) -> None:
    for name, finding in _findings(bridge, prefix, verbose).items():
        print(f"{'✅' if finding['ok'] else '❌'} {name}: {finding['summary']}")
        for detail in finding.get("details", ()) if verbose else ():
            print(f"  {detail}")


def _fix(bridge: Bridge, prefix: str, args: Any, confirm: Any) -> int:
    """Asks for each finding that can be put right. The highest exit code."""
    code, dry = 0, bool(getattr(args, "dry_run", False))
    for name, finding in _findings(bridge, prefix, False).items():
        if finding["ok"] or not finding.get("fixable"):
            continue
        if not dry:
            confirm(f"Fix {name}: {finding['summary']}?")
        payload = {"prefix": str(prefix), "check": name, "dryRun": dry}
        outcome = bridge.fire("fix_health", lambda payload=payload: payload)  # type: ignore[misc]
        code = max(code, _said(outcome.value) if outcome is not None and outcome.replaced else 1)
    return code


def _said(value: dict[str, Any]) -> int:
    print(value.get("stdout", ""), end="")
    code: int = value["exitCode"]
    return code
