"""Experiments whose host is down, or that find the bridge by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from unittest.mock import patch

from outrigger.bridges.pycomex import _payloads
from outrigger.bridges.pycomex.plugin import OPEN
from outrigger.host import Blocked

from ..real_host import SDK
from .pycomex_cases import GLOBAL, PROGRAM, SEARCH, Case
from .rig import Rig, catalog, modify


class PycomexFailureTest(Case):
    hooks = ["before_experiment_initialize", "experiment_track"]

    def test_no_payload_is_built_where_nobody_listens(self) -> None:
        with patch.object(_payloads, "experiment", wraps=_payloads.experiment) as read:
            self.run_program()
        self.assertEqual((read.call_count, len(self.rig.events())), (4, 4))

    def test_a_host_that_died_blocks_what_guards_and_lets_the_rest_pass_said_once(self) -> None:
        for policy in ("closed", "open"):
            with self.subTest(policy):
                host = self.rig.open(on_host_failure=policy)
                self.addCleanup(host.close)
                self.rig.reset()
                self.run_program(host=host)
                self.rig.kill(host)
                if policy == "closed":
                    with self.assertRaisesRegex(Blocked, "HOST_GONE"):
                        self.run_program(host=host)
                else:
                    experiment, said = self.run_program(host=host)
                    self.assertEqual((experiment["epochs"], said.count("going on without plugins")), (3, 1))

    def test_pycomex_finds_the_bridge_by_itself_and_tells_of_its_plugins(self) -> None:
        rig = Rig("pycomex")
        self.addCleanup(rig.close)
        rig.answer(before_experiment_initialize=modify(experiment={"parameters": {"EPOCHS": 6}}))
        env = {**rig.env, "PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1"}
        program = rig.folder / "train.py"
        program.write_text(PROGRAM)
        subprocess.run([sys.executable, str(program)], cwd=rig.folder, env=env, check=True, capture_output=True, timeout=60)
        self.assertEqual([hook for hook in rig.heard() if "plugin" not in hook and not hook.startswith("cli")], GLOBAL)
        registered = {event["payload"]["name"] for event in rig.events("plugin_registered")}
        named = {event["payload"]["name"] for event in rig.events("plugin_registered__named")}
        self.assertEqual((registered - {"pycomex_outrigger"}, named), (named, named))
        self.assertLessEqual({"optuna", "notify", "plot_track"}, registered)
        self.assertEqual(set(rig.payload("after_plugins_loaded")["plugins"]), registered)
        [kept] = (rig.folder / "results").rglob("experiment_data.json")
        self.assertEqual(json.loads(kept.read_text())["epochs"], 6)

    def test_found_by_itself_it_brings_the_catalog(self) -> None:
        code = "from pycomex.config import Config; print(Config().plugins['pycomex_outrigger'].events.has('experiment_track'))"
        env = {**self.rig.env, "PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1"}
        folder = self.rig.without_catalogs().parent
        ran = subprocess.run([sys.executable, "-c", code], cwd=folder, env=env, check=True, capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.stdout, "True\n")

    def test_found_by_itself_it_starts_nothing_without_a_configuration(self) -> None:
        code = "from pycomex.config import Config; p = Config().plugins['pycomex_outrigger']; print(type(p.host._connection.link).__name__)"
        env = {"PATH": "", "HOME": str(self.rig.folder), "PYTHONPATH": str(SDK), "PYTHONDONTWRITEBYTECODE": "1"}
        ran = subprocess.run([sys.executable, "-c", code], cwd="/", env=env, check=True, capture_output=True, text=True, timeout=60)
        self.assertEqual(ran.stdout, "SilentLink\n")

    def test_importing_the_bridge_does_not_import_pycomex(self) -> None:
        code = "import sys, outrigger.bridges.pycomex; sys.exit(any(name in sys.modules for name in ('pycomex', 'numpy', 'asyncio')))"
        self.assertEqual(subprocess.run([sys.executable, "-c", code], cwd=SDK, check=False).returncode, 0)

    def test_failure_policies_and_hook_points_are_those_of_the_catalog(self) -> None:
        hooks = catalog("pycomex")
        self.assertEqual({name for name, hook in hooks.items() if hook.get("onFailure") == "ignore"}, OPEN)
        heard = {*GLOBAL, *SEARCH, "before_testing", "__TESTING__", "before_experiment_error", "run_command", "cli_register_commands"}
        self.assertEqual(set(hooks), heard | {"plugin_registered", "plugin_registered__named", "after_plugins_loaded"})
