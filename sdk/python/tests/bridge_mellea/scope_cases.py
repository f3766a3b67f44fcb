"""Whose plugins hear what."""

from __future__ import annotations

import asyncio
from typing import Any

import mellea.stdlib.functional as mfuncs
from mellea.plugins import PluginViolationError, hook, plugin_scope, register, unregister
from mellea.plugins import modify as own_modify
from mellea.plugins.manager import initialize_plugins

from outrigger.bridges import mellea as bridge
from outrigger.host import HostError

from .case import BLOCK, Case, modify


class ScopeTest(Case):
    """Plugins of sessions: each is heard in its own only."""

    plugins = {name: ["session_post_init", "generation_pre_call", "generation_post_call", "session_cleanup"] for name in ("one", "two")}
    for_sessions = ("one", "two")

    def heard(self, plugin: str) -> list[str]:
        return [str(event["session"]) for event in self.rig.events("generation_pre_call", plugin)]

    def test_two_open_sessions_do_not_see_each_others_plugins(self) -> None:
        bridge = self.rig.bridge
        first, second, third = self.rig.start(bridge.plugins("one")), self.rig.start(bridge.plugins("two")), self.rig.start()
        for session in (first, second, third, first):
            session.instruct("hello", strategy=None)
        self.assertEqual((self.heard("one"), self.heard("two")), ([first.id, first.id], [second.id]))
        self.rig.answer({"generation_pre_call": BLOCK}, "one")
        second.instruct("hello", strategy=None)
        third.instruct("hello", strategy=None)
        with self.assertRaises(PluginViolationError):
            first.instruct("hello", strategy=None)
        for session in (first, second, third):
            session.cleanup()
        self.assertEqual([event["session"] for event in self.rig.events("session_cleanup", "two")], [second.id])

    def test_one_session_has_several(self) -> None:
        one, two = self.rig.bridge.plugins("one"), self.rig.bridge.plugins("two")
        with self.rig.start(one, two) as session:
            session.instruct("hello", strategy=None)
        self.assertEqual((self.heard("one"), self.heard("two")), ([session.id], [session.id]))

    def test_a_session_that_has_begun_takes_more(self) -> None:
        with self.rig.start(self.rig.bridge.plugins("one")) as session:
            session.instruct("hello", strategy=None)
            register(self.rig.bridge.plugins("two"), session_id=session.id)
            session.instruct("hello", strategy=None)
        self.assertEqual((self.heard("one"), self.heard("two")), ([session.id] * 2, [session.id]))

    def test_nested_sessions_are_told_apart(self) -> None:
        with self.rig.start(self.rig.bridge.plugins("one")) as outer, self.rig.start(self.rig.bridge.plugins("two")) as inner:
            outer.instruct("hello", strategy=None)
            inner.instruct("hello", strategy=None)
            mfuncs.instruct("hello", inner.ctx, inner.backend, strategy=None)
        self.assertEqual((self.heard("one"), self.heard("two")), ([outer.id], [inner.id, inner.id]))

    def test_sessions_at_work_together_are_told_apart(self) -> None:
        async def ask(plugin: str, times: int) -> str:
            with self.rig.start(self.rig.bridge.plugins(plugin)) as session:
                await asyncio.gather(*(session.ainstruct(f"{plugin} {at}", strategy=None, await_result=True) for at in range(times)))
                return str(session.id)

        async def both() -> list[str]:
            return list(await asyncio.gather(ask("one", 5), ask("two", 3)))

        one, two = asyncio.run(both())
        self.assertEqual((self.heard("one"), self.heard("two")), ([one] * 5, [two] * 3))

    def test_an_output_that_is_awaited_elsewhere_belongs_to_the_session_that_asked(self) -> None:
        async def ask() -> None:
            asking, other = self.rig.start(self.rig.bridge.plugins("one")), self.rig.start(self.rig.bridge.plugins("two"))
            with other:
                late = await asking.ainstruct("hello", strategy=None, await_result=False)
                await late.avalue()
            asking.cleanup()

        asyncio.run(ask())
        self.assertEqual(len(self.rig.events("generation_post_call", "one")), 1)
        self.assertEqual(self.rig.events("generation_post_call", "two"), [])

    def test_a_clone_keeps_the_plugins(self) -> None:
        with self.rig.start(self.rig.bridge.plugins("one")) as session:
            clone = session.clone()
            clone.instruct("hello", strategy=None)
            self.assertEqual(self.heard("one"), [clone.id])
            clone.cleanup()

    def test_a_session_that_has_ended_hears_nothing(self) -> None:
        session = self.rig.start(self.rig.bridge.plugins("one"))
        session.cleanup()
        self.rig.reset()
        session.instruct("hello", strategy=None)
        self.assertEqual(self.rig.events(plugin="one"), [])

    def test_plugins_that_nobody_knows_stop_the_session(self) -> None:
        with self.assertRaisesRegex(HostError, "nobody"):
            self.rig.start(self.rig.bridge.plugins("nobody"))
        with self.rig.start() as session:
            session.instruct("hello", strategy=None)

    def test_plugins_outside_of_a_session_are_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "they belong to a session"), plugin_scope(self.rig.bridge.plugins("one")), self.rig.start():
            pass
        for_all = self.rig.bridge.plugins("one")
        register(for_all)
        with self.assertRaisesRegex(ValueError, "they belong to a session"):
            self.rig.start()
        unregister(for_all)
        with self.rig.start() as session:
            session.instruct("hello", strategy=None)


class BesideTest(Case):
    """Together with Mellea's own plugins."""

    def test_mellea_plugins_run_first_and_ours_see_their_changes(self) -> None:
        @hook("generation_pre_call")
        async def own(payload: Any, ctx: Any) -> Any:
            return own_modify(payload, model_options={"temperature": 0.5})

        self.told("generation_pre_call", modify(model_options={"top_p": 0.25}))
        with self.rig.start(own) as session:
            session.instruct("hello", strategy=None)
        self.assertEqual(self.rig.payload("generation_pre_call")["model_options"], {"temperature": 0.5})
        request = self.model.requests[-1]
        self.assertEqual((request["temperature"], request["top_p"]), (0.5, 0.25))

    def test_a_payload_that_is_no_json_crosses_as_data(self) -> None:
        self.told("generation_pre_call", modify(model_options={"temperature": 0.5}))
        with self.rig.start() as session:
            options = {"seed": 1, "logit_bias": {"5": float("inf")}, "extra_body": {"what": {"\ud800", "x"}}}
            with self.assertRaisesRegex(Exception, "JSON"):  # not JSON for the model's API either; the bridge had its say before
                session.instruct("hello", strategy=None, model_options=options)
        self.assertEqual(self.rig.payload("generation_pre_call")["model_options"]["logit_bias"], {"5": None})

    def test_install_is_once(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "one is installed"):
            bridge.install(self.rig.host)

    def test_initialize_plugins_leaves_the_bridge_in_place(self) -> None:
        asyncio.run(initialize_plugins())
        with self.rig.start() as session, self.blocked("generation_pre_call"):
            session.instruct("hello", strategy=None)
