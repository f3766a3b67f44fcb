"""The in-memory harness, and through it what a handler may do."""

import asyncio
import functools
import threading
import unittest

from outrigger import ServiceError, block, hook, modify, proceed, replace
from outrigger.testing import Plugin


def plugin_of(function, **options):
    return Plugin(hook("x.one")(function), **options)


class CallsThePlugin(unittest.TestCase):
    def test_every_answer_crosses_as_json(self):
        answers = {
            "block": block("c", "r", description="d", severity="warning"),
            "modify": modify({"a": None, "b": (1, 2)}, metadata={"m": 1}),
            "replace": replace(None),
            "proceed": proceed(state=[1], retry_after_ms=2),
            "nothing": None,
        }
        with plugin_of(lambda payload: answers[payload["give"]]) as plugin:
            given = {name: plugin.call("x.one", {"give": name}) for name in answers}
        violation = {"code": "c", "reason": "r", "description": "d", "severity": "warning"}
        self.assertEqual(given["block"], {"action": "block", "violation": violation})
        self.assertEqual(given["modify"], {"action": "modify", "changes": {"a": None, "b": [1, 2]}, "metadata": {"m": 1}})
        self.assertEqual(given["replace"], {"action": "replace", "value": None})
        self.assertEqual(given["proceed"], {"state": [1], "retryAfterMs": 2})
        self.assertEqual(given["nothing"], {})

    def test_the_context_tells_what_the_host_said(self):
        def told(payload, ctx):
            place = [ctx.event, ctx.hook, ctx.operation, ctx.session, ctx.state, ctx.attempt, ctx.outcome, ctx.config]
            return proceed(metadata={"place": place, "deadline": ctx.deadline_ms, "left": 0 < ctx.remaining_ms() <= 900})

        with plugin_of(told, config={"c": 1}) as plugin:
            said = plugin.call("x.one", state=5, attempt=2, operation="op", session="s", deadline_ms=900)["metadata"]
        self.assertEqual(said["place"], ["event-1", "x.one", "op", "s", 5, 2, None, {"c": 1}])
        self.assertEqual((said["deadline"], said["left"]), (900, True))

    def test_a_failure_is_raised_as_the_host_sees_it(self):
        def fails(payload):
            raise KeyError("gone")

        with plugin_of(fails) as plugin:
            with self.assertRaisesRegex(ServiceError, "KeyError: 'gone'") as caught:
                plugin.call("x.one")
            self.assertEqual((caught.exception.code, caught.exception.number), ("INTERNAL_ERROR", -32603))
            self.assertIn("in fails", plugin.logs[0]["fields"]["stack"])

    def test_setup_that_fails_or_declines_is_raised(self):
        class Declines:
            def setup(self, ctx):
                return {"disable": "needs git"} if ctx.config.get("decline") else {"wrong": 1}

        before = threading.active_count()
        with self.assertRaisesRegex(RuntimeError, "declined: needs git"):
            Plugin(Declines, config={"decline": True})
        with self.assertRaisesRegex(ServiceError, "setup must return"):
            Plugin(Declines)
        self.assertLessEqual(threading.active_count(), before + 2)

    def test_cancels_sync_and_async_handlers(self):
        entered = threading.Event()

        def sync(payload, ctx):
            entered.set()
            return block("late", ctx.cancelled.reason) if ctx.signal.wait(10) else None

        async def waits(payload, ctx):
            entered.set()
            await asyncio.Event().wait()

        with plugin_of(sync) as plugin:
            call = plugin.start("x.one")
            entered.wait(10)
            call.cancel()
            self.assertEqual(call.result()["violation"]["reason"], "The host cancelled the call")
        entered.clear()
        with plugin_of(waits) as plugin:
            call = plugin.start("x.one")
            entered.wait(10)
            call.cancel()
            with self.assertRaises(ServiceError) as caught:
                call.result()
            self.assertEqual(caught.exception.number, -32800)

    def test_a_decorated_async_handler_gets_an_async_context(self):
        def counted(function):
            @functools.wraps(function)
            def counting(*values):
                return function(*values)

            return counting

        @counted
        async def kept(payload, ctx):
            await ctx.storage.set("a", 1)
            return proceed(state=await ctx.storage.get("a"))

        with plugin_of(kept) as plugin:
            self.assertEqual(plugin.call("x.one"), {"state": 1})

    def test_lifecycle_functions_run(self):
        class Lives:
            seen = []

            async def setup(self, ctx):
                self.seen.append(await ctx.secret("token"))

            def config_changed(self, config):
                self.seen.append(config)

            def net_denied(self, denial, ctx):
                self.seen.append(denial["host"])

            def on_one(self, payload, ctx):
                self.seen.append([ctx.config, ctx.outcome])

            async def shutdown(self):
                self.seen.append("end")

        with Plugin(Lives, secrets={"token": "hush"}) as plugin:
            plugin.change_config({"v": 2})
            plugin.deny_net("example.com", 443)
            plugin.notify("x.one", {}, {"status": "blocked"})
        self.assertEqual(Lives.seen, ["hush", {"v": 2}, "example.com", [{"v": 2}, {"status": "blocked"}], "end"])


class AnswersServices(unittest.TestCase):
    def test_storage_secrets_services_events_and_permissions(self):
        def asks(payload, ctx):
            ctx.storage.set("a/1", {"n": 1})
            ctx.storage.set("b", None)
            ctx.storage.delete("b")
            kept = [ctx.storage.get("a/1"), ctx.storage.get("b"), ctx.storage.list(), ctx.storage.list("b")]
            allowed = ctx.request_permission({"net": ["a:1"]}, "because")
            ctx.progress("half", 150)
            total, emitted = ctx.call("sum", {"of": [1, 2]}), ctx.emit("x.two", {})
            return proceed(metadata={"kept": kept, "sum": total, "allowed": allowed, "emit": emitted})

        def permission(permissions, reason):
            return permissions == {"net": ["a:1"]} and reason == "because"

        with plugin_of(asks, services={"sum": lambda params: sum(params["of"])}, permission=permission) as plugin:
            said = plugin.call("x.one")["metadata"]
        self.assertEqual(said["kept"], [{"n": 1}, None, ["a/1"], []])
        self.assertEqual((said["sum"], said["allowed"]), (3, {"granted": True}))
        self.assertEqual(said["emit"]["status"], "continued")
        self.assertEqual(plugin.emitted, [{"hook": "x.two", "payload": {}}])
        self.assertEqual(plugin.progress, [{"event": "event-1", "message": "half", "percentage": 100}])

    def test_what_is_not_there_is_refused(self):
        def asks(payload, ctx):
            try:
                getattr(ctx, payload["ask"])("a")
            except ServiceError as error:
                return proceed(metadata={"code": error.code})

        with plugin_of(asks) as plugin:
            codes = {ask: plugin.call("x.one", {"ask": ask})["metadata"]["code"] for ask in ("secret", "fetch", "call")}
        self.assertEqual(codes, {"secret": "SECRET_UNKNOWN", "fetch": "PERMISSION_DENIED", "call": "METHOD_UNKNOWN"})

    def test_fetch_asks_the_host(self):
        asked = []

        def fetch(params):
            asked.append(params)
            return {"status": 201, "bodyBase64": "eyJhIjogMX0=", "headers": {"etag": "1"}}

        async def fetches(payload, ctx):
            headers = {"authorization": {"secret": "T", "prefix": "Bearer "}}
            got = await ctx.fetch("https://a/b", method="POST", headers=headers, body=b"\x00", timeout_ms=5)
            return proceed(metadata={"got": [got.status, got.ok, got.url, got.headers, got.json(), got.text(), len(got.bytes())]})

        with plugin_of(fetches, fetch=fetch) as plugin:
            got = plugin.call("x.one")["metadata"]["got"]
        self.assertEqual(got, [201, True, "https://a/b", {"etag": "1"}, {"a": 1}, '{"a": 1}', 8])
        self.assertEqual(asked[0]["bodyBase64"], "AA==")
        self.assertEqual((asked[0]["method"], asked[0]["timeoutMs"]), ("POST", 5))
