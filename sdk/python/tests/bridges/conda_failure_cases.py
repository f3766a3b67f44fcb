"""conda whose host is down, and how the plugin is loaded."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import redirect_stderr
from importlib.metadata import EntryPoint
from io import StringIO
from types import SimpleNamespace
from unittest.mock import patch

from conda.base.context import context
from conda.exceptions import CondaError

from outrigger.bridges._events import Events
from outrigger.bridges.conda import plugin
from outrigger.bridges.conda._bridge import OPEN, bridge

from ..real_host import SDK
from .conda_cases import STAND_IN, Case
from .rig import BLOCK


class CondaFailureTest(Case):
    hooks = ["pre_command"]

    def test_conda_is_given_nothing_to_call_where_nobody_listens(self) -> None:
        silent = "post_commands exception_observers subcommands virtual_packages health_checks pre_solves post_solves auth_handlers"
        for name in f"{silent} pre_transaction_actions post_transaction_actions".split():
            self.assertEqual(self.conda.results(name), [], name)
        self.assertEqual(len(self.conda.results("pre_commands")), 1)

    def test_a_host_that_died_blocks_and_open_lets_pass_said_once(self) -> None:
        for policy in ("closed", "open"):
            with self.subTest(policy):
                host = self.rig.open(on_host_failure=policy)
                self.addCleanup(host.close)
                self.rig.reset()
                bridge.use(Events(host, "conda", OPEN))
                self.conda.commands("pre", "install")
                self.rig.kill(host)
                with redirect_stderr(StringIO()) as said:
                    if policy == "closed":
                        with self.assertRaisesRegex(CondaError, "HOST_GONE"):
                            self.conda.commands("pre", "install")
                    else:
                        self.conda.commands("pre", "install")
                        self.conda.commands("pre", "install")
                self.assertEqual(said.getvalue().count("going on without plugins"), int(policy == "open"))

    def close_opened(self) -> None:
        """The host that the bridge opened by itself ends with this process, which is after its home is gone."""
        bridge._opened().host.close()

    def test_the_host_is_the_one_of_the_settings(self) -> None:
        self.addCleanup(self.close_opened)
        bridge.use(None)
        settings = {"outrigger_config": str(self.rig.config), "outrigger_on_host_failure": "open"}
        with patch.object(context, "plugins", SimpleNamespace(**settings)), patch.dict(os.environ, {"OUTRIGGER_BIN": "false"}):
            with redirect_stderr(StringIO()) as said:
                self.conda.commands("pre", "install")
        self.assertIn("going on without plugins", said.getvalue())
        bridge.use(None)
        with patch.object(context, "plugins", SimpleNamespace(outrigger_config=str(self.rig.config))), patch.dict(os.environ, self.rig.env):
            self.rig.answer(pre_command=BLOCK)
            with self.assertRaisesRegex(CondaError, "told to"):
                self.conda.commands("pre", "install")

    def test_it_brings_the_catalog(self) -> None:
        self.addCleanup(self.close_opened)
        bridge.use(None)
        with patch.dict(os.environ, {**self.rig.env, "CONDA_PLUGINS_OUTRIGGER_CONFIG": str(self.rig.without_catalogs())}):
            self.conda.commands("pre", "install")
        self.assertEqual(self.rig.heard(), ["pre_command"])

    def test_loaded_through_its_entry_point_it_loads_and_starts_nothing(self) -> None:
        [line] = [line for line in (SDK / "pyproject.toml").read_text().splitlines() if line.startswith("outrigger = ")]
        value = line.partition(" = ")[2].strip('"')
        self.assertIs(EntryPoint("outrigger", value, "conda").load(), plugin)
        loaded = "any(name in sys.modules for name in ('outrigger.host', 'outrigger.bridges._events'))"
        code = f"import sys, {value}; sys.exit({loaded})"
        env = {"PYTHONPATH": os.pathsep.join([str(SDK), STAND_IN]), "PYTHONDONTWRITEBYTECODE": "1"}
        self.assertEqual(subprocess.run([sys.executable, "-c", code], env=env, check=False).returncode, 0)
