"""Hooks around components."""

from __future__ import annotations

import json
from typing import Any

from mellea import generative
from mellea.backends import ModelOption
from mellea.core import CBlock, Requirement, ValidationResult
from mellea.plugins import PluginViolationError
from mellea.stdlib.components import Document, Instruction
from mellea.stdlib.sampling import RejectionSamplingStrategy
from pydantic import BaseModel

from .case import Case, modify, never, shout


class ComponentTest(Case):
    def test_component_pre_execute_changes_prompt_options_and_tools(self) -> None:
        action = {"description": "say REDACTED"}
        self.told(
            "component_pre_execute", modify(action=action, model_options={"temperature": 0.25, "seed": None}, tool_calls_enabled=True)
        )
        with self.rig.start() as session:
            options = {ModelOption.SEED: 3, ModelOption.TOOLS: [shout]}
            session.instruct("say 123-45-6789", strategy=None, model_options=options)
        payload = self.rig.payload("component_pre_execute")
        self.assertEqual(payload["action"]["description"], "say 123-45-6789")
        self.assertEqual(payload["component_type"], "Instruction")
        request = self.model.requests[-1]
        self.assertEqual((self.last_prompt(), request["temperature"], "seed" in request), ("say REDACTED", 0.25, False))
        self.assertEqual(request["tools"][0]["function"]["name"], "shout")

    def test_component_pre_execute_changes_messages_and_blocks_of_text(self) -> None:
        self.told("component_pre_execute", modify(action={"description": "two"}))
        with self.rig.start() as session:
            session.chat("one")
            self.assertEqual(self.last_prompt(), "two")
            self.told("component_pre_execute", modify(action={"text": "three"}))
            session.act(CBlock("one"), strategy=None)
            self.assertEqual(self.last_prompt(), "three")

    def test_component_pre_execute_follows_a_redaction_of_every_text(self) -> None:
        with self.rig.start() as session:
            options: Any = {"grounding_context": {"doc": "SSN of Bob"}, "icl_examples": ["SSN one"], "strategy": None}
            session.instruct("SSN please", **options)
            action = self.rig.payload("component_pre_execute")["action"]
            redacted = json.loads(json.dumps(action).replace("SSN", "***"))
            self.told("component_pre_execute", modify(action=redacted))
            session.instruct("SSN please", **options)
            self.assertNotIn("SSN", self.last_prompt())
            self.assertEqual(self.last_prompt(), redacted["text"])
            self.told("component_pre_execute", modify(action={"text": "something else"}))
            with self.assertRaisesRegex(PluginViolationError, '"text" cannot be set to that'):
                session.instruct("SSN please", **options)

    def test_component_pre_execute_follows_a_redaction_of_a_requirement(self) -> None:
        wanted = Requirement("no SSN", validation_fn=lambda _: ValidationResult(True))
        with self.rig.start() as session:
            session.instruct("hello", requirements=[wanted], strategy=None)
            action = self.rig.payload("component_pre_execute")["action"]
            self.told("component_pre_execute", modify(action=json.loads(json.dumps(action).replace("SSN", "***"))))
            session.instruct("hello", requirements=[wanted], strategy=None)
        self.assertIn("no ***", self.last_prompt())
        self.assertNotIn("SSN", self.last_prompt())
        self.assertEqual(wanted.description, "no SSN")

    def test_component_pre_execute_follows_a_redaction_in_slots_and_documents(self) -> None:
        @generative
        def classify(text: str) -> str:
            """Says what it is."""

        self.model.reply = '{"result": "fine"}'
        with self.rig.start() as session:
            asks: Any = (lambda: classify(session, text="SSN 5"), lambda: session.chat("SSN 1", documents=["SSN 2", Document("x", "SSN 3")]))
            for ask in asks:
                self.rig.answer({})
                ask()
                action = self.rig.payload("component_pre_execute")["action"]
                self.told("component_pre_execute", modify(action=json.loads(json.dumps(action).replace("SSN", "***"))))
                ask()
                self.assertIn("***", self.last_prompt())
                self.assertNotIn("SSN", self.last_prompt())

    def test_component_pre_execute_changes_requirements_strategy_and_format(self) -> None:
        wanted = [{"description": "be brief"}]
        schema = {"title": "Answer", "type": "object", "properties": {"a": {"type": "string"}}}
        self.told("component_pre_execute", modify(requirements=wanted, strategy="RejectionSamplingStrategy", format=schema))
        self.model.reply = "yes"
        with self.rig.start() as session:
            session.act(Instruction("hello"), strategy=None)
        start = self.rig.payload("sampling_loop_start")
        self.assertEqual((start["strategy_name"], start["requirements"][0]["description"]), ("RejectionSamplingStrategy", "be brief"))
        self.assertEqual(self.model.requests[0]["response_format"]["json_schema"]["schema"], schema)

    def test_component_pre_execute_takes_an_empty_list_for_a_change(self) -> None:
        self.told("component_pre_execute", modify(requirements=[], model_options={"temperature": None}))
        with self.rig.start() as session:
            wanted = [Requirement("never", validation_fn=never)]
            options = {"temperature": 1.0}
            session.instruct("hello", requirements=wanted, strategy=RejectionSamplingStrategy(loop_budget=1), model_options=options)
        self.assertEqual(self.rig.payload("sampling_loop_start")["requirements"], [])
        self.assertNotIn("temperature", self.model.requests[-1])

    def test_component_pre_execute_shows_the_schema_of_a_format(self) -> None:
        class Answer(BaseModel):
            text: str

        self.model.reply = '{"text": "x"}'
        with self.rig.start() as session:
            session.instruct("hello", format=Answer, strategy=None)
        self.assertEqual(self.rig.payload("component_pre_execute")["format"], Answer.model_json_schema())
        self.assertEqual(self.rig.payload("generation_pre_call")["format"]["title"], "Answer")

    def test_component_pre_execute_blocks_before_the_model_is_asked(self) -> None:
        with self.rig.start() as session, self.blocked("component_pre_execute"):
            session.instruct("hello", strategy=None)
        self.assertEqual(self.model.requests, [])

    def test_component_pre_execute_refuses_what_mellea_cannot_follow(self) -> None:
        for changes in ({"context_view": [{"role": "user", "text": "x"}]}, {"strategy": "Nope"}, {"action": {"type": "Other"}}):
            with self.subTest(changes), self.rig.start() as session:
                self.told("component_pre_execute", modify(**changes))
                with self.assertRaisesRegex(PluginViolationError, "CHANGE_NOT_APPLICABLE"):
                    session.chat("hello")
                self.rig.answer({})
        self.assertEqual(self.model.requests, [])

    def test_component_post_success_changes_the_result(self) -> None:
        self.told("component_post_success", modify(result={"value": "redacted"}))
        with self.rig.start(context_type="chat") as session:
            result = session.instruct("hello", strategy=None)
            self.assertEqual((str(result), result.parsed_repr), ("redacted", "redacted"))
            self.assertEqual(str(session.ctx.last_output()), "redacted")
        before, after = self.rig.events("component_pre_execute")[0], self.rig.events("component_post_success")[0]
        self.assertEqual(before["operation"], after["operation"])
        self.assertEqual(before["payload"]["action_id"], after["payload"]["action_id"])
        self.assertEqual(after["payload"]["result"]["value"], "fine")

    def test_component_post_success_blocks(self) -> None:
        with self.rig.start() as session, self.blocked("component_post_success"):
            session.instruct("hello", strategy=None)

    def test_component_post_error_has_the_error_and_blocks(self) -> None:
        self.model.reply = 400
        with self.rig.start() as session:
            with self.assertRaisesRegex(Exception, "told to fail"):
                session.instruct("hello", strategy=None)
            payload = self.rig.payload("component_post_error")
            self.assertEqual((payload["error_type"], payload["error"]["type"]), ("BadRequestError", "BadRequestError"))
            self.assertIn("Traceback", payload["stack_trace"])
            with self.blocked("component_post_error"):
                session.instruct("hello", strategy=None)
