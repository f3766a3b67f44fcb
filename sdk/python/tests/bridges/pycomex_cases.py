"""The hooks of real pycomex experiments."""

from __future__ import annotations

import gc
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from runpy import run_path
from typing import Any
from unittest.mock import patch

from pycomex.cli.main import CLI
from pycomex.config import Config

from outrigger.bridges import pycomex as bridge
from outrigger.host import Blocked

from .rig import BLOCK, RigTest, modify, replace

PROGRAM = '''"""Trains."""
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
from pycomex.functional.experiment import Experiment
from pycomex.utils import folder_path, file_namespace

EPOCHS: int = 3
RATE: float = 0.5
MODEL: object = object()
SHAPE: tuple = (1, 2)
FAIL: bool = False
__OPTUNA__: bool = False
__TESTING__: bool = False

experiment = Experiment(base_path=folder_path(__file__), namespace=file_namespace(__file__), glob=globals())


@experiment
def run(e):
    e["epochs"], e["rate"], e["shape"], e["global"] = e.EPOCHS, e.RATE, list(e.SHAPE), EPOCHS
    e["score"] = e.apply_hook("score", default=0.1, what="loss")
    figure, axes = plt.subplots(subplot_kw={"title": "Loss"})
    e.commit_fig("loss.png", figure)
    e.track("curve", figure)
    plt.close(figure)
    e.track_many({"loss": 0.5}), e.track("loss", 0.25)
    e.commit_json("out.json", {"a": [1]})
    e.commit_raw("out.txt", "text")
    if e.FAIL:
        raise RuntimeError("it failed")


experiment.run_if_main()
'''
GLOBAL = [
    "before_experiment_parameters",
    "experiment_constructed",
    "before_experiment_initialize",
    "after_experiment_initialize",
    "before_run",
    "experiment_hook",
    "experiment_commit_fig",
    "experiment_track",
    "experiment_track",
    "experiment_track",
    "experiment_commit_json",
    "experiment_commit_raw",
    "after_run",
    "after_experiment_finalize",
]
SEARCH = ["__optuna_sampler__", "__optuna_direction__", "__optuna_parameters__", "__optuna_objective__"]


class Case(RigTest):
    system = "pycomex"

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        hooks = Config().pm.hooks
        # pycomex's own plugins that draw films and notify take seconds; the program in its own process has them.
        hooks["after_experiment_finalize"][:] = [one for one in hooks["after_experiment_finalize"] if "optuna" in repr(one).lower()]

    def setUp(self) -> None:
        super().setUp()
        self.program = self.rig.folder / self.id().rpartition(".")[2] / "train.py"
        self.program.parent.mkdir()
        self.program.write_text(PROGRAM)

    def run_program(self, *args: str, host: Any = None) -> Any:
        """The experiment after it ran, and what was said on stderr."""
        err = StringIO()
        with bridge.install(host or self.host), patch.object(sys, "argv", [str(self.program), *args]):
            with redirect_stdout(StringIO()), redirect_stderr(err):
                found = run_path(str(self.program), run_name="__main__")
        return found["experiment"], err.getvalue()


class PycomexTest(Case):
    def told_only_of(self, *hooks: str) -> list[str]:
        return [hook for hook in self.rig.heard() if hook not in hooks]

    def test_a_run_fires_its_hooks_in_order_as_one_operation(self) -> None:
        experiment, said = self.run_program()
        self.assertEqual((self.told_only_of("plugin_registered", "plugin_registered__named"), said), (GLOBAL, ""))
        self.assertEqual(experiment.error, None)
        events = [event for event in self.rig.events() if "experiment" in event["payload"]]
        self.assertEqual(len({event["operation"] for event in events}), 1)

    def test_an_experiment_that_is_only_made_leaves_no_operation_behind(self) -> None:
        with bridge.install(self.host) as plugin:
            made = run_path(str(self.program), run_name="train")
            self.assertEqual(len(plugin._operations), 1)
            made.clear()
            gc.collect()
            self.assertEqual(plugin._operations, {})

    def test_payloads_tell_of_parameters_archive_and_figures(self) -> None:
        experiment, _ = self.run_program("--RATE=0.25")
        before, after = self.rig.payload("before_experiment_initialize")["experiment"], self.rig.payload("after_experiment_finalize")
        self.assertEqual((before["name"], before["path"], before["parameters"]["RATE"]), ("train", None, 0.25))
        self.assertEqual((before["parameters"]["SHAPE"], before["description"].strip()), ([1, 2], "Trains."))
        self.assertNotIn("MODEL", before["parameters"])
        self.assertEqual(after["experiment"]["path"], experiment.path)
        self.assertEqual(after["experiment"]["metadata"]["status"], "done")
        self.assertRegex(after["experiment"]["start_time"], r"^\d{4}-\d\d-\d\dT.*\+00:00$")
        self.assertGreater(after["experiment"]["duration_s"], 0)
        self.assertEqual(after["tracked"]["loss"], [0.5, 0.25])
        figure = self.rig.payload("experiment_commit_fig")["figure"]
        self.assertEqual(figure, {"path": f"{experiment.path}/loss.png", "media_type": "image/png", "title": "Loss"})
        self.assertTrue(Path(figure["path"]).exists())

    def test_commits_and_tracked_values_arrive(self) -> None:
        self.run_program()
        committed = self.rig.payload("experiment_commit_json")
        self.assertEqual((committed["name"], committed["data"], json.loads(committed["content"])), ("out.json", {"a": [1]}, {"a": [1]}))
        self.assertEqual(self.rig.payload("experiment_commit_raw")["content"], "text")
        first, *numbers = [event["payload"] for event in self.rig.events("experiment_track")]
        self.assertTrue(Path(first["figure"]["path"]).exists())
        self.assertEqual([(payload["name"], payload["value"]) for payload in numbers], [("loss", 0.5), ("loss", 0.25)])

    def test_parameters_changed_before_initialisation_are_those_of_the_run(self) -> None:
        for hook in GLOBAL[:5]:
            with self.subTest(hook):
                self.rig.answer(**{hook: modify(experiment={"parameters": {"EPOCHS": 9, "RATE": 1, "SHAPE": [3]}})})
                experiment, _ = self.run_program()
                self.assertEqual((experiment["epochs"], experiment["rate"], experiment["shape"]), (9, 1.0, [3]))
                self.assertEqual(experiment["global"], 9)
                self.assertIsInstance(experiment.parameters["RATE"], float)
                self.assertIs(type(experiment.parameters["MODEL"]), object)
                kept = json.loads(Path(experiment.metadata_path).read_text())
                self.assertEqual(kept["parameters"]["EPOCHS"]["value"], 9)

    def test_the_command_line_wins_over_what_was_changed_before_it_was_read(self) -> None:
        self.rig.answer(experiment_constructed=modify(experiment={"parameters": {"EPOCHS": 9}}))
        self.assertEqual(self.run_program("--EPOCHS=2")[0]["epochs"], 2)
        self.rig.answer(before_experiment_initialize=modify(experiment={"parameters": {"EPOCHS": 9}}))
        self.assertEqual(self.run_program("--EPOCHS=2")[0]["epochs"], 9)

    def test_metadata_changed_at_each_hook_is_kept_in_the_archive(self) -> None:
        for hook in (*GLOBAL[:4], "after_experiment_finalize"):
            with self.subTest(hook):
                self.rig.answer(**{hook: modify(experiment={"metadata": {"run_url": "https://example.org"}})})
                experiment, _ = self.run_program()
                self.assertEqual(json.loads(Path(experiment.metadata_path).read_text())["run_url"], "https://example.org")

    def test_a_block_ends_the_run_before_it_began(self) -> None:
        for hook in GLOBAL[:4]:
            with self.subTest(hook):
                self.rig.answer(**{hook: BLOCK})
                with self.assertRaisesRegex(Blocked, f'^pycomex.{hook} was blocked by plugin "scripted": told to'):
                    self.run_program()
                self.assertNotIn("before_run", self.rig.heard())

    def test_a_hook_that_the_experiment_names_gets_its_value_from_a_plugin(self) -> None:
        experiment, _ = self.run_program()
        payload = self.rig.payload("experiment_hook")
        self.assertEqual((payload["name"], payload["arguments"], payload["default"]), ("score", {"what": "loss"}, 0.1))
        self.assertEqual(experiment["score"], 0.1)
        self.rig.answer(experiment_hook=modify(result=0.7))
        self.assertEqual(self.run_program()[0]["score"], 0.7)
        self.rig.answer(experiment_hook=replace({"result": [1]}))
        self.assertEqual(self.run_program()[0]["score"], [1])

    def test_testing_mode_fires_its_hooks_and_changes_parameters(self) -> None:
        self.rig.answer(__TESTING__=modify(experiment={"parameters": {"EPOCHS": 1}}))
        experiment, _ = self.run_program("--__TESTING__=True")
        self.assertEqual((experiment["epochs"], experiment.is_testing), (1, True))
        heard = self.rig.heard()
        self.assertEqual(heard[heard.index("before_testing") :][:2], ["before_testing", "__TESTING__"])

    def test_errors_arrive_and_are_raised(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "it failed"):
            self.run_program("--FAIL=True")
        self.assertEqual(self.rig.heard()[-2:], ["after_experiment_finalize", "before_experiment_error"])
        payload = self.rig.payload("before_experiment_error")
        self.assertEqual((payload["error"]["type"], payload["error"]["message"]), ("RuntimeError", "it failed"))
        self.assertIn("raise RuntimeError", payload["traceback"])
        self.assertEqual(self.rig.payload("after_experiment_finalize")["experiment"]["error"]["type"], "RuntimeError")

    def test_a_plugin_that_crashes_ends_the_run_where_it_guards_and_only_there(self) -> None:
        self.rig.answer(before_experiment_initialize="crash")
        with self.assertRaisesRegex(Blocked, "exited"):
            self.run_program()
        self.rig.answer(experiment_track="crash")
        self.assertIsNone(self.run_program()[0].error)

    def test_stop_hook_where_the_value_is_not_used_ends_the_chain(self) -> None:
        self.rig.answer(experiment_commit_raw=replace(None), before_run=replace({"result": 1}))
        self.assertIsNone(self.run_program()[0].error)

    def test_commands_of_plugins_appear_and_run(self) -> None:
        options = {"runs": {"type": "integer", "default": 2}, "dry-run": {"type": "boolean"}}
        answer = {"exit_code": 4, "stdout": "swept"}
        self.rig.answer(
            cli_register_commands=modify(commands={"sweep": {"help": "Sweeps.", "options": options}}), run_command=replace(answer)
        )
        with bridge.install(self.host), redirect_stdout(StringIO()) as printed:
            cli = CLI()
            with self.assertRaises(SystemExit) as exit:
                cli.main(["sweep", "--runs", "5", "--dry-run"])
        self.assertIn("run", self.rig.payload("cli_register_commands")["built_in"])
        self.assertEqual(self.rig.payload("run_command"), {"name": "sweep", "options": {"runs": 5, "dry_run": True}})
        self.assertEqual((exit.exception.code, printed.getvalue()), (4, "swept\n"))

    def test_a_command_whose_name_is_taken_is_refused_and_said(self) -> None:
        self.rig.answer(cli_register_commands=modify(commands={"run": {}}))
        with bridge.install(self.host), redirect_stderr(StringIO()) as said:
            self.assertNotEqual(CLI().commands["run"].help, "")
        self.assertIn('the command "run" is pycomex\'s own; going on without plugins', said.getvalue())

    def test_uninstall_leaves_pycomex_as_it_was(self) -> None:
        with bridge.install(self.host):
            pass
        self.rig.reset()
        with patch.object(sys, "argv", [str(self.program)]), redirect_stdout(StringIO()):
            run_path(str(self.program), run_name="__main__")
        self.assertEqual(self.rig.heard(), [])
        self.assertFalse([f for functions in Config().pm.hooks.values() for f in functions if "OutriggerPlugin" in repr(f)])


class PycomexSearchTest(Case):
    def test_a_search_is_steered_by_plugins_alone(self) -> None:
        self.rig.answer(
            __optuna_sampler__=modify(result={"type": "Random", "options": {"seed": 1, "n_startup_trials": None, "multivariate": None}}),
            __optuna_direction__=modify(result="minimize"),
            __optuna_parameters__=modify(result={"EPOCHS": 7}),
            __optuna_objective__=replace({"result": 0.125}),
        )
        experiment, _ = self.run_program("--__OPTUNA__=True")
        self.assertEqual([hook for hook in self.rig.heard() if hook in SEARCH], SEARCH)
        self.assertEqual(experiment["epochs"], 7)
        study = Config().plugins["optuna"].current_study
        self.assertEqual((study.direction.name, type(study.sampler).__name__, study.trials[-1].value), ("MINIMIZE", "RandomSampler", 0.125))
        payload = self.rig.payload("__optuna_objective__")
        self.assertEqual(payload["trial"]["number"], 0)
