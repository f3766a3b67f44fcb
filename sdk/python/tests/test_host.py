"""Events of an application, with the real host and a real plugin."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest

from outrigger import Blocked, Host, HostError, HostGone, HostTimeout, Outcome
from tests.real_host import SDK, SHOP, RealHostTest, command, wait_for_process
from tests.waiting import wait_until


class Emit(RealHostTest):
    def test_gives_back_what_the_plugins_made_of_the_event(self):
        with self.open() as host:
            asked = {"item": "dozen", "quantity": 1}
            changed = host.emit("shop.order", asked)
            self.assertEqual((changed.payload, changed.modified, asked["quantity"]), ({"item": "dozen", "quantity": 12}, True, 1))
            plain = {"item": "tea"}
            same = host.emit("shop.order", plain)
            self.assertIs(same.payload, plain)
            self.assertEqual((same.status, same.modified, same.raise_for_block() is same), ("continued", False, True))
            gift = host.emit("shop.order", lambda: {"item": "gift"})
            self.assertEqual((gift.replaced, gift.value, gift.by), (True, {"free": True}, "shop"))
            bomb = host.emit("shop.order", {"item": "bomb"})
            self.assertEqual((bomb.blocked, bomb.cause, bomb.retry_after_ms), (True, "verdict", 50))
            with self.assertRaises(Blocked) as caught:
                bomb.raise_for_block()
            self.assertEqual((caught.exception.code, caught.exception.reason), ("forbidden", "no bombs"))
            self.assertEqual(str(caught.exception), 'shop.order was blocked by plugin "shop": no bombs (forbidden)')

    def test_sends_nothing_when_nobody_listens(self):
        def never():
            self.fail("the payload was built")

        with self.open() as host:
            self.assertEqual([host.has(f"shop.{name}") for name in ("order", "unheard", "visit", "typo")], [True, False, False, False])
            self.assertEqual(host.emit("shop.unheard", never), Outcome("shop.unheard"))
            os.kill(host._connection.link._process.pid, signal.SIGSTOP)
            try:
                self.assertEqual(host.emit("shop.unheard", {"item": "tea"}).payload, {"item": "tea"})
            finally:
                os.kill(host._connection.link._process.pid, signal.SIGCONT)

    def test_says_by_code_what_is_wrong_with_an_event(self):
        with self.open() as host:
            for payload in ({"item": 7}, {"item": object()}, {"item": float("nan")}, [1], 7):
                with self.assertRaises(HostError) as caught:
                    host.emit("shop.order", payload, on_host_failure="open")
                self.assertEqual(caught.exception.code, "PAYLOAD_INVALID")
            with self.assertRaises(HostError) as caught:
                host.emit("shop.order", {"item": "x" * 11_000_000})
            self.assertEqual(caught.exception.code, "MESSAGE_TOO_LARGE")
            with self.assertRaises(ZeroDivisionError):
                host.emit("shop.order", lambda: 1 // 0)
            self.assertEqual(host.emit("shop.order", {"item": "ü\ud800\u2028"}).status, "continued")
            self.assertEqual(host.emit("shop.order").status, "continued")

    def test_gives_the_trace_when_asked(self):
        with self.open() as host:
            outcome = host.emit("shop.order", {"item": "dozen"}, trace=True, traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")
            self.assertEqual(outcome.trace["event"], outcome.event)
            self.assertEqual(host.trace(outcome.event)["hook"], "shop.order")
            self.assertIsNone(host.trace("no such"))
            self.assertIsNone(host.emit("shop.order", {"item": "dozen"}).trace)
            self.assertIn(("shop.order", ["shop"]), [(hook["name"], hook["subscribers"]) for hook in host.hooks()])
            self.assertEqual(host.problems, [])
            self.assertRegex(host.version, r"^\d+\.\d+")


class Scopes(RealHostTest):
    def test_an_operation_keeps_the_state_of_plugins_until_it_ends(self):
        with self.open() as host:
            with host.operation() as operation:
                operation.emit("shop.before", {"item": "tea"})
                self.assertEqual(operation.emit("shop.after", {}).payload, {"item": "tea"})
            self.assertEqual(host.emit("shop.after", {}, operation=operation.id).payload, {"item": "nothing"})
            host.operation("unused").end()

    def test_a_session_has_plugins_that_no_other_session_sees(self):
        with self.open() as host, host.session("one", plugins=["guest"]) as one, host.session() as two:
            self.assertEqual([one.has("shop.visit"), two.has("shop.visit"), host.has("shop.visit")], [True, False, False])
            self.assertEqual(one.emit("shop.visit", {}).payload, {"item": "one"})
            self.assertEqual(host.emit("shop.visit", {}, session="one").payload, {"item": "one"})
            self.assertEqual(one.operation().emit("shop.visit", {}).payload, {"item": "one"})
            self.assertEqual(two.emit("shop.visit", {}).payload, {})
            self.assertEqual(two.emit("shop.order", {"item": "dozen"}).payload["quantity"], 12)
            one.close()
            with self.assertRaises(HostError) as caught:
                one.emit("shop.visit", {})
            self.assertEqual(caught.exception.code, "SCOPE_CLOSED")
            with self.assertRaises(HostError) as caught:
                host.session(plugins=["nobody"])
            self.assertEqual(caught.exception.code, "PLUGIN_UNKNOWN")


class InFlight(RealHostTest):
    def test_500_threads_emit_at_once(self):
        with self.open() as host:
            wrong, gate = [], threading.Event()

            def fire(number):
                gate.wait()
                outcome = host.emit("shop.order", {"item": ("dozen", "tea", "gift", "bomb")[number % 4], "quantity": number})
                said = (outcome.status, outcome.payload["quantity"])
                if said != (("continued", 12), ("continued", number), ("replaced", number), ("blocked", number))[number % 4]:
                    wrong.append((number, outcome))

            threads = [threading.Thread(target=fire, args=(number,)) for number in range(500)]
            for thread in threads:
                thread.start()
            gate.set()
            for thread in threads:
                thread.join(60)
            self.assertEqual((wrong, [thread for thread in threads if thread.is_alive()]), ([], []))

    def test_a_timeout_cancels_the_event_in_the_plugin(self):
        note = self.folder / "note"
        with self.open() as host:
            host.emit("shop.order", {"item": "tea"})
            begun = time.monotonic()
            with self.assertRaises(HostTimeout) as caught:
                host.emit("shop.slow", {"note": str(note)}, timeout=1.0)
            self.assertLess(time.monotonic() - begun, 5)
            self.assertEqual((caught.exception.code, isinstance(caught.exception, TimeoutError)), ("HOST_TIMEOUT", True))
            wait_until(lambda: note.read_text() == "cancelled")
            self.assertEqual(host.emit("shop.order", {"item": "dozen"}).payload["quantity"], 12)

    def test_fails_at_once_when_the_host_is_killed_mid_call(self):
        note = self.folder / "note"
        with self.open() as host:
            pid = host._connection.link._process.pid
            threading.Thread(target=lambda: (wait_until(note.exists), os.kill(pid, signal.SIGKILL))).start()
            begun = time.monotonic()
            with self.assertRaises(HostGone) as caught:
                host.emit("shop.slow", {"note": str(note)})
            self.assertLess(time.monotonic() - begun, 8)
            self.assertIn("SIGKILL", str(caught.exception))
            self.assertIn("SIGKILL", str(host.gone))
            with self.assertRaises(HostGone):
                host.emit("shop.order", {"item": "tea"})
            self.assertEqual(host.emit("shop.order", {"item": "tea"}, on_host_failure="closed").cause, "failure")


class TheEnd(RealHostTest):
    def run_program(self, program, **options):
        self.configure()
        start = "import os, signal, sys\nfrom outrigger import Host\nfrom tests.real_host import SHOP\n"
        start += f"host = Host.embedded(cwd={str(self.folder)!r}, catalogs=[SHOP])\n"
        start += "print(host._connection.link._process.pid, flush=True)\nhost.emit('shop.order', {'item': 'tea'})\n"
        env = {**self.environment(), "PYTHONPATH": str(SDK), "PYTHONWARNINGS": "error"}
        ran = subprocess.run(
            [sys.executable, "-B", "-c", start + textwrap.dedent(program)],
            **{"env": env, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "timeout": 60, **options},
        )
        pid, *said = ran.stdout.splitlines()
        self.was_gone = wait_for_process(int(pid))
        wait_until(lambda: wait_for_process(int(pid)))
        return ran.returncode, said, ran.stderr

    def test_no_host_outlives_the_application(self):
        ends = ("", "sys.exit(3)", "raise SystemExit(3)", "os._exit(3)", "os.kill(os.getpid(), signal.SIGKILL)", "del host")
        codes = [self.run_program(end) for end in ends]
        self.assertEqual([code for code, _, _ in codes], [0, 3, 3, 3, -signal.SIGKILL, 0])
        self.assertEqual({stderr for _, _, stderr in codes}, {""})

    def test_the_host_has_ended_before_an_application_that_ends_in_order(self):
        for end in ("", "sys.exit(3)"):
            # Whoever reads our stderr would wait for the host, too.
            self.run_program(end, stderr=subprocess.DEVNULL)
            self.assertTrue(self.was_gone)

    def test_an_application_may_emit_from_a_signal_handler_and_at_exit(self):
        code, said, _ = self.run_program("""
            import atexit
            def late(*_):
                os.write(1, b"%d\\n" % host.emit("shop.order", {"item": "dozen"}).payload["quantity"])
            atexit.register(late)
            signal.signal(signal.SIGALRM, late)
            for number in range(200):
                # One alarm a turn: on a busy machine an event takes longer than a period, and handlers would pile up.
                signal.setitimer(signal.ITIMER_REAL, 0.001)
                assert host.emit("shop.order", {"item": "tea", "quantity": number}).payload["quantity"] == number
            signal.setitimer(signal.ITIMER_REAL, 0)
        """)
        self.assertEqual((code, set(said)), (0, {"12"}))

    def test_ctrl_c_is_the_applications_and_cancels_what_waits(self):
        note = self.folder / "note"
        code, said, stderr = self.run_program(f"""
            import pathlib, threading
            from tests.waiting import wait_until
            note = pathlib.Path({str(note)!r})
            def interrupt():
                wait_until(note.exists)
                os.killpg(os.getpgrp(), signal.SIGINT)
            threading.Thread(target=interrupt).start()
            try:
                host.emit("shop.slow", {{"note": {str(note)!r}}})
            except KeyboardInterrupt:
                wait_until(lambda: note.read_text() == "cancelled")
                print(host.emit("shop.order", {{"item": "dozen"}}).payload["quantity"])
        """, start_new_session=True)
        self.assertEqual((code, said), (0, ["12"]))
        # On a busy machine the host may warn that the handler took long to notice.
        self.assertNotIn("Traceback", stderr)

    def test_a_forked_child_has_no_host_and_leaves_the_parents_alone(self):
        code, said, stderr = self.run_program("""
            import threading
            stop = threading.Event()
            def busy():
                while not stop.is_set(): host.emit("shop.order", {"item": "tea"})
            threads = [threading.Thread(target=busy) for _ in range(4)]
            for thread in threads: thread.start()
            for number in range(20):
                pid = os.fork()
                if pid == 0:
                    try:
                        host.emit("shop.order", {"item": "tea"})
                    except Exception as error:
                        said = str(error)
                    host.close()
                    closed = host.emit("shop.order", {"item": "tea"}, on_host_failure="closed")
                    with Host.embedded(only_if_configured=True, cwd="/", env={}) as another:
                        fine = not another.has("shop.order")
                    if "forked" in said and closed.blocked and fine and number == 0: print("child", flush=True)
                    if number % 2: os._exit(0)
                    sys.exit(0)
                assert os.waitpid(pid, 0)[1] == 0
            stop.set()
            for thread in threads: thread.join()
            print(host.emit("shop.order", {"item": "dozen"}).payload["quantity"])
        """)
        self.assertEqual((code, said), (0, ["child", "12"]), stderr)

    def test_close_ends_the_plugins_too_and_fails_what_waits(self):
        note = self.folder / "note"
        host = self.open()
        threading.Thread(target=lambda: (wait_until(note.exists), host.close())).start()
        with self.assertRaises(HostGone) as caught:
            host.emit("shop.slow", {"note": str(note)})
        self.assertIn("closed", str(caught.exception))
        host.close()
        with self.assertRaises(HostGone):
            host.ping()


class Start(RealHostTest):
    def test_needs_a_configuration_that_can_be_used_unless_the_policy_lets_it_go_on(self):
        (self.folder / "outrigger.yaml").write_text("plugins: 7\n")
        how = {"cwd": self.folder, "env": self.environment()}
        with self.assertRaises(HostError) as caught:
            Host.embedded(**how)
        self.assertEqual(caught.exception.code, "CONFIG_INVALID")
        self.assertFalse(Host.embedded(on_host_failure="open", **how).has("conda.pre_command"))
        self.assertTrue(Host.embedded(on_host_failure="closed", **how).has("conda.pre_command"))
        with self.assertRaises(HostError) as caught:
            self.open(catalogs=[{"name": "shop"}], on_host_failure="open")
        self.assertEqual(caught.exception.code, "CATALOG_INVALID")

    def test_takes_options_of_the_command_line(self):
        with self.open(options=["--no-plugins"], command=command()) as host:
            self.assertFalse(host.has("shop.order"))

    def test_a_file_may_be_named(self):
        self.configure()
        with Host.embedded(self.folder / "outrigger.yaml", cwd="/", env=self.environment(), catalogs=[SHOP]) as host:
            self.assertTrue(host.has("shop.order"))


if __name__ == "__main__":
    unittest.main()
