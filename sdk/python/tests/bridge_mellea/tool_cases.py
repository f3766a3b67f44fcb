"""Hooks around tools, adapter functions and streams."""

from __future__ import annotations

import asyncio
from typing import Any

import mellea.stdlib.functional as mfuncs
from mellea.backends import ModelOption
from mellea.backends.adapters import Adapter, AdapterType, EmbeddedBinding, Identity, get_io_contract
from mellea.core import Requirement
from mellea.plugins import PluginViolationError
from mellea.stdlib.components import Instruction
from mellea.stdlib.components.intrinsic import Intrinsic
from mellea.stdlib.streaming import stream

from .case import BLOCK, Case, modify, shout

GRADE = {
    "name": "grade",
    "model": None,
    "response_format": '{"type": "object"}',
    "transformations": None,
    "instruction": "Grade it.",
    "parameters": {},
    "sentence_boundaries": None,
    "docs_as_message": None,
    "logprobs_workaround": None,
}
"""What a model's folder says about one of its adapters."""


class ToolTest(Case):
    def _call(self) -> list[Any]:
        self.model.reply = {"tool": "shout", "args": {"text": "hello"}}
        with self.rig.start() as session:
            result = session.instruct("hello", strategy=None, model_options={ModelOption.TOOLS: [shout]}, tool_calls=True)
            return list(mfuncs.call_tools(result, session.backend))

    def test_tool_pre_invoke_changes_arguments(self) -> None:
        for changes in ({"model_tool_call": {"args": {"text": "bye"}}}, {"tool_args": {"text": "bye"}}):
            with self.subTest(changes):
                self.told("tool_pre_invoke", modify(**changes))
                self.assertEqual(self._call()[0].content, "BYE")
        self.assertEqual(self.rig.payload("tool_pre_invoke")["model_tool_call"], {"name": "shout", "args": {"text": "hello"}})

    def test_tool_pre_invoke_refuses_another_tool_and_blocks(self) -> None:
        self.told("tool_pre_invoke", modify(model_tool_call={"name": "rm"}))
        with self.assertRaisesRegex(PluginViolationError, 'only "args" can be changed'):
            self._call()
        with self.blocked("tool_pre_invoke"):
            self._call()
        self.assertEqual(self.rig.events("tool_post_invoke"), [])

    def test_tool_post_invoke_changes_the_output_and_blocks(self) -> None:
        self.told("tool_post_invoke", modify(tool_output="hushed"))
        self.assertEqual(self._call()[0].content, "hushed")
        payload = self.rig.payload("tool_post_invoke")
        self.assertEqual((payload["tool_output"], payload["tool_message"]["role"], payload["success"]), ("HELLO", "tool", True))
        self.assertEqual(self.rig.events("tool_pre_invoke")[0]["operation"], self.rig.events("tool_post_invoke")[0]["operation"])
        with self.blocked("tool_post_invoke"):
            self._call()


class AdapterTest(Case):
    def _call(self, reply: Any = '{"score": 0.5}') -> str:
        self.model.reply = reply
        with self.rig.start(context_type="chat") as session:
            adapter = Adapter(Identity("grade", "alora"), get_io_contract("answerability"), EmbeddedBinding())
            session.backend.add_adapter(adapter, config=GRADE)
            session.chat("hello")
            self.rig.reset()
            self.model.reply = reply
            return str(session.act(Intrinsic("grade", adapter_types=(AdapterType.ALORA,)), strategy=None))

    def test_adapter_function_phase_complete_comes(self) -> None:
        self._call()
        payload = self.rig.payload("adapter_function_phase_complete")
        self.assertEqual((payload["name"], payload["phase"]), ("grade", "activate"))
        self.assertGreaterEqual(payload["duration_ms"], 0)

    def test_adapter_function_invocation_complete_says_how_it_ended(self) -> None:
        self._call()
        payload = self.rig.payload("adapter_function_invocation_complete")
        self.assertEqual(
            (payload["name"], payload["outcome"], payload["binding_type"], payload["error"]), ("grade", "success", "embedded", None)
        )
        with self.assertRaisesRegex(Exception, "did not return a JSON"):
            self._call("no json")
        payload = self.rig.payload("adapter_function_invocation_complete")
        self.assertEqual((payload["outcome"], payload["error"]["type"]), ("schema_error", "JSONDecodeError"))

    def test_adapter_function_hooks_cannot_block_because_mellea_ignores_it(self) -> None:
        for hook in ("adapter_function_phase_complete", "adapter_function_invocation_complete"):
            self.rig.answer({hook: BLOCK})
            with self.subTest(hook):
                self.assertIn("0.5", self._call())


class StreamingTest(Case):
    async def _stream(self) -> str:
        self.model.reply = "one two three"
        with self.rig.start() as session:
            streamer = await stream(Instruction("hello"), session.backend, session.ctx, chunking="word", requirements=[Requirement("kind")])
            return "|".join([chunk async for chunk in streamer])

    def test_streaming_hooks_come_in_order_with_one_id(self) -> None:
        asyncio.run(self._stream())
        events = [event for event in self.rig.events() if event["hook"].startswith("streaming_")]
        self.assertEqual((events[0]["hook"], events[-1]["hook"]), ("streaming_start", "streaming_end"))
        self.assertEqual(len({event["operation"] for event in events}), 1)
        self.assertEqual(events[0]["payload"]["requirement_count"], 1)
        self.assertIn("ChunkEvent", {event["payload"].get("event") for event in events})
        self.assertGreater(events[-1]["payload"]["full_text_length"], 0)

    def test_streaming_start_blocks(self) -> None:
        with self.blocked("streaming_start"):
            asyncio.run(self._stream())
        self.assertEqual(self.model.requests, [])

    def test_streaming_event_blocks(self) -> None:
        with self.blocked("streaming_event"):
            asyncio.run(self._stream())

    def test_streaming_end_blocks(self) -> None:
        with self.blocked("streaming_end"):
            asyncio.run(self._stream())
