"""An experiment as data, and changed data back into it."""

from __future__ import annotations

import json
import mimetypes
import os
from datetime import datetime, timezone
from typing import Any

from .._plain import NotData, fields, merge, plain, same

Json = dict[str, Any]


def experiment(live: Any) -> Json:
    metadata = live.metadata
    found: Json = {
        "name": str(metadata.get("name") or os.path.splitext(os.path.basename(str(live.glob.get("__file__", ""))))[0] or "experiment"),
        "namespace": str(metadata["namespace"]),
        "description": str(metadata.get("description") or ""),
        "path": None if live.path is None else str(live.path),
        "parameters": fields(live.parameters),
        "metadata": fields(metadata),
        "is_testing": bool(live.is_testing),
        "error": None if live.error is None else error(live.error, live.tb),
    }
    if isinstance(metadata.get("start_time"), (int, float)):
        found["start_time"] = datetime.fromtimestamp(metadata["start_time"], timezone.utc).isoformat()
    if isinstance(metadata.get("duration"), (int, float)):
        found["duration_s"] = max(0.0, metadata["duration"])
    return found


def error(raised: BaseException, traceback: str | None) -> Json:
    found = {"type": type(raised).__name__, "message": str(raised)}
    return found if traceback is None else found | {"traceback": traceback}


def write(live: Any, sent: Json, final: Json) -> None:
    before, after = sent["experiment"], final["experiment"]
    if not same(before["parameters"], after["parameters"]):
        _set_parameters(live, before["parameters"], after["parameters"])
    if not same(before["metadata"], after["metadata"]):
        merge(live.metadata, before["metadata"], after["metadata"])


def _set_parameters(live: Any, sent: Json, final: Json) -> None:
    found = {name: live.glob[name] for name in final if name in live.glob}  # those that pycomex has not discovered yet
    values = found | live.parameters
    for name in merge(values, sent, final):
        if name not in values:
            live.parameters.pop(name, None)
            live.glob.pop(name, None)
        elif name.isupper() and "cache" in vars(live):
            setattr(live, name, values[name])
        else:  # no parameter, or an experiment that is only being made: pycomex will look for its parameters among its globals
            live.parameters[name] = live.glob[name] = values[name]


def value(of: Any) -> Any:
    """None for what is no data."""
    try:
        return plain(of)
    except NotData:
        return None


def plugin(name: str, live: Any) -> Json:
    version = getattr(live, "version", None) or getattr(live, "__version__", None)
    return {"name": name, "version": version if isinstance(version, str) else None}


def plugins_loaded(config: Any, plugins: dict[str, Any]) -> Json:
    return {"plugins": {name: plugin(name, live) for name, live in plugins.items()}, "config": fields(config.data)}


def figure(live: Any, name: str, drawn: Any = None) -> Json:
    path = os.path.join(str(live.path), name)
    found: Json = {"path": path}
    kind = mimetypes.guess_type(path)[0]
    if kind is not None:
        found["media_type"] = kind
    if drawn is not None:
        axes = drawn.axes[0].get_title() if drawn.axes else ""
        found["title"] = (drawn.get_suptitle() if hasattr(drawn, "get_suptitle") else "") or axes or None
    return found


def committed(name: str, content: str) -> Json:
    """As it was written: numbers that JSON does not have are texts."""
    return {"name": name, "data": json.loads(content, parse_constant=str), "content": content}


def tracked(live: Any) -> Json:
    return {
        name: [value(item) for item in live[name]] for name in live.metadata.get("__track__", []) if isinstance(live.data.get(name), list)
    }


def tracked_value(live: Any, name: str, of: Any) -> Json:
    if hasattr(of, "savefig"):
        return {"figure": figure(live, live[name][-1], of)}
    number = value(of)
    if isinstance(number, (int, float)):
        return {"value": float(number)}
    return {"figure": figure(live, number)} if isinstance(number, str) else {}
