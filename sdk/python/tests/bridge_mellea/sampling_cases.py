"""Hooks around validation and sampling."""

from __future__ import annotations

from typing import Any

from mellea.core import Requirement, ValidationResult
from mellea.plugins import PluginViolationError
from mellea.stdlib.sampling import RejectionSamplingStrategy

from .case import BLOCK, Case, modify, never


class ValidationTest(Case):
    def _validate(self, *requirements: Requirement) -> list[ValidationResult]:
        with self.rig.start(context_type="chat") as session:
            session.chat("hello")
            return list(session.validate(list(requirements)))

    def test_validation_pre_check_changes_requirements(self) -> None:
        keep = Requirement("kept", validation_fn=lambda _: ValidationResult(True))
        self.told("validation_pre_check", modify(requirements=[{"description": "kept", "check_only": False}]))
        results = self._validate(Requirement("dropped", validation_fn=never), keep)
        self.assertEqual([bool(result) for result in results], [True])
        sent = [one["description"] for one in self.rig.payload("validation_pre_check")["requirements"]]
        self.assertEqual(sent, ["dropped", "kept"])

    def test_validation_pre_check_adds_one_that_the_model_judges_with_changed_options(self) -> None:
        self.told("validation_pre_check", modify(requirements=[{"description": "be kind"}], model_options={"temperature": 0.75}))
        self.model.reply = "yes"
        self.assertEqual([bool(result) for result in self._validate(Requirement("x", validation_fn=never))], [True])
        self.assertIn("be kind", self.last_prompt())
        self.assertEqual(self.model.requests[-1]["temperature"], 0.75)

    def test_validation_pre_check_blocks(self) -> None:
        with self.blocked("validation_pre_check"):
            self._validate(Requirement("x", validation_fn=never))

    def test_validation_post_check_changes_results(self) -> None:
        wanted = [{"requirement": "x", "passed": True, "reason": "waived", "score": 0.5}]
        self.told("validation_post_check", modify(results=wanted, all_validations_passed=True))
        (result,) = self._validate(Requirement("x", validation_fn=never))
        self.assertEqual((bool(result), result.reason, result.score), (True, "waived", 0.5))
        before, after = self.rig.events("validation_pre_check")[0], self.rig.events("validation_post_check")[0]
        self.assertEqual(before["operation"], after["operation"])
        self.assertEqual(after["payload"]["results"][0], {"requirement": "x", "passed": False, "reason": "never", "score": None})

    def test_validation_post_check_refuses_a_flag_against_the_results(self) -> None:
        for flag in ("all_validations_passed", "all_passed"):
            self.told("validation_post_check", modify(**{flag: True}))
            with self.subTest(flag), self.assertRaisesRegex(PluginViolationError, "the results say otherwise"):
                self._validate(Requirement("x", validation_fn=never))

    def test_validation_post_check_blocks(self) -> None:
        with self.blocked("validation_post_check"):
            self._validate(Requirement("x", validation_fn=never))


class SamplingTest(Case):
    def _sample(self, budget: int = 2, **options: Any) -> str:
        wanted = [Requirement("never", validation_fn=never)]
        with self.rig.start() as session:
            return str(session.instruct("hello", requirements=wanted, strategy=RejectionSamplingStrategy(loop_budget=budget), **options))

    def test_sampling_loop_start_changes_the_budget(self) -> None:
        self.told("sampling_loop_start", modify(loop_budget=3))
        self._sample(budget=1)
        self.assertEqual(len(self.model.requests), 3)
        self.assertEqual(self.rig.payload("sampling_loop_end")["iterations_used"], 3)

    def test_sampling_loop_start_blocks(self) -> None:
        with self.blocked("sampling_loop_start"):
            self._sample()

    def test_sampling_iteration_comes_for_each_attempt_and_blocks(self) -> None:
        self._sample()
        self.assertEqual([event["payload"]["iteration"] for event in self.rig.events("sampling_iteration")], [1, 2])
        payload = self.rig.payload("sampling_iteration")
        self.assertEqual((payload["valid_count"], payload["validation_results"][0]["requirement"]), (0, "never"))
        with self.blocked("sampling_iteration"):
            self._sample()

    def test_sampling_repair_changes_what_is_tried_next(self) -> None:
        self.told("sampling_repair", modify(repair_action={"description": "try harder"}))
        self._sample()
        self.assertTrue(self.last_prompt().startswith("try harder"))
        self.assertEqual(self.rig.payload("sampling_repair")["repair_iteration"], 1)

    def test_a_block_in_a_later_attempt_reaches_the_caller(self) -> None:
        def fail(_: object) -> ValidationResult:
            if len(SamplingTest.rig.events("sampling_iteration")) == 1:
                SamplingTest.rig.answer({hook: BLOCK})
            return ValidationResult(False)

        for hook in ("sampling_iteration", "validation_post_check", "generation_pre_call", "generation_post_call"):
            self.setUp()
            wanted = [Requirement("x", validation_fn=fail)]
            blocked = self.assertRaisesRegex(PluginViolationError, r"Plugin blocked sampling_loop_end: \[no\]")
            with self.subTest(hook), self.rig.start() as session, blocked:
                session.instruct("hello", requirements=wanted, strategy=RejectionSamplingStrategy(loop_budget=4))

    def test_a_loop_after_a_blocked_one_is_not_blocked(self) -> None:
        with self.blocked("generation_pre_call"):
            self._sample()
        self.rig.reset()
        self.assertEqual(self._sample(), "fine")

    def test_sampling_repair_refuses_another_context_and_blocks(self) -> None:
        self.told("sampling_repair", modify(repair_context={"turns": [{"role": "user", "text": "x"}]}))
        with self.assertRaisesRegex(PluginViolationError, '"repair_context"'):
            self._sample()
        self.told("sampling_repair", BLOCK)
        with self.assertRaisesRegex(PluginViolationError, r"\[no\] told to"):
            self._sample()
        self.assertEqual(self.rig.events("sampling_loop_end")[-1]["payload"]["iterations_used"], 1)

    def test_sampling_loop_end_changes_the_result(self) -> None:
        self.told("sampling_loop_end", modify(final_result={"value": "better"}))
        self.assertEqual(self._sample(), "better")
        operations = {event["operation"] for event in self.rig.events() if event["hook"].startswith("sampling_")}
        self.assertEqual(len(operations), 1)

    def test_sampling_loop_end_blocks(self) -> None:
        with self.blocked("sampling_loop_end"):
            self._sample()
