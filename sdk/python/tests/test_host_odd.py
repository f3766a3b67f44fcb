"""Hosts that misbehave, hosts that are not there, and no host at all."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import outrigger
from outrigger import Host, HostError, HostGone, HostTimeout, Outcome
from outrigger.host import _link
from tests.real_host import SDK, HostTest, odd, wait_for_process
from tests.waiting import DEADLINE_S, wait_until


class Misbehaviour(HostTest):
    def test_garbage_is_skipped(self):
        host = self.odd_host("garbage")
        outcomes = [host.emit("shop.order", {"item": "tea"}, timeout=DEADLINE_S) for _ in range(3)]
        self.assertEqual([outcome.payload for outcome in outcomes], [{"item": "coffee"}] * 3)

    def test_an_outcome_of_the_wrong_shape_is_a_failure_of_the_host(self):
        host = self.odd_host("shapes", on_host_failure="closed")
        for item in ("number", "status", "list", "nothing"):
            with self.assertRaises(HostError) as caught:
                host.emit("shop.order", {"item": item}, on_host_failure="raise")
            self.assertEqual(caught.exception.code, "MESSAGE_INVALID")
            self.assertEqual(self.said(lambda item=item: self.assertTrue(host.emit("shop.order", {"item": item}).blocked)) <= 1, True)
        with self.assertRaises(HostError) as caught:
            host.emit("shop.order", {"item": "error"}, on_host_failure="raise")
        self.assertEqual((caught.exception.code, caught.exception.message), ("INTERNAL_ERROR", "7"))

    def said(self, work):
        with redirect_stderr(StringIO()) as err:
            work()
        return err.getvalue().count("\n")

    def test_an_answer_without_end_ends_the_connection_at_the_bound(self):
        host = self.odd_host("huge")
        with self.assertRaises(HostGone) as caught:
            host.emit("shop.order", {"item": "tea"})
        self.assertIn(f"longer than {_link.MAX_ANSWER_BYTES} bytes", str(caught.exception))

    def test_dying_fails_everything_in_flight_at_once(self):
        for mode in ("dies", "held"):
            host = self.odd_host(mode)
            failed = []

            def fire(host=host, failed=failed, item="never"):
                try:
                    host.emit("shop.order", {"item": item})
                except HostGone as error:
                    failed.append(str(error))

            threads = [threading.Thread(target=fire) for _ in range(20)]
            begun = time.monotonic()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(DEADLINE_S)
            self.assertLess(time.monotonic() - begun, 5, "though a grandchild holds the wire")
            self.assertEqual(set(failed), {"Cannot go on with the host: it was ended by SIGKILL"})
            self.assertEqual(len(failed), 20)

    def test_a_cancelled_event_is_cancelled_in_the_host(self):
        host = self.odd_host("fine")
        for _ in range(2):
            with self.assertRaises(HostTimeout):
                host.emit("shop.order", {"item": "never"}, timeout=0.05)
        self.assertEqual(host.hooks(), [2, 3])
        self.assertEqual(host._connection.link._sent, set())

    def test_more_than_the_host_takes_waits_here(self):
        host = self.odd_host("fine")
        link = host._connection.link
        unanswered = [link.request("emit", {"hook": "shop.order", "payload": {"item": "never"}}, lambda: None) for _ in range(1000)]
        done = []
        late = [link.request("ping", {}, lambda: done.append(1)) for _ in range(50)]
        self.assertEqual((len(link._sent), done), (_link.MAX_IN_FLIGHT, []))
        self.assertTrue(link.give_up(late[0]))
        self.assertFalse(link.give_up(late[0]))
        self.assertEqual(len(link._waiting), 49)
        link.give_up(unanswered[0])
        wait_until(lambda: len(done) == 49)
        for reply in unanswered:
            link.give_up(reply)
        host.ping(DEADLINE_S)
        self.assertEqual((link._sent, link._open), (set(), {}))

    def test_a_host_that_stopped_reading_holds_up_nobody_longer_than_the_timeout(self):
        host = self.odd_host("deaf", timeout=0.5)
        begun = time.monotonic()
        for _ in range(4):
            with self.assertRaises(HostTimeout):
                host.emit("shop.order", {"item": "x" * 1_000_000})
        host.close(timeout=0.1)
        self.assertLess(time.monotonic() - begun, 8)
        self.assertTrue(wait_for_process(host._connection.link._process.pid))

    def test_a_host_that_dies_while_it_is_written_to_does_not_end_the_application_by_sigpipe(self):
        program = f"""
import os, signal, time
from outrigger import Host, HostTimeout
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
host = Host.embedded(command={odd("deaf")!r})
try:
    host.emit("shop.order", {{"item": "x" * 5_000_000}}, timeout=0.3)
except HostTimeout:
    os.kill(host._connection.link._process.pid, signal.SIGKILL)
host.close()
print("alive")
"""
        env = {**os.environ, "PYTHONPATH": str(SDK)}
        ran = subprocess.run([sys.executable, "-B", "-c", program], env=env, capture_output=True, text=True, timeout=30)
        self.assertEqual((ran.stdout, ran.stderr, ran.returncode), ("alive\n", "", 0))

    def test_a_host_that_reads_slowly_gets_everything(self):
        host = self.odd_host("slow")
        text, wrong = "x" * 200_000, []

        def fire(number):
            if host.emit("shop.order", {"item": text, "quantity": number}).payload["quantity"] != number:
                wrong.append(number)

        threads = [threading.Thread(target=fire, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual((wrong, any(thread.is_alive() for thread in threads)), ([], False))

    def test_a_host_that_nobody_uses_any_more_ends(self):
        operation = Host.embedded(command=odd("fine")).operation()
        gc.collect()
        self.assertEqual(operation.emit("shop.order", {"item": "tea"}).payload, {"item": "tea"})
        pid = operation._connection.link._process.pid
        del operation
        gc.collect()
        wait_until(lambda: wait_for_process(pid))

    def test_hears_who_begins_to_listen(self):
        host = self.odd_host("news")
        host.ping()
        self.assertEqual((host.has("shop.new"), host.has("shop.order"), host.has("shop.other")), (True, True, False))


class NotThere(HostTest):
    def test_says_how_the_start_failed(self):
        expected = {"exits": "Cannot start the host: it ended with code 3", "chatty-exit": "it had printed 'no such package'", "silent": "not ready within 1.5 s"}
        for mode, why in expected.items():
            with self.assertRaises(HostGone) as caught:
                self.odd_host(mode, start_timeout=1.5)
            self.assertIn(why, str(caught.exception))
        for mode in ("future", "shapeless", "hearless"):
            with self.assertRaises(HostError) as caught:
                self.odd_host(mode)
            self.assertEqual(caught.exception.code, "PROTOCOL_UNSUPPORTED")
        with self.assertRaises(HostGone) as caught:
            Host.embedded(command="/no/such 'program with blanks'")
        self.assertIn("/no/such 'program with blanks' up --stdio", str(caught.exception))
        with self.assertRaises(HostGone) as caught:
            Host.embedded(env={"PATH": "/no/such"})
        self.assertEqual(caught.exception.code, "HOST_NOT_FOUND")

    def test_leaves_no_process_when_it_may_have_no_threads(self):
        real, started = threading.Thread.start, []
        popen = subprocess.Popen

        def fails(thread):
            if thread.name.startswith("outrigger-w"):
                raise RuntimeError("can't start new thread")
            real(thread)

        def starts(*args, **options):
            started.append(popen(*args, **options))
            return started[-1]

        threading.Thread.start, subprocess.Popen = fails, starts
        try:
            with self.assertRaises(HostGone):
                self.odd_host("fine")
        finally:
            threading.Thread.start, subprocess.Popen = real, popen
        self.assertEqual(started[0].wait(DEADLINE_S), -signal.SIGKILL)

    def test_open_goes_on_and_says_so_once(self):
        with redirect_stderr(StringIO()) as err:
            host = Host.embedded(command="/no/such", on_host_failure="open")
            self.assertFalse(host.has("shop.order"))
            self.assertEqual(host.emit("shop.order", {}), Outcome("shop.order", {}))
            with host.session(plugins=["any"]) as session, session.operation() as operation:
                self.assertFalse(operation.emit("shop.order").blocked)
        self.assertRegex(err.getvalue(), r'^outrigger: Cannot start the host "/no/such up --stdio": [^\n]*; going on without plugins\n$')
        host = self.odd_host("dies", on_host_failure="open")
        with redirect_stderr(StringIO()) as err:
            for _ in range(3):
                outcome = host.emit("shop.order", {"item": "tea"})
                self.assertEqual((outcome.status, outcome.payload), ("continued", {"item": "tea"}))
                self.assertEqual(outcome.fail_opens, [{"plugin": "(host)", "code": "HOST_GONE"}])
        self.assertEqual(err.getvalue().count("\n"), 1)

    def test_closed_blocks_and_says_so_once(self):
        with redirect_stderr(StringIO()) as err:
            host = Host.embedded(command="/no/such", on_host_failure="closed")
            for scope in (host, host.session(), host.operation()):
                self.assertTrue(scope.has("any.hook"))
                outcome = scope.emit("any.hook", {})
                self.assertEqual((outcome.status, outcome.cause, outcome.violation["code"]), ("blocked", "failure", "HOST_GONE"))
            self.assertFalse(host.emit("any.hook", {}, on_host_failure="open").blocked)
            with self.assertRaises(HostGone):
                host.emit("any.hook", {}, on_host_failure="raise")
        self.assertEqual(err.getvalue().count("\n"), 1)
        with redirect_stderr(None):
            self.assertTrue(Host.embedded(command="/no/such", on_host_failure="closed").emit("any.hook").blocked)

    def test_a_host_that_is_busy_or_late_obeys_the_policy(self):
        with redirect_stderr(StringIO()) as err:
            busy = self.odd_host("busy", on_host_failure="open")
            self.assertEqual(busy.emit("shop.order").fail_opens, [{"plugin": "(host)", "code": "SERVICE_BUSY"}])
            late = self.odd_host("fine", on_host_failure="closed", timeout=0.1)
            for _ in range(3):
                self.assertEqual(late.emit("shop.order", {"item": "never"}).violation["code"], "HOST_TIMEOUT")
        self.assertEqual(err.getvalue().count("\n"), 2)

    def test_a_policy_that_does_not_exist_is_refused(self):
        with self.assertRaises(ValueError):
            Host.embedded(command="/no/such", on_host_failure="close")
        with self.assertRaises(ValueError):
            self.odd_host("dies").emit("shop.order", {}, on_host_failure="close")

    def test_only_if_configured_starts_nothing_without_a_configuration(self):
        def is_idle(env=(), **options):
            try:
                with Host.embedded(command="/no/such", cwd=self.folder, env={"HOME": "/no", **dict(env)}, only_if_configured=True, **options) as host:
                    return not host.has("any.hook") and host.emit("any.hook", {}).status == "continued" and host.hooks() == []
            except HostGone:
                return False

        self.assertEqual([is_idle(), is_idle(config="a.yaml"), is_idle({"OUTRIGGER_CONFIG": "a.yaml"})], [True, False, False])
        Path(self.folder, "outrigger").mkdir()
        Path(self.folder, "outrigger", "config.json").touch()
        self.assertFalse(is_idle({"XDG_CONFIG_HOME": str(self.folder)}))
        Path(self.folder, "outrigger.yml").touch()
        self.assertEqual([is_idle(), is_idle({"OUTRIGGER_PLUGIN": "inside"})], [False, True])


class Connect(HostTest):
    def serve(self, mode="fine"):
        path = str(self.folder / "socket")
        server = subprocess.Popen([*odd(mode), path])
        self.addCleanup(server.wait, DEADLINE_S)
        wait_until(lambda: os.path.exists(path))
        return path, server

    def test_speaks_the_same_over_a_socket(self):
        path, server = self.serve()
        os.environ["OUTRIGGER_SOCKET"] = path
        self.addCleanup(os.environ.pop, "OUTRIGGER_SOCKET")
        with self.connected() as host:
            self.assertEqual(host.emit("shop.order", {"item": "tea"}).payload, {"item": "tea"})
            with self.assertRaises(HostTimeout):
                host.emit("shop.order", {"item": "never"}, timeout=0.05)
            self.assertEqual(len(host.hooks()), 1)
        self.assertEqual(server.wait(DEADLINE_S), 0)

    def connected(self):
        def connect():
            try:
                return Host.connect()
            except HostGone:  # the path is there before the server listens
                return None

        return wait_until(connect)

    def test_fails_at_once_when_the_daemon_dies(self):
        path, server = self.serve("dies")
        os.environ["OUTRIGGER_SOCKET"] = path
        self.addCleanup(os.environ.pop, "OUTRIGGER_SOCKET")
        with self.connected() as host, self.assertRaises(HostGone) as caught:
            host.emit("shop.order", {"item": "tea"})
        self.assertIn("closed the connection", str(caught.exception))
        self.assertEqual(server.wait(DEADLINE_S), -signal.SIGKILL)

    def test_says_what_is_missing(self):
        for path, why in ((None, "OUTRIGGER_SOCKET is not set"), (str(self.folder / "none"), "No such file"), ("x" * 200, "too long")):
            with self.assertRaises(HostGone) as caught:
                Host.connect(path)
            self.assertIn(why, str(caught.exception))
            self.assertEqual(caught.exception.code, "HOST_NOT_FOUND")
        plain = self.folder / "plain"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(plain))
        listener.listen()
        self.addCleanup(listener.close)
        with self.assertRaises(HostGone) as caught:
            Host.connect(plain, start_timeout=0.2)
        self.assertEqual(caught.exception.code, "HOST_TIMEOUT")


class Imports(unittest.TestCase):
    def loaded(self, program):
        program += "\nimport sys; print(*sys.modules)"
        env = {**os.environ, "PYTHONPATH": str(SDK)}
        return set(subprocess.run([sys.executable, "-B", "-S", "-c", program], env=env, capture_output=True, text=True, check=True).stdout.split())

    def test_each_kind_of_program_loads_what_it_needs(self):
        self.assertFalse({"asyncio", "outrigger.host", "subprocess", "socket"} & self.loaded("import outrigger"))
        idle = "from outrigger import Host\nHost.embedded(only_if_configured=True, cwd='/', env={}).emit('a.b')"
        self.assertFalse({"asyncio", "inspect", "dataclasses", "logging"} & self.loaded(idle))
        self.assertFalse({"asyncio", "subprocess", "socket"} & self.loaded("from outrigger import Host"))
        self.assertIn("asyncio", self.loaded("from outrigger import AsyncHost"))
        for name in outrigger.__all__:
            self.assertIsNotNone(getattr(outrigger, name))
        with self.assertRaisesRegex(AttributeError, '"outrigger" has no attribute "nothing"'):
            outrigger.nothing


if __name__ == "__main__":
    unittest.main()
