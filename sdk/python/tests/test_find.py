"""The configuration and the daemon that are found here, against the command line of this repository."""

import os
import shlex
import subprocess
import sys
import unittest
from types import SimpleNamespace
from unittest.mock import patch

from outrigger import Host, HostGone
from outrigger.host._find import find_config, find_socket, stranger_at
from tests.bridges.rig import Rig
from tests.real_host import SDK, RealHostTest, command
from tests.waiting import DEADLINE_S


class FindTest(RealHostTest):
    def setUp(self):
        super().setUp()
        self.folder = self.folder.resolve()
        self.inner = self.folder / "project" / "inner"
        self.inner.mkdir(parents=True)
        self.home = {"PATH": os.environ["PATH"], "HOME": str(self.folder / "home"), "XDG_RUNTIME_DIR": str(self.folder / "run")}

    def config(self, *path):
        file = self.folder.joinpath(*path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
        return str(file)

    def test_finds_the_named_the_nearest_above_and_the_users_own_config(self):
        self.assertIsNone(find_config(str(self.inner), self.home))
        own = self.config("home", ".config", "outrigger", "config.json")
        self.assertEqual(find_config(str(self.inner), self.home), own)
        other = self.config("xdg", "outrigger", "config.yml")
        self.assertEqual(find_config(str(self.inner), {**self.home, "XDG_CONFIG_HOME": str(self.folder / "xdg")}), other)
        above = self.config("project", "outrigger.json")
        self.assertEqual(find_config(str(self.inner), self.home), above)
        self.assertEqual(find_config(str(self.inner), {**self.home, "OUTRIGGER_CONFIG": "other.json"}), "other.json")

    def test_finds_the_socket_where_the_command_line_does(self):
        (self.folder / "link").symlink_to(self.config("project", "outrigger.json"))
        no_folder = {name: value for name, value in self.home.items() if name != "XDG_RUNTIME_DIR"}
        for cwd, env in (
            (self.inner, self.home),
            (self.inner, {**self.home, "OUTRIGGER_CONFIG": "../../link"}),
            (self.inner, {**no_folder, "TMPDIR": str(self.folder)}),
            (self.folder, {**self.home, "XDG_RUNTIME_DIR": "relative", "TMPDIR": str(self.folder)}),
            (self.folder, {**self.home, "OUTRIGGER_CONFIG": "not there.json"}),
            (self.folder, {**self.home, "OUTRIGGER_SOCKET": str(self.folder / "named.sock")}),
        ):
            with self.subTest(env):
                asked = subprocess.run([*shlex.split(command()), "status"], cwd=cwd, env=env, capture_output=True, text=True, check=False)
                self.assertEqual(asked.returncode, 4, asked.stderr)
                self.assertIn(f'at "{find_socket(str(cwd), env)}"', asked.stderr)

    def test_connect_joins_the_daemon_of_the_config_found_here(self):
        rig = Rig("conda", ["pre_command"])
        self.addCleanup(rig.close)
        env = {**rig.env, "XDG_RUNTIME_DIR": str(rig.folder / "run")}
        env.pop("OUTRIGGER_SOCKET", None)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(rig.plugin)
        with patch.dict(os.environ, env, clear=True):
            socket = find_socket(None, os.environ)
            with self.assertRaisesRegex(HostGone, f'"{socket}".*the daemon of "{rig.config}".*"outrigger start"'):
                Host.connect()
            daemon = subprocess.Popen([*shlex.split(command()), "up"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.addCleanup(daemon.stderr.close)
            self.addCleanup(daemon.wait, DEADLINE_S)
            self.addCleanup(daemon.terminate)
            self.assertTrue(any("daemon serves" in line for line in daemon.stderr))
            with Host.connect() as host:
                host.emit("conda.pre_command", {"command": "install", "args": []})
        self.assertEqual(rig.heard(), ["pre_command"])

    def test_a_socket_that_a_stranger_made_is_not_joined(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.inner)
        stranger = os.getuid() + 1
        with patch.object(os, "lstat", return_value=SimpleNamespace(st_uid=stranger)), patch.dict(os.environ, self.home, clear=True):
            with self.assertRaisesRegex(HostGone, rf"another user \(uid {stranger}\)"):
                Host.connect()
            os.environ["OUTRIGGER_SOCKET"] = "named by somebody"
            with self.assertRaisesRegex(HostGone, "No such file"):
                Host.connect()
        self.assertIsNone(stranger_at(str(self.folder)))

    def test_a_bridge_without_a_configuration_loads_no_more_than_it_needs(self):
        program = "from outrigger.bridges._events import open_host\nopen_host('conda')\nimport sys; print(*sys.modules)"
        how = {"cwd": self.inner, "env": {**self.home, "PYTHONPATH": str(SDK)}, "capture_output": True, "text": True, "check": True}
        loaded = subprocess.run([sys.executable, "-B", "-S", "-c", program], **how).stdout.split()
        self.assertIn("outrigger.host._find", loaded)
        self.assertFalse({"outrigger._serve", "outrigger.host._process", "asyncio", "hashlib", "shutil", "socket", "subprocess"} & set(loaded))


if __name__ == "__main__":
    unittest.main()
