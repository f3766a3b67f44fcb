"""A coma program whose host is down, or that has none."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from unittest.mock import patch

from outrigger.bridges import coma as bridge
from outrigger.bridges.coma import _payloads

from ..real_host import SDK
from .coma_cases import forget, program
from .coma_program import Train, ran
from .rig import RigTest


class ComaFailureTest(RigTest):
    system = "coma"
    hooks = ["pre_config_hook", "pre_run_hook"]

    def setUp(self) -> None:
        super().setUp()
        forget()
        ran.clear()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def test_no_payload_is_built_where_nobody_listens(self) -> None:
        with bridge.install(self.host), patch.object(_payloads, "read", wraps=_payloads.read) as read:
            self.assertEqual(program(Train, ["train"], {})[0], 0)
        self.assertEqual([call.args[0] for call in read.call_args_list], self.hooks)

    def test_a_host_that_died_blocks_and_open_lets_pass_said_once(self) -> None:
        for policy, code in (("closed", 3), ("open", 0)):
            with self.subTest(policy):
                self.rig.reset()
                host = self.rig.open(on_host_failure=policy)
                self.addCleanup(host.close)
                with bridge.install(host):
                    forget()
                    program(Train, ["train"], {})
                    self.rig.kill(host)
                    forget()
                    ended, _, said = program(Train, ["train"], {})
                self.assertEqual(ended, code)
                self.assertEqual(said.count("going on without plugins"), 1 if policy == "open" else 0)

    def test_connect_closes_when_the_host_cannot_be_started_and_starts_none_without_a_configuration(self) -> None:
        with bridge.connect(str(self.rig.config), command="false"):
            self.assertEqual(program(Train, ["train"], {})[0], 3)
        forget()
        env = {"PATH": "", "HOME": os.getcwd()}
        with bridge.connect(cwd=os.getcwd(), env=env) as installed:
            self.assertEqual(program(Train, ["train"], {})[0], 0)
            self.assertEqual(type(installed.host._connection.link).__name__, "SilentLink")

    def test_connect_brings_the_catalog_unless_told_otherwise(self) -> None:
        for options, heard in (({}, self.hooks), ({"catalogs": []}, [])):
            self.rig.reset()
            forget()
            with self.subTest(options), bridge.connect(str(self.rig.without_catalogs()), env=self.rig.env, **options):
                self.assertEqual(program(Train, ["train"], {})[0], 0)
                self.assertEqual(self.rig.heard(), heard)

    def test_importing_the_bridge_does_not_import_coma(self) -> None:
        code = "import sys, outrigger.bridges.coma; sys.exit(any(name in sys.modules for name in ('coma', 'omegaconf', 'asyncio')))"
        self.assertEqual(subprocess.run([sys.executable, "-c", code], cwd=SDK, check=False).returncode, 0)
