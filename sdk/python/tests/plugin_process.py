"""A tiny host: one plugin process and its wire, as JSON lines or with Content-Length headers."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from tests.waiting import DEADLINE_S

SDK = Path(__file__).parent.parent
FIXTURE = SDK / "tests" / "fixtures" / "plugin.py"


class PluginProcess:
    def __init__(self, file=FIXTURE, headers=False, command=None, env=()):
        known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.messages = []
        self.stray = []
        self.stderr = ""
        self.raw_out = b""
        self._headers = headers
        self._last_id = 0
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            command or [sys.executable, str(file)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**known, "PYTHONPATH": str(SDK), "OUTRIGGER_PLUGIN": "test", "PYTHONDONTWRITEBYTECODE": "1", **dict(env)},
        )
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read, self._read_errors)]
        for thread in self._threads:
            thread.start()

    # Writing

    def raw(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def send(self, **message):
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self.raw(b"Content-Length: %d\r\n\r\n%b" % (len(data), data) if self._headers else data + b"\n")

    def notify(self, method, params=None):
        self.send(method=method, params=params or {})

    def ask(self, method, params=None):
        """Sends a request; its id."""
        self._last_id += 1
        self.send(id=self._last_id, method=method, params={} if params is None else params)
        return self._last_id

    def answer_to(self, id):
        return self.wait_for(lambda: next((m for m in self.messages if m.get("id") == id and "method" not in m), None))

    def request(self, method, params=None):
        return self.answer_to(self.ask(method, params))

    def initialize(self, config=None, **more):
        limits = {"maxMessageBytes": 10 * 1024 * 1024, "concurrency": 64}
        facts = {"host": {"name": "test", "version": "0"}, "plugin": {"name": "test"}, "hooks": [], "limits": limits}
        return self.request("initialize", {"protocol": 1, "protocols": [1], "config": config or {}, **facts, **more})

    def begin(self, hook, payload=None, **more):
        return self.ask("hook/invoke", {**event(hook, payload), "deadlineMs": 5000, "attempt": 1, **more})

    def invoke(self, hook, payload=None, **more):
        return self.answer_to(self.begin(hook, payload, **more))

    # Reading

    def sent(self, method):
        """Parameters of what the plugin sent by itself."""
        return [message["params"] for message in list(self.messages) if message.get("method") == method]

    def wait_for(self, condition):
        with self._changed:
            found = None

            def is_true():
                nonlocal found
                found = condition()
                return found

            self._changed.wait_for(is_true, DEADLINE_S)
        if not found:
            raise AssertionError(f"not seen within {DEADLINE_S} s; messages {self.messages[-5:]}, stderr {self.stderr[-2000:]}")
        return found

    def stop(self):
        """Ends it as a host would, by closing stdin; the exit code."""
        try:
            self.process.stdin.close()
        except OSError:
            pass
        return self.ended()

    def ended(self):
        try:
            code = self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGKILL)
            code = self.process.wait()
        for thread in self._threads:
            thread.join(DEADLINE_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass
        return code

    def _read(self):
        out = self.process.stdout
        for line in iter(out.readline, b""):
            self.raw_out += line
            if self._headers and line.lower().startswith(b"content-length:"):
                out.readline()
                line = out.read(int(line.split(b":")[1]))
            with self._changed:
                (self.messages if line.startswith(b"{") else self.stray).append(json.loads(line) if line.startswith(b"{") else line)
                self._changed.notify_all()

    def _read_errors(self):
        for line in self.process.stderr:
            with self._changed:
                self.stderr += line.decode(errors="replace")
                self._changed.notify_all()


def event(hook, payload):
    context = {"time": "2026-01-01T00:00:00Z", "operation": "operation-1"}
    return {"event": "event-1", "hook": hook, "context": context, "payload": payload or {}}


def assert_once_within(seconds, measure, tries=5):
    """`measure` gives how long something took; one of a few tries must be quick. A busy machine slows any single one."""
    took = []
    while len(took) < tries:
        took.append(measure())
        if took[-1] < seconds:
            return
    raise AssertionError(f"never within {seconds} s: {took}")
