"""A host with the scripted plugin, a bridge to it, and a model server."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from mellea import start_session

from outrigger.bridges import mellea as bridge
from outrigger.bridges.mellea._payloads import FIELDS
from outrigger.host import Host

from ..waiting import wait_until
from .model_server import ModelServer

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
SDK = HERE.parents[1]


class Rig:
    """`plugins`: name → hooks it hears. Those in `for_sessions` are only for sessions that name them."""

    def __init__(self, plugins: dict[str, list[str]] | None = None, for_sessions: tuple[str, ...] = (), **options: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="outrigger-mellea-"))
        self.model = ModelServer()
        plugins = {"scripted": list(FIELDS)} if plugins is None else plugins
        entries = {name: self._plugin(name, hooks, name in for_sessions) for name, hooks in plugins.items()}
        self.env = _environment(self.folder)
        self.config = self.folder / "outrigger.json"
        self.config.write_text(json.dumps({"catalogs": ["mellea"], "plugins": entries}))
        try:
            self.host = Host.embedded(str(self.config), env=self.env, **options)
            self.bridge = bridge.install(self.host)
        except BaseException:
            self._clear()
            raise

    def close(self) -> None:
        self.bridge.uninstall()
        self.host.close()
        self._clear()

    def _clear(self) -> None:
        self.model.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _plugin(self, name: str, hooks: list[str], is_for_sessions: bool) -> dict[str, Any]:
        folder = self.folder / name
        shutil.copytree(HERE / "scripted", folder)
        (folder / "hooks.json").write_text(json.dumps(hooks))
        modes = json.dumps({f"mellea.{hook}": {"mode": "sequential"} for hook in hooks})
        manifest = folder / "plugin.yaml"
        text = manifest.read_text().replace("name: scripted", f"name: {name}").replace("HOOKS", modes)
        manifest.write_text(text.replace("command: python3", f"command: {sys.executable}\n  env: {{ PYTHONPATH: {SDK} }}"))
        self.answer({}, name)
        entry = {"path": f"./{name}", "trust": "full", "config": {"folder": str(folder)}}
        return entry | ({"scope": "session"} if is_for_sessions else {})

    def answer(self, answers: dict[str, Any], plugin: str = "scripted") -> None:
        """What the plugin answers from here on, by hook."""
        (self.folder / plugin / "answers.json").write_text(json.dumps(answers))

    def events(self, hook: str | None = None, plugin: str = "scripted") -> list[dict[str, Any]]:
        """What the plugin has heard."""
        notes = self.folder / plugin / "events.jsonl"
        events = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
        return [event for event in events if hook in (None, event["hook"])]

    def payload(self, hook: str) -> dict[str, Any]:
        """Of the last event of this hook."""
        payload: dict[str, Any] = self.events(hook)[-1]["payload"]
        return payload

    def traces(self) -> list[dict[str, Any]]:
        """What the host has recorded. It ends it, for it writes its last records then."""
        self.host.close()
        return [json.loads(line) for line in (self.folder / "outrigger" / "traces.jsonl").read_text().splitlines()]

    def reset(self) -> None:
        """Nobody answers anything, nothing was heard, the model says "fine"."""
        for folder in self.folder.glob("*/answers.json"):
            self.answer({}, folder.parent.name)
        for notes in self.folder.glob("*/events.jsonl"):
            notes.unlink()
        self.model.reply, self.model.replies, self.model.requests = "fine", [], []

    def gone(self) -> Any:
        """Why the host is gone; waits until it is."""
        return wait_until(lambda: self.host.gone)

    def start(self, *plugins: Any, **options: Any) -> Any:
        """A real session of Mellea with its OpenAI backend."""
        return start_session(
            "openai", options.pop("model", "stub"), base_url=self.model.url, api_key="none", plugins=list(plugins) or None, **options
        )


def _environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CACHE_HOME": str(folder)}
