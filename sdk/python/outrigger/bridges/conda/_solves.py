"""Before and after conda solves for packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._bridge import Bridge


def before(bridge: Bridge, add: Iterable[Any], remove: Iterable[Any]) -> None:
    bridge.fire("pre_solve", lambda: {"specsToAdd": specs(add), "specsToRemove": specs(remove)})


def after(bridge: Bridge, index: str, unlink: Iterable[Any], link: Iterable[Any]) -> None:
    bridge.fire("post_solve", lambda: {"repodataFn": str(index), "unlink": packages(unlink), "link": packages(link)})


def specs(found: Iterable[Any] | None) -> list[str]:
    """In an order that does not change; conda's sets have none."""
    return sorted(str(spec) for spec in found or ())


def packages(records: Iterable[Any] | None) -> list[dict[str, str]]:
    return [_package(record) for record in records or ()]


def _package(record: Any) -> dict[str, str]:
    told = {"name": str(record.name), "version": str(record.version)}
    for name in ("build", "channel", "subdir"):
        value = getattr(record, name, None)
        if value is not None:
            told[name] = str(value)
    return told
