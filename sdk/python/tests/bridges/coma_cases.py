"""The ten slots of a real coma program, 2 or 3, whichever is installed."""

from __future__ import annotations

import importlib
import os
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import coma

from outrigger.bridges import coma as bridge

from .coma_program import Model, Train, ran, train_function
from .rig import BLOCK, RigTest, catalog, modify, replace

IS_2 = hasattr(coma, "initiate")
SLOTS = [f"{when}{what}_hook" for what in ("config", "init", "run") for when in ("pre_", "", "post_")]


class ComaTest(RigTest):
    system = "coma"

    def setUp(self) -> None:
        super().setUp()
        ran.clear()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        forget()

    def wake(self, *args: str, command: Any = Train, **hooks: Any) -> Any:
        """A program with this command, once from its start to its end: exit code, and what it printed."""
        with bridge.install(self.host):
            return program(command, args, hooks)

    def test_a_program_fires_its_ten_slots_in_order_as_one_operation(self) -> None:
        self.assertEqual(self.wake("train", "layers=7"), (0, "", ""))
        self.assertEqual(self.rig.heard(), ["parser_hook", *SLOTS])
        self.assertEqual(ran, [(7, 0.5, ["a"], 3)])
        operations = {event["operation"] for event in self.rig.events()[1:]}
        self.assertEqual(len(operations), 1)
        self.assertNotIn(self.rig.events()[0]["operation"], operations)
        for hook in SLOTS:
            payload = self.rig.payload(hook)
            self.assertEqual((payload["name"], payload["unknown_args"]), ("train", ["layers=7"]))
        self.assertEqual(self.rig.payload("parser_hook")["flags"]["model_path"]["flags"], ["--model-path"])

    def test_payloads_tell_what_is_there_at_each_slot(self) -> None:
        self.wake("train", "layers=7")
        before, after = self.rig.payload("pre_config_hook"), self.rig.payload("post_config_hook")
        self.assertEqual(before["command"], {"kind": "class", "target": "Train", "doc": "Trains a model."})
        self.assertEqual(before["configs"]["model"]["type"], "Model")
        self.assertEqual(before["configs"]["model"]["defaults"], {"layers": 2, "rate": 0.5, "tags": ["a"]})
        self.assertIn("model", before["configs"]["model"]["path"])
        self.assertEqual(after["configs"], {"model": {"layers": 7, "rate": 0.5, "tags": ["a"]}})
        self.assertEqual(self.rig.payload("pre_run_hook")["command"]["fields"]["epochs"], 3)
        self.assertNotIn("unreadable", self.rig.payload("pre_run_hook")["command"]["fields"])
        self.assertEqual(self.rig.payload("post_run_hook")["result"], {"loss": 3})

    def test_a_command_that_is_a_function_fires_them_too(self) -> None:
        self.rig.answer(init_hook=modify(configs={"model": {"layers": 5}}))
        self.assertEqual(self.wake("train", command=train_function)[0], 0)
        self.assertEqual(ran, [5])
        self.assertEqual(self.rig.payload("run_hook")["command"], {"kind": "function", "target": "train_function", "fields": {}})
        self.assertEqual(self.rig.payload("post_run_hook")["result"], 5)

    def test_parser_hook_adds_flags_whose_values_arrive(self) -> None:
        flags = {
            "dry": {"flags": ["--dry", "-n"], "type": "boolean", "help": "Do nothing."},
            "times": {"flags": ["--times"], "type": "integer", "default": 2},
            "what": {"flags": ["what"], "choices": ["x", "y"]},
        }
        self.rig.answer(parser_hook=modify(flags=flags))
        self.assertEqual(self.wake("train", "-n", "--times", "4", "y")[0], 0)
        known = self.rig.payload("pre_run_hook")["known_args"]
        self.assertEqual((known["dry"], known["times"], known["what"]), (True, 4, "y"))

    def test_parser_hook_changes_a_default_and_refuses_what_argparse_cannot(self) -> None:
        self.rig.answer(parser_hook=modify(flags={"model_path": {"default": "other.yaml"}}))
        self.wake("train")
        self.assertTrue(Path("other.yaml").exists())
        forget()
        self.rig.answer(parser_hook=modify(flags={"model_path": None}))
        code, _, said = self.wake("train")
        self.assertEqual(code, 3)
        self.assertIn('flags cannot be taken away: "model_path" (CHANGE_NOT_APPLICABLE)', said)

    def test_arguments_changed_before_configs_are_loaded_count(self) -> None:
        for hook in ("pre_config_hook", "config_hook"):
            with self.subTest(hook):
                forget()
                ran.clear()
                self.rig.answer(**{hook: modify(unknown_args=["layers=9"], known_args={"model_path": f"{hook}.yaml"})})
                self.assertEqual(self.wake("train", "layers=1")[0], 0)
                self.assertEqual(ran[0][0], 9)
                self.assertTrue(Path(f"{hook}.yaml").exists())

    def test_configs_changed_at_each_slot_reach_the_command(self) -> None:
        for hook in ("post_config_hook", "pre_init_hook", "init_hook"):
            with self.subTest(hook):
                forget()
                ran.clear()
                self.rig.answer(**{hook: modify(configs={"model": {"layers": 4, "rate": 1, "tags": ["b", "c"]}})})
                self.assertEqual(self.wake("train", "layers=1")[0], 0)
                self.assertEqual(ran, [(4, 1.0, ["b", "c"], 3)])

    def test_a_config_that_the_program_does_not_take_is_refused_loudly(self) -> None:
        for changes in ({"model": {"layers": "many"}}, {"model": {"other": 1}}, {"model": {"rate": None}}, {"model": None}, {"more": {}}):
            with self.subTest(changes):
                forget()
                self.rig.answer(pre_init_hook=modify(configs=changes))
                code, _, said = self.wake("train")
                self.assertEqual((code, ran), (3, []))
                self.assertRegex(said, "coma.pre_init_hook was blocked")

    def test_fields_changed_at_each_slot_reach_the_run(self) -> None:
        for hook in ("post_init_hook", "pre_run_hook", "run_hook"):
            with self.subTest(hook):
                forget()
                ran.clear()
                self.rig.answer(**{hook: modify(command={"fields": {"epochs": 8}})})
                self.assertEqual(self.wake("train")[0], 0)
                self.assertEqual(ran[0][3], 8)
                self.assertEqual(self.rig.payload("post_run_hook")["result"], {"loss": 8})

    def test_config_hook_gives_configs_in_place_of_loading_them(self) -> None:
        self.rig.answer(config_hook=replace({"model": {"layers": 1, "rate": 2, "tags": []}}))
        self.assertEqual(self.wake("train")[0], 0)
        self.assertEqual(ran, [(1, 2.0, [], 3)])
        self.assertEqual(list(Path().iterdir()), [])
        forget()
        self.rig.answer(config_hook=replace({"other": {}}))
        code, _, said = self.wake("train")
        self.assertEqual(code, 3)
        self.assertIn('configs have to be "model", in this order, not "other"', said)

    def test_init_hook_gives_an_instance_in_place_of_making_one(self) -> None:
        self.rig.answer(init_hook=replace({"fields": {"epochs": 1}}), run_hook=replace({"result": None}))
        self.assertEqual(self.wake("train")[0], 0)
        self.assertEqual(self.rig.payload("post_init_hook")["command"]["fields"], {"epochs": 1})
        forget()
        code, _, said = self.wake("train", command=train_function)
        self.assertEqual(code, 3)
        self.assertIn('"train" is a function, of which there are no instances', said)

    def test_run_hook_gives_a_result_and_the_command_does_not_run(self) -> None:
        self.rig.answer(run_hook=replace({"result": [1, 2]}))
        seen: list[Any] = []
        self.assertEqual(self.wake("train", **_post_run(seen))[0], 0)
        self.assertEqual((ran, seen), ([], [[1, 2]]))

    def test_post_run_hook_changes_the_result_that_the_program_sees(self) -> None:
        self.rig.answer(post_run_hook=modify(result={"loss": 0}))
        seen: list[Any] = []
        self.wake("train", **_post_run(seen))
        self.assertEqual((len(ran), seen), (1, [{"loss": 0}]))

    def test_a_block_at_each_slot_ends_the_program_with_its_reason(self) -> None:
        for hook in ("parser_hook", *SLOTS):
            with self.subTest(hook):
                forget()
                ran.clear()
                self.rig.answer(**{hook: BLOCK})
                code, _, said = self.wake("train")
                self.assertEqual((code, said), (3, f'outrigger: coma.{hook} was blocked by plugin "scripted": told to (no)\n'))
                self.assertEqual(bool(ran), hook == "post_run_hook")

    def test_replace_around_the_main_slots_ends_the_program_in_order(self) -> None:
        for hook in [slot for slot in SLOTS if slot[:3] in ("pre", "pos")]:
            with self.subTest(hook):
                forget()
                self.rig.answer(**{hook: replace({"exit_code": 0, "message": "dry run"})})
                self.assertEqual(self.wake("train"), (0, "dry run\n", ""))

    def test_a_plugin_that_crashes_blocks(self) -> None:
        self.rig.answer(pre_run_hook="crash")
        code, _, said = self.wake("train")
        self.assertEqual((code, ran), (3, []))
        self.assertRegex(said, 'coma.pre_run_hook was blocked by plugin "scripted".*exited')

    def test_uninstall_leaves_coma_as_it_was(self) -> None:
        with bridge.install(self.host), self.assertRaisesRegex(RuntimeError, "one is installed"):
            bridge.install(self.host)
        self.assertEqual(program(Train, ["train"], {})[0], 0)
        self.assertEqual(self.rig.heard(), [])

    def test_every_slot_of_the_catalog_is_bridged(self) -> None:
        self.assertEqual(set(catalog("coma")), {"parser_hook", *SLOTS})
        self.assertEqual({hook.get("onFailure") for hook in catalog("coma").values()}, {None})


def forget() -> None:
    if IS_2:
        internal = importlib.import_module("coma.core.internal")
        internal.Coma.coma, internal.Coma.stored_registrations = None, []
    else:
        importlib.import_module("coma.core.singleton").Coma.reset()


def program(command: Any, args: Any, hooks: Any) -> Any:
    out, err, code = StringIO(), StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            if IS_2:
                coma.register("train", command, Model, **hooks)
                coma.wake(args=list(args))
            else:
                coma.command(command, name="train", **hooks)
                coma.wake(cli_args=list(args))
        except SystemExit as exit:
            code = exit.code  # type: ignore[assignment]
    return code, out.getvalue(), err.getvalue()


def _post_run(seen: list[Any]) -> Any:
    if IS_2:
        return {"post_run_hook": coma.hooks.hook(lambda result: seen.append(result))}
    return {"post_run_hook": lambda data: seen.append(data.result)}


__all__ = ["ComaTest", "forget", "program"]
