"""The asynchronous side of a host, and its double in memory."""

import asyncio
import os
import pickle
import unittest
from contextlib import redirect_stderr
from io import StringIO

from outrigger import AsyncHost, Blocked, HostError, HostGone, HostTimeout, Outcome, block, modify, proceed, replace
from outrigger.testing import FakeHost
from tests.real_host import SHOP, HostTest, RealHostTest, odd, wait_for_process
from tests.waiting import wait_until


class Start(HostTest):
    def test_a_start_that_is_cancelled_leaves_no_process(self):
        note = self.folder / "pid"
        env = {**os.environ, "ODD_PID": str(note)}

        async def main():
            opening = asyncio.ensure_future(AsyncHost.embedded(command=odd("late"), env=env).__aenter__())
            await asyncio.to_thread(wait_until, lambda: note.exists() and note.read_text())
            opening.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await opening
            await asyncio.to_thread(wait_until, lambda: wait_for_process(int(note.read_text())))

        asyncio.run(main())


class Real(RealHostTest):
    def run_async(self, main):
        async def opened():
            how = {"cwd": self.folder, "env": self.environment(), "catalogs": [SHOP]}
            async with AsyncHost.embedded(**how) as host:
                await main(host)

        self.configure()
        asyncio.run(opened(), debug=False)

    def test_says_the_same_words(self):
        async def main(host):
            async def late():
                return {"item": "dozen"}

            self.assertTrue(host.has("shop.order"))
            self.assertEqual((await host.emit("shop.order", late)).payload["quantity"], 12)
            self.assertEqual((await host.emit("shop.unheard", late)).payload, None)
            with self.assertRaises(Blocked):
                (await host.emit("shop.order", {"item": "bomb"})).raise_for_block()
            async with host.operation() as operation:
                await operation.emit("shop.before", {"item": "tea"})
                self.assertEqual((await operation.emit("shop.after", {})).payload, {"item": "tea"})
            self.assertEqual((await host.emit("shop.after", {}, operation=operation.id)).payload, {"item": "nothing"})
            async with host.session("one", plugins=["guest"]) as one:
                self.assertEqual((await one.emit("shop.visit", {})).payload, {"item": "one"})
                two = await host.session()
                self.assertFalse(two.has("shop.visit"))
                await two.close()
            traced = await host.emit("shop.order", {"item": "tea"}, trace=True)
            self.assertEqual((await host.trace(traced.event))["hook"], "shop.order")
            self.assertIn("shop.order", [hook["name"] for hook in await host.hooks()])
            self.assertEqual((host.problems, host.gone, host.on_host_failure), ([], None, "raise"))
            self.assertEqual(host.host.emit("shop.order", {"item": "dozen"}).payload["quantity"], 12)
            await host.ping()

        self.run_async(main)

    def test_2000_events_at_once(self):
        async def main(host):
            outcomes = await asyncio.gather(*[host.emit("shop.order", {"item": "tea", "quantity": n}) for n in range(2000)])
            self.assertEqual([outcome.payload["quantity"] for outcome in outcomes], list(range(2000)))

        self.run_async(main)

    def test_cancelling_the_task_or_running_out_of_time_cancels_the_event(self):
        async def main(host):
            for number, end in enumerate(("cancel", "timeout")):
                note = self.folder / f"note-{number}"
                seconds = 1.0 if end == "timeout" else None
                task = asyncio.ensure_future(host.emit("shop.slow", {"note": str(note)}, timeout=seconds))
                await asyncio.to_thread(wait_until, note.exists)
                if end == "cancel":
                    task.cancel()
                with self.assertRaises(asyncio.CancelledError if end == "cancel" else HostTimeout):
                    await task
                await asyncio.to_thread(wait_until, lambda note=note: note.read_text() == "cancelled")
            self.assertEqual((await host.emit("shop.order", {"item": "dozen"})).payload["quantity"], 12)

        self.run_async(main)

    def test_obeys_the_policy_when_the_host_dies(self):
        async def main():
            async with AsyncHost.embedded(command=odd("dies"), on_host_failure="closed") as host:
                outcomes = await asyncio.gather(*[host.emit("shop.order", {"item": "tea"}) for _ in range(10)])
                self.assertEqual({outcome.cause for outcome in outcomes}, {"failure"})
                self.assertTrue((await (await host.session()).emit("any.hook")).blocked)
                with self.assertRaises(HostGone):
                    await host.hooks()

        with redirect_stderr(StringIO()) as err:
            asyncio.run(main())
        self.assertEqual(err.getvalue().count("\n"), 1)


class Fake(unittest.TestCase):
    def test_stands_in_for_a_host(self):
        handlers = {
            "a.set": lambda payload: modify({"x": 1, "gone": None, "deep": {"b": 2}}),
            "a.no": block("no", "because", retry_after_ms=5),
            "a.other": replace([1]),
            "a.clear": modify({"x": None}),
            "a.on": proceed(state=1),
            "a.where": lambda payload, event: modify({"where": [event.get("session"), event.get("operation")]}),
            "a.broken": lambda payload: 1 // 0,
        }
        with FakeHost(handlers, session_plugins={"guest": {"b.visit": lambda payload: None, "a.on": modify({"guest": True})}}) as host:
            sent = {"gone": 1, "deep": {"a": 1}}
            self.assertEqual(host.emit("a.set", sent).payload, {"x": 1, "deep": {"a": 1, "b": 2}})
            self.assertEqual(sent, {"gone": 1, "deep": {"a": 1}})
            self.assertEqual(host.emit("a.clear", {"x": 1}).payload, {})
            no = host.emit("a.no")
            self.assertEqual((no.violation["code"], no.cause, no.retry_after_ms), ("no", "verdict", 5))
            self.assertEqual((host.emit("a.other").value, host.emit("a.on", {}).modified), ([1], False))
            self.assertEqual(host.emit("a.broken").cause, "failure")
            self.assertEqual(host.emit("a.nobody", lambda: self.fail("built")).event, "")
            with host.session("s", plugins=["guest"]) as session, session.operation("o") as operation:
                self.assertEqual(operation.emit("a.where").payload, {"where": ["s", "o"]})
                self.assertEqual(session.emit("a.on").payload, {"guest": True})
                self.assertEqual((session.has("b.visit"), host.has("b.visit")), (True, False))
            self.assertEqual(host.ended, ["o", "s"])
            self.assertEqual(host.emitted[0], {"hook": "a.set", "payload": sent})
            host.on("a.new", None)
            host.off("a.no")
            self.assertEqual((host.has("a.new"), host.has("a.no")), (True, False))

    def test_fails_as_a_host_does(self):
        def refuses(payload):
            raise HostError("PAYLOAD_INVALID", -32006, "no")

        with FakeHost({"a.x": refuses, "a.y": None}) as host:
            for payload in ({}, {"x": object()}):
                with self.assertRaises(HostError) as caught:
                    host.emit("a.x", payload, on_host_failure="open")
                self.assertEqual(caught.exception.code, "PAYLOAD_INVALID")
            for session in (lambda: host.session(plugins=["none"]), lambda: host.emit("a.y", session="none")):
                with self.assertRaises(HostError):
                    session()
            host.die()
            with self.assertRaises(HostGone):
                host.emit("a.y")
            with redirect_stderr(StringIO()):
                self.assertTrue(host.emit("a.y", on_host_failure="closed").blocked)

    def test_has_an_asynchronous_side(self):
        async def main():
            async with AsyncHost(FakeHost({"a.x": lambda payload: modify({"x": 1})})) as host:
                return (await host.emit("a.x", {})).payload

        self.assertEqual(asyncio.run(main()), {"x": 1})

    def test_errors_and_outcomes_can_be_shown_and_pickled(self):
        outcome = Outcome("a.b", {"x": 1}, status="blocked", violation={"code": "c", "reason": "r"})
        self.assertEqual(repr(outcome), "Outcome(hook='a.b', status='blocked', payload={'x': 1}, violation={'code': 'c', 'reason': 'r'})")
        for error in (HostGone("why"), HostTimeout("late"), HostError("C", 1, "m"), Blocked(outcome)):
            again = pickle.loads(pickle.dumps(error))
            self.assertEqual((type(again), str(again), again.code), (type(error), str(error), error.code))


if __name__ == "__main__":
    unittest.main()
