"""Hook calls of a plugin process: answers, failures, concurrency, cancellation, services."""

import time
import unittest

from tests.plugin_process import PluginProcess, assert_once_within, event
from tests.waiting import DEADLINE_S


class CallsTest(unittest.TestCase):
    def setUp(self):
        self.plugin = PluginProcess()
        self.addCleanup(self.plugin.stop)

    def waiting(self, hook, count=1, **more):
        """Begins calls whose handlers wait; their ids."""
        ids = [self.plugin.begin(hook, **more) for _ in range(count)]
        self.plugin.wait_for(lambda: len(self.plugin.sent("log")) >= count)
        return ids


class Answers(CallsTest):
    def test_sends_what_block_modify_and_proceed_make(self):
        violation = {"code": "no", "reason": "not allowed", "details": {"a": 1}}
        blocked = {"action": "block", "violation": violation, "retryAfterMs": 5, "state": 1}
        self.assertEqual(self.plugin.invoke("test.block")["result"], blocked)
        for hook in ("test.modify", "test.amodify"):
            self.assertEqual(self.plugin.invoke(hook, {"n": 21})["result"], {"action": "modify", "changes": {"twice": 42}})
        self.assertEqual(self.plugin.invoke("test.unheard")["result"], {})
        known = self.plugin.invoke("test.echo", state={"s": 1}, attempt=2)["result"]["state"]
        self.assertEqual((known["state"], known["attempt"]), ({"s": 1}, 2))

    def test_a_handler_that_fails_is_an_error_answer_and_a_record_with_the_stack(self):
        for hook in ("test.throw", "test.athrow"):
            self.assertEqual(self.plugin.invoke(hook)["error"]["message"], "ValueError: handler broke")
            record = self.plugin.sent("log")[-1]
            self.assertEqual((record["level"], record["event"]), ("error", "event-1"))
            self.assertIn("fixtures/plugin.py", record["fields"]["stack"])
        self.assertIn("with str", self.plugin.invoke("test.wrong")["error"]["message"])
        self.assertIn("Cannot send the answer", self.plugin.invoke("test.notJson")["error"]["message"])

    def test_nothing_in_a_handler_ends_the_process(self):
        for hook in ("test.exit", "test.aexit"):
            self.assertIn("SystemExit", self.plugin.invoke(hook)["error"]["message"])
        for hook in ("test.later", "test.alater"):
            self.assertEqual(self.plugin.invoke(hook)["result"], {})
        self.plugin.wait_for(lambda: [r for r in self.plugin.sent("log") if "unhandled exception: ZeroDivisionError" in r["message"]])
        self.assertEqual(self.plugin.invoke("test.amodify", {"n": 1})["result"]["changes"], {"twice": 2})

    def test_any_fields_can_be_logged(self):
        self.plugin.invoke("test.logs")
        first, second = self.plugin.sent("log")
        self.assertEqual(first["fields"], {"set": "{1}", "number": "inf", "surrogate": "'\\udcff'"})
        self.assertEqual(len(second["message"]), 32768)

    def test_observers_hear_events_with_their_outcome(self):
        outcome = {"status": "blocked", "by": "x"}
        self.plugin.notify("hook/notify", {**event("test.notified", {"a": 1}), "outcome": outcome})
        self.plugin.wait_for(lambda: self.plugin.sent("log"))
        self.assertEqual(self.plugin.sent("log")[0]["fields"], {"outcome": outcome, "payload": {"a": 1}})
        self.plugin.notify("hook/notify", {**event("test.notified", {"broken": True}), "outcome": outcome})
        self.plugin.wait_for(lambda: len(self.plugin.sent("log")) == 2)
        self.assertIn("observer broke", self.plugin.sent("log")[1]["message"])
        self.assertEqual([message for message in self.plugin.messages if "id" in message], [])


class Concurrency(CallsTest):
    def test_keeps_as_many_calls_in_flight_as_the_host_allows(self):
        self.plugin.initialize(limits={"maxMessageBytes": 10_000_000, "concurrency": 20})
        held = self.waiting("test.hold", 19)
        self.assertEqual(self.plugin.request("ping")["result"], {})
        self.plugin.invoke("test.release")
        for id in held:
            self.assertEqual(self.plugin.answer_to(id)["result"], {"metadata": {"released": True}})

    def test_answers_pings_while_a_handler_blocks_the_loop(self):
        (blocking,) = self.waiting("test.blocking", payload={"seconds": DEADLINE_S})
        self.plugin.request("ping")
        self.assertEqual(self.plugin.invoke("test.modify", {"n": 1})["result"]["changes"], {"twice": 2})
        self.assertNotIn(blocking, [message.get("id") for message in self.plugin.messages])

    def test_many_events_at_once_are_each_answered(self):
        ids = [self.plugin.begin("test.amodify" if n % 2 else "test.modify", {"n": n}) for n in range(1000)]
        for n, id in enumerate(ids):
            self.assertEqual(self.plugin.answer_to(id)["result"]["changes"], {"twice": 2 * n})

    def test_a_flood_of_notifications_turns_no_call_away(self):
        for _ in range(1100):
            self.plugin.notify("hook/notify", {**event("test.hold", {}), "outcome": {"status": "continued"}})
        dropped = {"level": "warn", "message": 'dropped an event of "test.hold": 1024 wait already', "event": "event-1"}
        self.plugin.wait_for(lambda: self.plugin.sent("log").count(dropped) == 1100 - 1024)
        self.assertEqual(self.plugin.invoke("test.modify", {"n": 1})["result"]["changes"], {"twice": 2})

    def test_more_calls_than_can_wait_are_refused(self):
        self.plugin.initialize(limits={"maxMessageBytes": 10_000_000, "concurrency": 1})
        for _ in range(1 + 1024):
            self.plugin.begin("test.hold")
        self.assertEqual(self.plugin.invoke("test.echo")["error"]["data"], {"code": "SERVICE_BUSY"})


class Cancellation(CallsTest):
    def test_settles_a_call_whose_handler_obeys(self):
        for hook in ("test.wait", "test.await"):
            before = len(self.plugin.sent("log"))
            id = self.plugin.begin(hook)
            self.plugin.wait_for(lambda before=before: len(self.plugin.sent("log")) > before)
            self.plugin.notify("$/cancelRequest", {"id": id})
            self.assertEqual(self.plugin.answer_to(id)["error"]["code"], -32800)
        self.assertEqual({record["message"] for record in self.plugin.sent("log")}, {"waiting"})

    def test_settles_a_call_with_what_its_handler_returns(self):
        (id,) = self.waiting("test.patient")
        self.plugin.notify("$/cancelRequest", {"id": id})
        self.assertEqual(self.plugin.answer_to(id)["result"]["violation"]["reason"], "The host cancelled the call")

    def test_settles_a_call_whose_handler_is_deaf_within_the_grace(self):
        def cancel():
            before = len(self.plugin.sent("log"))
            id = self.plugin.begin("test.deaf", {"seconds": DEADLINE_S})
            self.plugin.wait_for(lambda: len(self.plugin.sent("log")) > before)
            begun = time.monotonic()
            self.plugin.notify("$/cancelRequest", {"id": id})
            self.plugin.notify("$/cancelRequest", {"id": id})
            self.assertEqual(self.plugin.answer_to(id)["error"]["code"], -32800)
            return time.monotonic() - begun

        assert_once_within(0.5, cancel)
        self.plugin.wait_for(lambda: [r for r in self.plugin.sent("log") if "did not stop" in r["message"]])

    def test_a_deaf_handler_does_not_cost_a_place(self):
        self.plugin.initialize(limits={"maxMessageBytes": 10_000_000, "concurrency": 1})
        (id,) = self.waiting("test.deaf", payload={"seconds": 30})
        queued = self.plugin.begin("test.echo")
        for each in (queued, id):
            self.plugin.notify("$/cancelRequest", {"id": each})
            self.assertEqual(self.plugin.answer_to(each)["error"]["code"], -32800)
        self.assertIn("result", self.plugin.invoke("test.echo"))

    def test_does_not_hide_from_the_host_that_it_hangs(self):
        self.plugin.initialize(limits={"maxMessageBytes": 10_000_000, "concurrency": 1})
        deaf = []
        for _ in range(2):
            before = len([r for r in self.plugin.sent("log") if r["message"] == "waiting"])
            deaf.append(self.plugin.begin("test.deaf", {"seconds": 30}))
            self.plugin.wait_for(lambda before=before: len([r for r in self.plugin.sent("log") if r["message"] == "waiting"]) > before)
            self.plugin.notify("$/cancelRequest", {"id": deaf[-1]})
            if len(deaf) == 1:
                self.plugin.answer_to(deaf[0])
        queued = self.plugin.begin("test.echo")
        self.plugin.notify("$/cancelRequest", {"id": queued})
        self.plugin.request("ping")
        self.assertEqual([m for m in self.plugin.messages if m.get("id") in (deaf[1], queued) and "method" not in m], [])

    def test_the_deadline_sets_the_signal(self):
        answer = self.plugin.invoke("test.patient", deadlineMs=30)
        self.assertEqual(answer["result"]["violation"]["reason"], "The deadline of the call is over")
        for hook in ("test.ask", "test.aask"):
            self.assertEqual(self.plugin.invoke(hook, deadlineMs=30)["error"]["code"], -32800)

    def test_a_cancelled_call_gives_up_what_it_asked_the_host(self):
        for hook in ("test.ask", "test.aask"):
            id = self.plugin.begin(hook)
            asked = self.plugin.wait_for(lambda: [m for m in self.plugin.messages if m.get("method") == "tasks/never"])[-1]["id"]
            self.plugin.notify("$/cancelRequest", {"id": id})
            self.assertEqual(self.plugin.answer_to(id)["error"]["code"], -32800)
            self.assertIn({"id": asked}, self.plugin.sent("$/cancelRequest"))
            self.plugin.send(id=asked, result="late")
            self.plugin.messages.clear()
        self.assertEqual(self.plugin.request("ping")["result"], {})


class Services(CallsTest):
    ANSWERS = {
        "storage/get": {"result": {"value": 7}},
        "storage/list": {"result": {"keys": ["x1"]}},
        "secret/get": {"result": {"value": "hush"}},
        "tasks/list": {"result": [1]},
        "hook/emit": {"result": {"event": "event-2", "status": "continued", "payload": {}}},
        "tasks/none": {"error": {"code": -32001, "message": "Not granted", "data": {"code": "PERMISSION_DENIED"}}},
    }

    def test_asks_by_the_methods_of_the_protocol_and_hands_on_refusals(self):
        for hook in ("test.services", "test.aservices"):
            with self.subTest(hook):
                self.plugin.messages.clear()
                metadata = self.served(self.plugin.begin(hook))["result"]["metadata"]
                self.assertEqual(metadata["results"], [7, ["x1"], "hush", [1], ["PERMISSION_DENIED", -32001, "Not granted"]])
                self.assertEqual(metadata["emitted"]["event"], "event-2")
                self.assertEqual(self.plugin.sent("$/progress"), [{"event": "event-1", "message": "half", "percentage": 50}])
                self.assertEqual(self.plugin.sent("storage/set"), [{"key": "b", "value": {"c": 1}}])
                self.assertEqual(self.plugin.sent("hook/emit"), [{"hook": "test.child", "payload": {"e": 1}, "event": "event-1"}])

    def test_survives_odd_answers(self):
        for odd in ({"error": {}}, {"error": {"code": "x", "data": 1}}, {"result": None, "error": None}):
            self.plugin.messages.clear()
            id = self.plugin.begin("test.ask")
            asked = self.plugin.wait_for(lambda: [m for m in self.plugin.messages if m.get("method") == "tasks/never"])[0]["id"]
            self.plugin.send(id=asked, **odd)
            self.plugin.send(id=asked, result="again")
            self.plugin.answer_to(id)
        self.assertEqual(self.plugin.request("ping")["result"], {})

    def served(self, call):
        answered = set()

        def answer():
            for message in list(self.plugin.messages):
                if "method" in message and "id" in message and message["id"] not in answered:
                    answered.add(message["id"])
                    self.plugin.send(id=message["id"], **self.ANSWERS.get(message["method"], {"result": {}}))
            return next((m for m in self.plugin.messages if m.get("id") == call and "method" not in m), None)

        return self.plugin.wait_for(answer)
