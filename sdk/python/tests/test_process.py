"""A plugin process on the wire."""

import json
import os
import signal
import subprocess
import sys
import time
import unittest

from tests.plugin_process import FIXTURE, SDK, PluginProcess, assert_once_within, event
from tests.waiting import DEADLINE_S, wait_until

PLUGIN_ENV = {**os.environ, "PYTHONPATH": str(SDK), "OUTRIGGER_PLUGIN": "test"}


class ProcessTest(unittest.TestCase):
    def start(self, **options):
        plugin = PluginProcess(**options)
        self.addCleanup(plugin.stop)
        return plugin


class Wire(ProcessTest):
    def test_answers_each_request_once_with_its_own_id(self):
        plugin = self.start()
        for id in (7, "seven", 7.5, -1):
            plugin.send(id=id, method="ping")
        plugin.send(id="x", method="no/such")
        plugin.notify("no/such", {"any": 1})
        plugin.wait_for(lambda: len(plugin.messages) == 5)
        plugin.stop()
        self.assertEqual([message["id"] for message in plugin.messages], [7, "seven", 7.5, -1, "x"])
        self.assertEqual(plugin.messages[-1]["error"]["code"], -32601)

    def test_refuses_what_is_no_message_and_goes_on(self):
        plugin = self.start()
        plugin.raw(b'garbage\n\n[{"jsonrpc":"2.0"}]\n{"half": \n42\n{"id":[1],"method":"ping"}\n')
        plugin.raw(b'{"id":1e999,"method":"ping"}\n\xff\xfe\n{"n":NaN}\n')
        plugin.raw(b'{"jsonrpc":"2.0","id":99,"result":{}}\n{"jsonrpc":"2.0","id":null,"error":{}}\n')
        plugin.request("ping")
        numbers = [message.get("error", {}).get("code") for message in plugin.messages]
        self.assertEqual(numbers, [-32700, -32600, -32700, -32600, -32600, -32600, -32700, -32700, None])

    def test_reads_split_joined_and_big_messages(self):
        plugin = self.start()
        request = {"jsonrpc": "2.0", "id": "big", "method": "hook/invoke", "params": event("test.size", {"text": "é" * 1_000_000})}
        data = json.dumps(request, ensure_ascii=False).encode() + b"\n"
        for at in range(0, len(data), 99_991):
            plugin.raw(data[at : at + 99_991])
        self.assertEqual(plugin.answer_to("big")["result"], {"metadata": {"length": 1_000_000}})
        plugin.raw(b'{"jsonrpc":"2.0","id":"a","method":"ping"}\n' * 500)
        plugin.wait_for(lambda: len(plugin.messages) == 501)

    def test_skips_what_is_larger_than_the_limit_of_the_handshake(self):
        plugin = self.start()
        plugin.initialize(limits={"maxMessageBytes": 2000, "concurrency": 1})
        plugin.raw(b"x" * 2001 + b"\n")
        plugin.request("ping")
        self.assertEqual(plugin.messages[-2]["error"]["code"], -32007)
        self.assertEqual(plugin.invoke("test.huge")["error"]["data"], {"code": "MESSAGE_TOO_LARGE"})

    def test_speaks_content_length(self):
        plugin = self.start(headers=True)
        self.assertEqual(plugin.initialize({"name": "€"})["result"], {"protocol": 1})
        plugin.raw(b"Content-Length: -1\r\n\r\nnonsense\r\nContent-Length: 4\r\nX: y\r\n\r\nnull")
        self.assertEqual(plugin.invoke("test.echo")["result"]["state"]["config"], {"name": "€"})
        self.assertEqual([m["error"]["code"] for m in plugin.messages if "error" in m], [-32700, -32600])
        self.assertRegex(plugin.raw_out, rb"^Content-Length: \d+\r\n")

    def test_keeps_any_text_number_and_depth(self):
        plugin = self.start()
        deep = {"end": "leaf"}
        for _ in range(250):
            deep = {"a": deep}
        payload = {"text": "ü€😀\u2028\u0000\ud800", "n": 12345678901234567890, "f": 1e308, "deep": deep}
        self.assertEqual(plugin.invoke("test.echo", payload)["result"]["state"]["payload"], payload)
        plugin.raw(b'{"jsonrpc":"2.0","id":"deeper","method":"ping","params":' + b"[" * 20_000 + b"]" * 20_000 + b"}\n")
        plugin.request("ping")
        self.assertIn("😀", self.start_and_echo("😀"))

    def start_and_echo(self, text):
        plugin = self.start()
        plugin.invoke("test.echo", {"text": text})
        return plugin.raw_out.decode()

    def test_keeps_everything_printed_off_the_wire(self):
        plugin = self.start()
        self.assertEqual(plugin.invoke("test.print")["result"], {"metadata": {"stdin": ""}})
        for text in ("while loading", "by print", "by sys.stdout", "on descriptor 1", "by a child"):
            plugin.wait_for(lambda text=text: f"printed {text}\n" in plugin.stderr)
        self.assertEqual(plugin.stray, [])


    def test_keeps_a_forked_copy_of_the_plugin_off_the_wire(self):
        plugin = self.start()
        self.assertEqual(plugin.invoke("test.fork")["result"], {})
        self.assertEqual(plugin.request("ping")["result"], {})
        self.assertEqual((plugin.sent("log"), plugin.stray), ([], []))


class Handshake(ProcessTest):
    def test_setup_may_decline_fail_or_leave(self):
        self.assertEqual(self.start().initialize({"missing": "git"})["result"], {"protocol": 1, "disable": "needs git"})
        self.assertEqual(self.start().initialize({"broken": True})["error"]["message"], "RuntimeError: setup broke")
        plugin = self.start()
        plugin.ask("initialize", {"config": {"exit": 78}})
        self.assertEqual(plugin.ended(), 78)

    def test_says_who_is_too_old_and_takes_one_handshake(self):
        self.assertIn("SDK is too old", self.start().initialize(protocols=[7, 8])["error"]["message"])
        plugin = self.start()
        plugin.initialize(hooks=["test.echo", "test.ecko"])
        self.assertIn("no handler for test.ecko", plugin.sent("log")[0]["message"])
        self.assertEqual(plugin.initialize()["error"]["code"], -32600)

    def test_survives_a_strange_handshake(self):
        plugin = self.start()
        odd = {"protocols": "1", "config": [], "limits": {"maxMessageBytes": -1, "concurrency": "x"}, "hooks": [1], "new": {}}
        self.assertEqual(plugin.request("initialize", odd)["result"], {"protocol": 1})
        self.assertEqual(plugin.request("hook/invoke", ["by position"])["error"]["code"], -32602)
        self.assertEqual(plugin.request("hook/invoke", {"hook": 1})["error"]["code"], -32602)
        self.assertIn("result", plugin.request("hook/invoke", {"hook": "test.echo", "deadlineMs": None, "context": 1, "attempt": 1}))
        for method in ("hook/notify", "$/cancelRequest", "config/changed", "net/denied"):
            plugin.send(method=method, params={"id": [], "config": 1, "hook": 1, "host": "h"})
            plugin.send(method=method, params=[1])
        self.assertEqual(plugin.request("ping")["result"], {})

    def test_passes_on_what_changes(self):
        plugin = self.start()
        plugin.initialize({"value": 1})
        plugin.notify("config/changed", {"config": {"value": 2}})
        plugin.notify("net/denied", {"host": "example.com", "port": 443, "reason": "no"})
        self.assertEqual(plugin.invoke("test.echo")["result"]["state"]["config"], {"value": 2})
        plugin.wait_for(lambda: "config changed to 2" in plugin.stderr and "denied example.com" in plugin.stderr)


class TheEnd(ProcessTest):
    def test_ends_when_stdin_ends_even_while_handlers_run(self):
        def stop():
            plugin = self.start()
            for hook in ("test.hold", "test.await", "test.deaf", "test.blocking", "test.ask", "test.aask"):
                plugin.begin(hook, {"seconds": 60})
            plugin.wait_for(lambda: len(plugin.sent("log")) >= 2)
            plugin.raw(b'{"jsonrpc":"2.0","id":')
            begun = time.monotonic()
            self.assertEqual(plugin.stop(), 0)
            return time.monotonic() - begun

        assert_once_within(2, stop)

    def test_ends_though_nobody_reads_what_it_writes(self):
        request = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "hook/invoke", "params": event("test.echo", {"text": "x" * 200_000})})

        def stop():
            host, end = os.pipe()
            self.addCleanup(os.close, host)
            command = [sys.executable, "-B", str(FIXTURE)]
            plugin = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=end, stderr=subprocess.DEVNULL, env=PLUGIN_ENV)
            os.close(end)
            # One large answer fills the pipe; what comes after its request is short, or writing it could wait for ever.
            plugin.stdin.write(f'{request}\n'.encode() + b'{"jsonrpc":"2.0","id":2,"method":"ping"}\n' * 4)
            plugin.stdin.close()
            begun = time.monotonic()
            self.assertEqual(plugin.wait(DEADLINE_S), 0)
            return time.monotonic() - begun

        assert_once_within(2, stop)

    def test_lives_on_when_it_may_have_no_more_threads(self):
        code = "import threading, runpy, sys\nreal, left = threading.Thread.start, [6]\n"
        code += "def start(self):\n    left[0] -= 1\n    if left[0] < 0: raise RuntimeError('can\\'t start new thread')\n    real(self)\n"
        code += f"threading.Thread.start = start\nrunpy.run_path({str(FIXTURE)!r}, run_name='__main__')"
        plugin = self.start(command=[sys.executable, "-c", code])
        waiting = [plugin.begin("test.patient") for _ in range(8)]
        plugin.wait_for(lambda: plugin.sent("log"))
        plugin.notify("config/changed", {"config": {"value": 1}})
        for id in waiting:
            plugin.notify("$/cancelRequest", {"id": id})
        for id in waiting:
            plugin.answer_to(id)
        self.assertEqual(plugin.invoke("test.modify", {"n": 2})["result"]["changes"], {"twice": 4})
        self.assertIn("error", plugin.invoke("test.amodify", {"n": 2}))
        self.assertEqual(plugin.request("shutdown")["result"], {})

    def test_runs_shutdown_once_before_it_answers(self):
        plugin = self.start()
        plugin.begin("test.hold")
        plugin.wait_for(lambda: plugin.sent("log"))
        stopping = plugin.ask("shutdown")
        self.assertEqual(plugin.invoke("test.echo")["error"]["code"], -32010)
        self.assertEqual(plugin.request("ping")["result"], {})
        plugin.notify("$/cancelRequest", {"id": 1})
        self.assertEqual(plugin.answer_to(stopping)["result"], {})
        plugin.notify("exit")
        self.assertEqual(plugin.ended(), 0)
        self.assertEqual(plugin.stderr.count("shut down"), 1)

    def test_finishes_what_is_in_flight_before_it_answers_shutdown(self):
        plugin = self.start()
        call = plugin.begin("test.deaf", {"seconds": 0.2})
        stopping = plugin.ask("shutdown")
        plugin.answer_to(stopping)
        self.assertEqual([message["id"] for message in plugin.messages if "id" in message], [call, stopping])

    def test_ends_on_sigterm_and_ignores_sigint(self):
        plugin = self.start()
        plugin.request("ping")
        plugin.process.send_signal(signal.SIGINT)
        plugin.request("ping")
        plugin.process.send_signal(signal.SIGTERM)
        self.assertEqual(plugin.ended(), 0)
        self.assertIn("shut down", plugin.stderr)

    def test_ends_when_its_parent_dies_though_stdin_stays_open(self):
        read, write = os.pipe()
        self.addCleanup(os.close, write)
        os.write(write, b'{"jsonrpc":"2.0","id":1,"method":"ping"}\n')
        host = "import subprocess as s, sys; p = s.Popen(sys.argv[1:], stdout=s.PIPE); p.stdout.readline(); print(p.pid)"
        command = [sys.executable, "-c", host, sys.executable, "-B", str(FIXTURE)]
        done = subprocess.run(command, stdin=read, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=PLUGIN_ENV)
        os.close(read)
        wait_until(lambda: not is_alive(int(done.stdout)))

    def test_says_what_it_is_on_a_terminal(self):
        code = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn([sys.executable, sys.argv[1]])))"
        env = {name: value for name, value in os.environ.items() if name != "OUTRIGGER_PLUGIN"}
        command = [sys.executable, "-c", code, str(FIXTURE)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env={**env, "PYTHONPATH": str(SDK)})
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"This is an Outrigger plugin for test.echo", done.stdout)


def is_alive(pid):
    """An orphan whose new parent has not looked at it yet counts as ended."""
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout.strip()[:1] not in ("", "Z")
