"""Hooks around sessions."""

from __future__ import annotations

from mellea.backends import ModelOption
from mellea.plugins import PluginViolationError

from .case import Case, modify


class SessionTest(Case):
    def test_session_pre_init_changes_model_and_options(self) -> None:
        self.told("session_pre_init", modify(model_id="other", model_options={"temperature": 0.5, "max_new_tokens": 9}))
        with self.rig.start(model_options={ModelOption.SEED: 7}) as session:
            session.instruct("hello", strategy=None)
        payload = self.rig.payload("session_pre_init")
        self.assertEqual((payload["backend_name"], payload["model_id"], payload["model_options"]), ("openai", "stub", {"seed": 7}))
        request = self.model.requests[-1]
        self.assertEqual((request["model"], request["temperature"], request["seed"]), ("other", 0.5, 7))
        self.assertEqual(request["max_completion_tokens"], 9)

    def test_session_pre_init_blocks(self) -> None:
        with self.blocked("session_pre_init"):
            self.rig.start()

    def test_session_pre_init_refuses_another_backend(self) -> None:
        self.told("session_pre_init", modify(backend_name="ollama"))
        with self.assertRaisesRegex(PluginViolationError, 'CHANGE_NOT_APPLICABLE.*Cannot apply the change of "backend_name"'):
            self.rig.start()

    def test_session_post_init_blocks_and_has_the_id_of_pre_init(self) -> None:
        with self.blocked("session_post_init"):
            self.rig.start()
        before, after = self.rig.events()
        self.assertEqual(before["payload"]["session_id"], after["payload"]["session_id"])
        self.assertEqual(before["operation"], after["operation"])
        self.assertEqual(after["payload"]["context"], {"type": "SimpleContext", "turns": []})

    def test_session_reset_has_what_is_forgotten_and_blocks(self) -> None:
        with self.rig.start(context_type="chat") as session:
            session.chat("hello")
            session.reset()
            turns = self.rig.payload("session_reset")["previous_context"]["turns"]
            self.assertEqual([(turn["role"], turn["text"]) for turn in turns], [("user", "hello"), ("assistant", "fine")])
            with self.blocked("session_reset"):
                session.reset()

    def test_session_cleanup_has_the_exception_and_blocks(self) -> None:
        with self.assertRaises(KeyError), self.rig.start() as session:
            session.instruct("hello", strategy=None)
            raise KeyError("lost")
        payload = self.rig.payload("session_cleanup")
        self.assertEqual((payload["interaction_count"], payload["exception"]["type"]), (1, "KeyError"))
        session = self.rig.start()
        with self.blocked("session_cleanup"):
            session.cleanup()
