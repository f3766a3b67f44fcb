"""Hooks around calls of the model, one by one and in batches."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from mellea.backends import ModelOption
from mellea.core import CBlock, Component
from mellea.plugins import PluginViolationError
from mellea.stdlib.components.react import ReactInitiator

from .case import Case, modify, shout


class Raw(Component[dict[str, str]]):
    """Is parsed from what the provider sent."""

    def parts(self) -> list[Any]:
        return []

    def format_for_llm(self) -> str:
        return "hello"

    def _parse(self, computed: Any) -> dict[str, str]:
        return {"raw": computed.raw.response["choices"][0]["message"]["content"]}


class GenerationTest(Case):
    def test_generation_pre_call_changes_options_format_and_tools(self) -> None:
        schema = {"title": "T", "type": "object"}
        self.told("generation_pre_call", modify(model_options={"max_new_tokens": 256}, format=schema, tool_calls=False))
        with self.rig.start() as session:
            options = {ModelOption.MAX_NEW_TOKENS: 9000, ModelOption.TOOLS: [shout]}
            session.instruct("hello", strategy=None, model_options=options, tool_calls=True)
        payload = self.rig.payload("generation_pre_call")
        self.assertEqual((payload["provider"], payload["model"]), ("openai", "stub"))
        self.assertEqual(payload["model_options"]["max_new_tokens"], 9000)
        self.assertEqual(payload["action"]["text"], "hello")
        request = self.model.requests[-1]
        self.assertEqual((request["max_completion_tokens"], request.get("tools")), (256, None))
        self.assertEqual(request["response_format"]["json_schema"]["schema"], schema)

    def test_generation_pre_call_leaves_what_it_is_not_told_to_change(self) -> None:
        big = 2**63 - 1
        self.told("generation_pre_call", modify(model_options={"temperature": 0.1}))
        with self.rig.start() as session:
            options = {ModelOption.SEED: big, ModelOption.TOOLS: [shout]}
            session.instruct("hello", strategy=None, model_options=options, tool_calls=True)
        request = self.model.requests[-1]
        self.assertEqual((request["seed"], request["temperature"]), (big, 0.1))
        self.assertEqual(request["tools"][0]["function"]["name"], "shout")

    def test_a_plugin_keeps_state_from_pre_call_to_post_call(self) -> None:
        self.told("generation_pre_call", {"state": {"tokens": 3}})
        with self.rig.start() as session:
            session.instruct("hello", strategy=None)
        self.assertEqual(self.rig.events("generation_post_call")[-1]["state"], {"tokens": 3})

    def test_generation_pre_call_shows_what_has_no_text_of_its_own_as_it_is_sent(self) -> None:
        with self.rig.start(context_type="chat") as session:
            session.ctx = session.ctx.add(ReactInitiator("find 123", []))
            session.instruct("hello", strategy=None)
        [turn, *_] = self.rig.payload("generation_pre_call")["context"]["turns"]
        self.assertEqual((turn["type"], turn["text"]), ("ReactInitiator", self.model.requests[-1]["messages"][0]["content"]))
        self.assertIn("find 123", turn["text"])

    def test_generation_pre_call_blocks(self) -> None:
        with self.rig.start() as session, self.blocked("generation_pre_call"):
            session.instruct("hello", strategy=None)
        self.assertEqual(self.model.requests, [])

    def test_generation_pre_call_refuses_a_prompt(self) -> None:
        self.told("generation_pre_call", modify(formatted_prompt="other"))
        with self.rig.start() as session, self.assertRaisesRegex(PluginViolationError, '"formatted_prompt"'):
            session.instruct("hello", strategy=None)

    def test_generation_post_call_changes_the_output(self) -> None:
        for changes in ({"model_output": {"value": "redacted"}}, {"processed_output": "redacted"}):
            with self.subTest(changes), self.rig.start() as session:
                self.told("generation_post_call", modify(**changes))
                self.assertEqual(str(session.instruct("hello", strategy=None)), "redacted")
        before, after = self.rig.events("generation_pre_call")[-1], self.rig.events("generation_post_call")[-1]
        self.assertEqual(before["payload"]["generation_id"], after["payload"]["generation_id"])
        self.assertEqual((before["operation"], after["payload"]["model_output"]["value"]), (after["operation"], "fine"))

    def test_generation_post_call_changes_the_message_of_a_chat(self) -> None:
        self.model.reply = "SSN 123"
        with self.rig.start(context_type="chat") as session:
            session.chat("hello")
            output = self.rig.payload("generation_post_call")["model_output"]
            for changes in ({"value": "***"}, json.loads(json.dumps(output).replace("SSN 123", "***"))):
                self.told("generation_post_call", modify(model_output=changes))
                self.assertEqual(session.chat("hello").content, "***")
            session.chat("hello")
        self.assertEqual([turn["content"] for turn in self.model.requests[-1]["messages"]][-5:], ["hello", "***", "hello", "***", "hello"])

    def test_generation_post_call_changes_arguments_of_tool_calls(self) -> None:
        options: Any = {"tool_calls": True, "model_options": {ModelOption.TOOLS: [shout]}}
        self.model.reply = {"tool": "shout", "args": {"text": "SSN 123", "id": 2**60 + 1}}
        with self.rig.start(context_type="chat") as session:
            session.chat("hello", **options)
            output = self.rig.payload("generation_post_call")["model_output"]
            told = {"tool_calls": [{"name": "shout", "args": {"text": "***", "id": 2**60 + 1}}]}
            for changes in (told, json.loads(json.dumps(output).replace("SSN 123", "***"))):
                self.told("generation_post_call", modify(model_output=changes))
                message = session.chat("hello", **options)
                self.assertEqual(session.ctx.last_output().tool_calls[0].args, {"text": "***", "id": 2**60 + 1})
                self.assertEqual(json.loads(message.tool_calls[0]["function"]["arguments"]), {"text": "***", "id": 2**60 + 1})

    def test_generation_post_call_refuses_a_text_that_is_read_from_elsewhere(self) -> None:
        self.told("generation_post_call", modify(model_output={"value": "***"}))
        with self.rig.start() as session, self.assertRaisesRegex(PluginViolationError, "still holds the old text"):
            session.act(Raw(), strategy=None)

    def test_generation_post_call_refuses_to_change_more_than_the_text(self) -> None:
        self.told("generation_post_call", modify(model_output={"tool_calls": [{"name": "rm", "args": {}}]}))
        with self.rig.start() as session, self.assertRaisesRegex(PluginViolationError, '"tool_calls" cannot be set to that'):
            session.instruct("hello", strategy=None)

    def test_generation_post_call_blocks(self) -> None:
        with self.rig.start() as session, self.blocked("generation_post_call"):
            session.instruct("hello", strategy=None)

    def test_generation_error_has_the_error_and_blocks(self) -> None:
        self.model.reply = 400
        with self.rig.start() as session:
            with self.assertRaisesRegex(Exception, "told to fail"):
                session.instruct("hello", strategy=None)
            self.assertEqual(self.rig.payload("generation_error")["exception"]["type"], "BadRequestError")
            with self.blocked("generation_error"):
                session.instruct("hello", strategy=None)

    def test_generation_event_comes_for_each_part_and_blocks(self) -> None:
        self.model.reply = "one two three"
        asyncio.run(self._streamed())
        names = {event["payload"]["event_name"] for event in self.rig.events("generation_event")}
        self.assertEqual(names, {"chunk_processed"})
        self.assertIn("chunk_text_length", self.rig.payload("generation_event")["data"])
        with self.blocked("generation_event"):
            asyncio.run(self._streamed())

    async def _streamed(self) -> str:
        with self.rig.start() as session:
            result = await session.ainstruct("hello", strategy=None, model_options={ModelOption.STREAM: True}, await_result=False)
            return str(await result.avalue())


class BatchTest(Case):
    def _ask(self, **options: Any) -> list[str]:
        with self.rig.start() as session:
            asking = session.backend.generate_from_raw([CBlock("one"), CBlock("two")], session.ctx, **options)
            return [str(one) for one in asyncio.run(_wait(asking))]

    def test_generation_batch_pre_call_changes_options_and_format(self) -> None:
        self.told("generation_batch_pre_call", modify(model_options={"temperature": 0.5}, format={"type": "object"}))
        self.assertEqual(self._ask(), ["fine", "fine"])
        payload = self.rig.payload("generation_batch_pre_call")
        self.assertEqual((payload["num_actions"], [one["text"] for one in payload["actions"]]), (2, ["one", "two"]))
        request = self.model.requests[-1]
        self.assertEqual(request["temperature"], 0.5)
        self.assertEqual(request.get("guided_json") or request["structured_outputs"]["json"], {"type": "object"})

    def test_generation_batch_pre_call_blocks(self) -> None:
        with self.blocked("generation_batch_pre_call"):
            self._ask()
        self.assertEqual(self.model.requests, [])

    def test_generation_batch_post_call_has_outputs_and_usage_and_blocks(self) -> None:
        self._ask()
        payload = self.rig.payload("generation_batch_post_call")
        self.assertEqual([one["value"] for one in payload["model_outputs"]], ["fine", "fine"])
        self.assertEqual(payload["usage"]["total_tokens"], 8)
        before, after = self.rig.events("generation_batch_pre_call")[0], self.rig.events("generation_batch_post_call")[0]
        self.assertEqual(before["operation"], after["operation"])
        with self.blocked("generation_batch_post_call"):
            self._ask()

    def test_generation_batch_error_has_the_error_and_blocks(self) -> None:
        self.model.reply = 400
        with self.assertRaisesRegex(Exception, "told to fail"):
            self._ask()
        self.assertEqual(self.rig.payload("generation_batch_error")["exception"]["type"], "BadRequestError")
        with self.blocked("generation_batch_error"):
            self._ask()


async def _wait(awaitable: Any) -> Any:
    return await awaitable
