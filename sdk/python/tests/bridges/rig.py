"""A real host with a plugin that notes every event and answers what a test wrote into a file."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from outrigger.host import Host

from ..real_host import ROOT, SDK, command
from ..waiting import wait_until

BLOCK = {"action": "block", "violation": {"code": "no", "reason": "told to"}}


def modify(**changes: Any) -> dict[str, Any]:
    return {"action": "modify", "changes": changes}


def replace(value: Any) -> dict[str, Any]:
    return {"action": "replace", "value": value}


def catalog(name: str) -> dict[str, Any]:
    """The hook points of a catalog."""
    hooks: dict[str, Any] = json.loads((ROOT / f"schemas/catalogs/{name}/catalog.json").read_text())["hooks"]
    return hooks


class Rig:
    def __init__(self, system: str, hooks: list[str] | None = None) -> None:
        """`hooks`: those the plugin hears; default: all of the catalog."""
        self.system = system
        self.folder = Path(tempfile.mkdtemp(prefix=f"outrigger-{system}-"))
        self.plugin = self.folder / "scripted"
        shutil.copytree(Path(__file__).parent / "scripted", self.plugin)
        names = [f"{system}.{hook}" for hook in (catalog(system) if hooks is None else hooks)]
        (self.plugin / "hooks.json").write_text(json.dumps(names))
        manifest = {
            "name": "scripted",
            "version": "0.1.0",
            "description": "Notes every event and answers what a test wrote into a file.",
            "runtime": {"command": sys.executable, "args": ["plugin.py"], "env": {"PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1"}},
            "hooks": {name: {"mode": "sequential"} for name in names},
        }
        (self.plugin / "plugin.json").write_text(json.dumps(manifest))
        self.config = self.folder / "outrigger.json"
        entry = {"path": "./scripted", "trust": "full"}
        self.config.write_text(json.dumps({"catalogs": [system], "plugins": {"scripted": entry}}))
        self.env = {**os.environ, "OUTRIGGER_BIN": command(), "HOME": str(self.folder), "XDG_CONFIG_HOME": "", "XDG_STATE_HOME": ""}
        self.reset()

    def open(self, **options: Any) -> Host:
        return Host.embedded(str(self.config), env=self.env, **options)

    def without_catalogs(self) -> Path:
        """A configuration with the same plugin that names no catalog."""
        config = self.folder / "plain" / "outrigger.json"
        config.parent.mkdir(exist_ok=True)
        config.write_text(json.dumps({"plugins": {"scripted": {"path": str(self.plugin), "trust": "full"}}}))
        return config

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def answer(self, **answers: Any) -> None:
        """What the plugin answers from here on, by hook."""
        (self.plugin / "answers.json").write_text(json.dumps(answers))

    def reset(self) -> None:
        """Nobody answers anything, nothing was heard."""
        self.answer()
        (self.plugin / "events.jsonl").write_text("")

    def events(self, hook: str | None = None) -> list[dict[str, Any]]:
        """What the plugin has heard."""
        events = [json.loads(line) for line in (self.plugin / "events.jsonl").read_text().splitlines()]
        return [event for event in events if hook in (None, event["hook"])]

    def heard(self) -> list[str]:
        return [event["hook"] for event in self.events()]

    def payload(self, hook: str) -> dict[str, Any]:
        """Of the last event of this hook."""
        payload: dict[str, Any] = self.events(hook)[-1]["payload"]
        return payload

    def kill(self, host: Host) -> None:
        """Kills the host of an event that was heard, and waits until it is gone."""
        pid = self.events()[0]["host"]
        if b"main.ts" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            raise AssertionError(f"process {pid} is no host")
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: host.gone)


class RigTest(unittest.TestCase):
    """One host for the tests of a class."""

    system: str
    hooks: list[str] | None = None
    rig: Rig
    host: Host

    @classmethod
    def setUpClass(cls) -> None:
        cls.rig = Rig(cls.system, cls.hooks)
        cls.addClassCleanup(cls.rig.close)
        cls.host = cls.rig.open()
        cls.addClassCleanup(cls.host.close)
        assert not cls.host.problems, cls.host.problems

    def setUp(self) -> None:
        self.rig.reset()
