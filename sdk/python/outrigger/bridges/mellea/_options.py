"""Options of a model: Mellea's own keys are marked ("@@@seed@@@"), a plugin's are not ("seed")."""

from __future__ import annotations

from typing import Any

from mellea.backends import ModelOption

from ._data import Json, data, same

_MARK = "@@@"


def plain(key: str, options: dict[str, Any]) -> str:
    """A key as plugins see it; one that is there twice keeps its marks."""
    if not (key.startswith(_MARK) and key.endswith(_MARK)):
        return key
    short = key.strip("@")
    return key if short in options else short


def options_out(options: dict[str, Any] | None) -> Json | None:
    return None if options is None else {plain(str(key), options): data(value) for key, value in options.items()}


def options_back(live: dict[str, Any] | None, sent: Json | None, changed: Json | None) -> dict[str, Any] | None:
    """Live options with the changes in them: what nobody touched stays the object it was."""
    if changed is None:
        return None
    keys = {plain(str(key), live or {}): key for key in live or {}}
    merged: dict[str, Any] = {}
    for name, value in changed.items():
        key = keys.get(name) or _MARKED.get(name, name)
        is_kept = name in keys and sent is not None and same(sent.get(name), value)
        merged[key] = (live or {})[key] if is_kept else value
    return merged


_MARKED: dict[str, str] = {
    value.strip("@"): value for value in vars(ModelOption).values() if isinstance(value, str) and value.startswith(_MARK)
}
