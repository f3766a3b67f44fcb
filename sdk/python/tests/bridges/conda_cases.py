"""conda's hook specifications with the real pluggy and a stand-in for the rest of conda, and a real host."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from outrigger.bridges._events import Events

from .rig import BLOCK, RigTest, catalog, modify, replace

STAND_IN = str(Path(__file__).parent / "stand_in_conda")
sys.path.insert(0, STAND_IN)

from conda import plugins as conda_plugins
from conda.common.configuration import MapParameter, PrimitiveParameter, SequenceParameter
from conda.exceptions import CondaError

from outrigger.bridges.conda import plugin
from outrigger.bridges.conda._bridge import OPEN, bridge

STEPS = ("verify", "execute", "reverse", "cleanup")


def package(name: str) -> Any:
    return SimpleNamespace(name=name, version="1.0", build="0", channel="main", subdir="noarch", other=object())


class Case(RigTest):
    system = "conda"

    def setUp(self) -> None:
        super().setUp()
        bridge.use(Events(self.host, "conda", OPEN))
        self.addCleanup(bridge.use, None)
        self.conda = conda_plugins.Manager(plugin)
        self.argv("install", "numpy", "--yes")

    def argv(self, *words: str) -> None:
        patched = patch.object(sys, "argv", ["conda", *words])
        patched.start()
        self.addCleanup(patched.stop)


class CondaTest(Case):
    def test_pre_and_post_command_tell_of_the_command_as_one_operation(self) -> None:
        self.conda.commands("pre", "install")
        self.conda.commands("post", "install")
        before, after = self.rig.events()
        self.assertEqual((before["payload"]["command"], before["payload"]["args"]), ("install", ["numpy", "--yes"]))
        self.assertEqual((after["hook"], after["payload"]["exitCode"]), ("post_command", 0))
        self.assertGreaterEqual(after["payload"]["durationMs"], 0)
        self.assertEqual(before["operation"], after["operation"])

    def test_every_command_is_heard_of(self) -> None:
        for command, words in (("env_create", ["env", "create", "-n", "x"]), ("of-a-plugin", ["of-a-plugin", "-n", "x"])):
            self.argv(*words)
            self.conda.commands("pre", command)
            self.assertEqual((self.rig.payload("pre_command")["command"], self.rig.payload("pre_command")["args"]), (command, ["-n", "x"]))

    def test_a_block_is_a_conda_error_with_the_reason(self) -> None:
        self.rig.answer(pre_command=BLOCK)
        with self.assertRaisesRegex(CondaError, '^conda.pre_command was blocked by plugin "scripted": told to'):
            self.conda.commands("pre", "install")

    def test_pre_command_changes_environment_and_folder_and_refuses_arguments(self) -> None:
        self.addCleanup(os.chdir, os.getcwd())
        folder = str(self.rig.folder.resolve())
        with patch.dict(os.environ, {"GONE": "1"}):
            self.rig.answer(pre_command=modify(env={"ADDED": "2"}, unsetEnv=["GONE"], cwd=folder))
            self.conda.commands("pre", "install")
            self.assertEqual((os.environ.get("ADDED"), os.environ.get("GONE"), os.getcwd()), ("2", None, folder))
        self.rig.answer(pre_command=modify(args=["scipy"]))
        with self.assertRaisesRegex(CondaError, "conda has read its arguments already.*CHANGE_NOT_APPLICABLE"):
            self.conda.commands("pre", "install")

    def test_pre_command_answers_in_place_of_the_command(self) -> None:
        self.rig.answer(pre_command=replace({"exitCode": 5, "stdout": "done\n"}))
        with redirect_stdout(StringIO()) as printed, self.assertRaises(SystemExit) as exit:
            self.conda.commands("pre", "install")
        self.assertEqual((exit.exception.code, printed.getvalue()), (5, "done\n"))

    def test_exceptions_are_observed_with_all_their_facts(self) -> None:
        class PackagesNotFoundError(CondaError):
            pass

        self.conda.commands("pre", "install")
        try:
            raise PackagesNotFoundError("no numpi")
        except CondaError as error:
            facts = {"argv": ("conda", "install", "numpi"), "conda_version": "26.7.1", "return_code": 1, "active_prefix": None}
            facts |= {"target_prefix": "/env", "channels": ("main",), "subdir": "linux-64", "offline": False, "dry_run": True}
            facts |= {"quiet": False, "json": False, "exc_type": type(error), "exc_value": error, "exc_traceback": error.__traceback__}
            self.conda.observe(SimpleNamespace(**facts))
        told = self.rig.payload("on_exception")
        self.assertEqual(
            (told["error"], told["errorClasses"][:2], told["message"]),
            ("PackagesNotFoundError", ["PackagesNotFoundError", "CondaError"], "no numpi"),
        )
        self.assertEqual((told["returnCode"], told["targetPrefix"], told["channels"], told["dryRun"]), (1, "/env", ["main"], True))
        self.assertIn("raise PackagesNotFoundError", told["traceback"])
        self.assertNotIn("activePrefix", told)

    def test_hints_of_plugins_come_to_an_error(self) -> None:
        self.rig.answer(error_hints=modify(hints={"spelling": "Did you mean numpy?"}))
        [hint] = self.conda.results("error_hints", error=CondaError("no numpi"))
        self.assertEqual((hint.hint_code, hint.text), ("spelling", "Did you mean numpy?"))
        self.assertEqual(self.rig.payload("error_hints")["error"], "CondaError")

    def test_solves_are_told_of_and_blocked(self) -> None:
        [before], [after] = self.conda.results("pre_solves"), self.conda.results("post_solves")
        before.action(frozenset({"scipy", "numpy>=2"}), frozenset({"old"}))
        after.action("repodata.json", (package("old"),), (package("numpy"),))
        self.assertEqual(self.rig.payload("pre_solve"), {"specsToAdd": ["numpy>=2", "scipy"], "specsToRemove": ["old"]})
        one = {"name": "numpy", "version": "1.0", "build": "0", "channel": "main", "subdir": "noarch"}
        self.assertEqual((self.rig.payload("post_solve")["link"], self.rig.payload("post_solve")["repodataFn"]), ([one], "repodata.json"))
        self.rig.answer(pre_solve=BLOCK, post_solve=BLOCK)
        with self.assertRaisesRegex(CondaError, "pre_solve was blocked"):
            before.action(frozenset(), frozenset())
        with self.assertRaisesRegex(CondaError, "post_solve was blocked"):
            after.action("repodata.json", (), ())

    def test_headers_of_plugins_are_sent_and_forbidden_ones_are_refused(self) -> None:
        self.rig.answer(session_headers=modify(headers={"x-one": "1"}), request_headers=modify(headers={"x-two": "2"}))
        [one] = self.conda.results("session_headers", host="example.org")
        [two] = self.conda.results("request_headers", host="example.org", path="/repodata.json")
        self.assertEqual([(one.name, one.value), (two.name, two.value)], [("x-one", "1"), ("x-two", "2")])
        self.assertEqual(self.rig.payload("request_headers"), {"host": "example.org", "path": "/repodata.json", "headers": {}})
        self.rig.answer(request_headers=modify(headers={"host": "evil.example"}))
        with self.assertRaisesRegex(CondaError, "request_headers was blocked"):
            self.conda.results("request_headers", host="example.org", path="/")

    def test_credentials_of_a_channel_are_asked_for_once_and_never_sent_in_the_clear(self) -> None:
        [handler] = self.conda.results("auth_handlers")
        self.rig.answer(channel_auth=replace({"username": "me", "password": "secret"}))
        auth = handler.handler("main")
        for _ in range(2):
            request = SimpleNamespace(url="https://example.org/main/repodata.json", headers={})
            self.assertEqual(auth(request).headers, {"Authorization": "Basic bWU6c2VjcmV0"})
        self.assertEqual([event["payload"]["channel"] for event in self.rig.events("channel_auth")], ["main"])
        with self.assertRaisesRegex(CondaError, "plain HTTP"):
            auth(SimpleNamespace(url="http://example.org/main/repodata.json", headers={}))
        self.rig.answer(channel_auth=replace({"token": "t"}))
        local = SimpleNamespace(url="http://localhost:8080/", headers={})
        self.assertEqual(handler.handler("other")(local).headers, {"Authorization": "Bearer t"})

    def test_subcommands_of_plugins_are_parsed_and_run(self) -> None:
        options = {"times": {"type": "integer", "default": 2}, "dry": {"type": "boolean"}}
        told = {"count": {"summary": "Counts.", "aliases": ["cnt"], "options": options}}
        self.rig.answer(subcommands=modify(subcommands=told), run_subcommand=replace({"exitCode": 4, "stdout": "17\n"}))
        [command] = self.conda.results("subcommands")
        parser = ArgumentParser()
        command.configure_parser(parser)
        self.argv("count", "--times", "3")
        with redirect_stdout(StringIO()) as printed:
            code = command.action(parser.parse_args(["--times", "3"]))
        self.assertEqual((command.name, command.summary, command.aliases), ("count", "Counts.", ("cnt",)))
        self.assertEqual((code, printed.getvalue()), (4, "17\n"))
        ran = self.rig.payload("run_subcommand")
        self.assertEqual((ran["name"], ran["args"], ran["options"]), ("count", ["--times", "3"], {"times": 3, "dry": False}))
        self.assertIn("install", self.rig.payload("subcommands")["builtIn"])
        self.rig.answer()
        with self.assertRaisesRegex(CondaError, "no plugin does"):
            command.action(parser.parse_args([]))

    def test_virtual_packages_of_plugins_are_in_the_index(self) -> None:
        told = {"gpu": {"version": "12.1", "override": "version", "empty_override": "null", "version_pattern": r"\d+\.\d+"}, "os": {}}
        self.rig.answer(virtual_packages=modify(packages=told))
        gpu, system = self.conda.results("virtual_packages")
        self.assertEqual(
            (gpu.name, gpu.version, gpu.build, gpu.override_entity, gpu.empty_override), ("gpu", "12.1", None, "version", None)
        )
        self.assertEqual((gpu.version_validation("12.2"), gpu.version_validation("x")), ("12.2", None))
        self.assertEqual((system.empty_override, system.version_validation), ("absent", None))
        self.assertEqual(self.rig.payload("virtual_packages")["subdir"], "linux-64")

    def test_settings_are_those_of_the_bridge_and_of_plugins(self) -> None:
        told = {"quota": {"description": "How many.", "type": "integer", "default": 3, "aliases": ["q"]}}
        told |= {"hosts": {"description": "Which.", "type": "list"}, "names": {"description": "Who.", "type": "map"}}
        self.rig.answer(settings=modify(settings=told))
        with patch.dict(os.environ, {"CONDA_PLUGINS_OUTRIGGER_CONFIG": str(self.rig.config)}):
            found = {setting.name: setting for setting in self.conda.results("settings")}
        self.assertEqual(list(found), ["hosts", "names", "outrigger_config", "outrigger_on_host_failure", "quota"])
        kinds = [type(found[name].parameter) for name in ("hosts", "names", "quota")]
        self.assertEqual(kinds, [SequenceParameter, MapParameter, PrimitiveParameter])
        self.assertEqual((found["quota"].parameter.default, found["quota"].aliases), (3, ("q",)))

    def test_findings_of_plugins_are_printed_and_fixed(self) -> None:
        findings = {
            "pins": {"ok": False, "summary": "2 pins", "details": ["a", "b"], "fixable": True},
            "rest": {"ok": True, "summary": "fine"},
        }
        self.rig.answer(health_checks=modify(findings=findings), fix_health=replace({"exitCode": 0, "stdout": "fixed\n"}))
        [check] = self.conda.results("health_checks")
        asked: list[str] = []
        with redirect_stdout(StringIO()) as printed:
            check.action("/env", True)
            code = check.fixer("/env", SimpleNamespace(dry_run=False), asked.append)
        self.assertEqual(printed.getvalue(), "❌ pins: 2 pins\n  a\n  b\n✅ rest: fine\nfixed\n")
        self.assertEqual((code, asked), (0, ["Fix pins: 2 pins?"]))
        self.assertEqual(self.rig.payload("fix_health"), {"prefix": "/env", "check": "pins", "dryRun": False})

    def test_actions_take_part_in_a_transaction(self) -> None:
        for when in ("pre", "post"):
            [found] = self.conda.results(f"{when}_transaction_actions")
            action = found.action({}, "/env", (package("old"),), (package("numpy"),), {"old"}, {"numpy"}, set())
            for step in STEPS:
                getattr(action, step)()
            self.assertEqual(self.rig.heard()[-4:], [f"{when}_transaction_{step}" for step in STEPS])
            told = self.rig.payload(f"{when}_transaction_execute")
            self.assertEqual((told["targetPrefix"], told["removeSpecs"], told["link"][0]["name"]), ("/env", ["old"], "numpy"))
            self.rig.answer(**{f"{when}_transaction_execute": BLOCK})
            with self.assertRaisesRegex(CondaError, f"{when}_transaction_execute was blocked"):
                action.execute()

    def test_a_plugin_that_crashes_blocks_where_it_guards_and_only_there(self) -> None:
        self.rig.answer(pre_command="crash")
        with self.assertRaisesRegex(CondaError, "exited"):
            self.conda.commands("pre", "install")
        self.rig.answer(post_command="crash")
        self.conda.commands("post", "install")

    def test_every_hook_point_of_the_catalog_is_fired_under_its_policy(self) -> None:
        hooks = catalog("conda")
        self.assertEqual({name for name, hook in hooks.items() if hook.get("onFailure") == "ignore"}, OPEN)
        origins = {hook["origin"] for hook in hooks.values()} - {"conda_error_hints"}
        self.assertLessEqual(origins, {name for name in dir(plugin) if name.startswith("conda_")})
