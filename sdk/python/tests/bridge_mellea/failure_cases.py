"""When something is missing, broken or not asked for; and whether bridge and catalog agree."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import unittest
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from mellea.plugins import HookType, PluginViolationError
from pydantic import BaseModel

from outrigger.bridges import mellea as bridge
from outrigger.bridges.mellea import _payloads, _rules
from outrigger.bridges.mellea._changes import APPLY
from outrigger.host import HostGone

from .case import BLOCK, modify
from .rig import ROOT, SDK, Rig


class FailureTest(unittest.TestCase):
    def rig(self, hooks: list[str]) -> Rig:
        rig = Rig({"scripted": hooks})
        self.addCleanup(rig.close)
        return rig

    def test_a_guard_that_crashes_blocks_and_the_trace_says_so(self) -> None:
        rig = self.rig(["generation_pre_call"])
        rig.answer({"generation_pre_call": "crash"})
        with rig.start() as session, self.assertRaisesRegex(PluginViolationError, "Plugin blocked generation_pre_call") as raised:
            session.instruct("hello", strategy=None)
        self.assertEqual((raised.exception.plugin_name, rig.model.requests), ("scripted", []))
        self.assertIn("exited", raised.exception.reason)
        self.traced(rig, "EVENT_POISONED", "process exited with code 3")

    def traced(self, rig: Rig, code: str, why: str) -> None:
        """The record of the only event has the plugin's failure, and that it blocked."""
        [trace] = rig.traces()
        [answer] = trace["answers"]
        self.assertEqual(
            (trace["hook"], answer["plugin"], answer["status"], answer["code"], answer["failOpen"]),
            ("mellea.generation_pre_call", "scripted", "failed", code, False),
        )
        self.assertIn(why, answer["message"])
        self.assertEqual([trace["outcome"][key] for key in ("status", "by", "cause", "changed")], ["blocked", "scripted", "failure", []])

    def test_a_host_that_died_closes_what_guards_and_lets_the_rest_pass(self) -> None:
        rig = self.rig(["generation_pre_call", "generation_error", "session_cleanup"])
        session = rig.start()
        session.instruct("hello", strategy=None)
        host = rig.events()[0]["host"]
        self.assertIn(b"main.ts", Path(f"/proc/{host}/cmdline").read_bytes())
        rig.model.requests.clear()
        os.kill(host, signal.SIGKILL)
        self.assertIsNotNone(rig.gone())
        with self.assertRaisesRegex(PluginViolationError, r"\[HOST_GONE\]"):
            session.instruct("hello", strategy=None)
        self.assertEqual(rig.model.requests, [])
        with redirect_stderr(StringIO()) as said:
            session.cleanup()
            rig.start().cleanup()
        self.assertEqual(said.getvalue().count("going on without plugins"), 1)

    def test_a_redaction_outside_of_the_writable_fields_is_refused_loudly(self) -> None:
        rig = self.rig(["generation_pre_call"])
        rig.answer({"generation_pre_call": modify(action={"text": "[redacted]"}, model_options={"temperature": 0})})
        with rig.start() as session, self.assertRaisesRegex(PluginViolationError, r'ANSWER_NOT_WRITABLE.*"/action/text"'):
            session.instruct("my number is 5", strategy=None)
        self.assertEqual(rig.model.requests, [])
        self.traced(rig, "ANSWER_NOT_WRITABLE", '"/action/text"')

    def test_nothing_is_asked_when_nobody_listens(self) -> None:
        rig = self.rig(["generation_error"])
        with patch.object(_payloads, "read", side_effect=AssertionError("a payload was built")), rig.start() as session:
            self.assertEqual(str(session.instruct("hello", strategy=None)), "fine")

    def test_a_payload_that_cannot_be_read_blocks(self) -> None:
        class Odd(BaseModel):
            @classmethod
            def model_json_schema(cls, *_: object, **__: object) -> dict[str, object]:
                raise RuntimeError("odd")

        rig = self.rig(["generation_pre_call"])
        with rig.start() as session, self.assertRaisesRegex(PluginViolationError, r"PAYLOAD_INVALID.*odd"):
            session.instruct("hello", format=Odd, strategy=None)

    def test_uninstall_leaves_mellea_as_it_was(self) -> None:
        rig = self.rig(["generation_pre_call"])
        session = rig.start()
        rig.answer({"generation_pre_call": BLOCK})
        rig.bridge.uninstall()
        self.assertEqual(str(session.instruct("hello", strategy=None)), "fine")

    def test_connect_brings_the_catalog_unless_told_otherwise(self) -> None:
        rig = self.rig(["session_post_init"])
        rig.bridge.uninstall()
        rig.config.write_text(json.dumps({"plugins": json.loads(rig.config.read_text())["plugins"]}))
        for options, heard in (({}, True), ({"catalogs": []}, False)):
            with self.subTest(options), bridge.connect(str(rig.config), env=rig.env, **options) as installed:
                self.assertEqual(installed.hears("session_post_init"), heard)

    def test_connect_starts_no_process_without_a_configuration(self) -> None:
        with TemporaryDirectory() as folder:
            env = {"PATH": "", "HOME": folder, "XDG_CONFIG_HOME": folder}
            with bridge.connect(cwd=folder, env=env) as installed:
                self.assertFalse(installed.hears("generation_pre_call"))

    def test_connect_fails_when_its_host_cannot_be_started(self) -> None:
        with TemporaryDirectory() as folder, self.assertRaisesRegex(HostGone, "/no/such"):
            bridge.connect(f"{folder}/outrigger.json", command="/no/such")

    def test_connect_starts_nothing_inside_a_plugin(self) -> None:
        inside = {"OUTRIGGER_PLUGIN": "mine", "OUTRIGGER_SOCKET": "/no/such"}
        with patch.dict(os.environ, inside), bridge.connect() as installed:
            self.assertFalse(installed.hears("generation_pre_call"))

    def test_importing_the_bridge_does_not_import_mellea(self) -> None:
        code = "import sys, outrigger.bridges.mellea; sys.exit('mellea' in sys.modules or 'pydantic' in sys.modules)"
        self.assertEqual(subprocess.run([sys.executable, "-c", code], cwd=SDK, check=False).returncode, 0)


class CatalogTest(unittest.TestCase):
    def setUp(self) -> None:
        self.catalog = json.loads((ROOT / "schemas/catalogs/mellea/catalog.json").read_text())["hooks"]

    def test_every_hook_that_mellea_ships_is_bridged_and_in_the_catalog(self) -> None:
        self.assertEqual({hook.value for hook in HookType}, set(_payloads.FIELDS))
        self.assertLessEqual(set(_payloads.FIELDS), set(self.catalog))

    def test_failure_policies_are_those_of_the_catalog(self) -> None:
        ignored = {name for name, hook in self.catalog.items() if hook.get("onFailure") == "ignore" and name in _payloads.FIELDS}
        self.assertEqual(ignored, _rules.OPEN)

    def test_every_writable_field_can_be_applied_or_is_refused_by_name(self) -> None:
        refused = {
            f"{name}{pointer}"
            for name in _payloads.FIELDS
            for pointer in self.catalog[name].get("writable", [])
            if pointer[1:] not in APPLY.get(name, {})
        }
        self.assertEqual(
            refused,
            {
                "session_pre_init/backend_name",
                "session_pre_init/backend_kwargs",
                "component_pre_execute/context",
                "component_pre_execute/context_view",
                "generation_pre_call/formatted_prompt",
                "generation_pre_call/tools",
                "sampling_repair/repair_context",
            },
        )
