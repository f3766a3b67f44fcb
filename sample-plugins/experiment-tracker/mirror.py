"""Mirrors finished runs, one after another, in the background. The run folders are the queue: what fails is tried again at the next start."""

import os
import queue
import re
import subprocess
import sys
import threading
from importlib.util import find_spec

ATTEMPTS = 3
FIRST_PAUSE_S = 0.5
PROJECT = re.compile(r"[A-Za-z0-9_-]{1,128}")
HERE = os.path.dirname(os.path.abspath(__file__))


class Mirror:
    def __init__(self, runs, timeout_s, log):
        self.runs, self.timeout_s, self.log = runs, timeout_s, log
        self.waiting = queue.Queue()
        self.stopping = threading.Event()
        self.child = None
        self.thread = threading.Thread(target=self.work, daemon=True)
        # The client is found only, and loaded by the program that mirrors.
        self.has_client = find_spec("wandb") is not None

    def add(self, folder):
        """Mirrors a run if its parameter WANDB_PROJECT names a project, as in pycomex."""
        project = (self.runs.read(folder).get("parameters") or {}).get("WANDB_PROJECT")
        if not isinstance(project, str) or not project or not self.has_client:
            return
        if not PROJECT.fullmatch(project):
            self.log.warn(f'Cannot mirror the run: "{project}" is no project name; letters, digits, "-" and "_" are allowed')
            return
        self.waiting.put(folder)
        if not self.thread.is_alive():
            self.thread.start()

    def work(self):
        while not self.stopping.is_set():
            folder = self.waiting.get()
            try:
                self.send(folder)
            except Exception as error:  # a mirror must not end the plugin
                self.log.warn(f"Cannot mirror {folder}: {error}; it is tried again at the next start")

    def send(self, folder):
        for attempt in range(ATTEMPTS):
            problem = self.attempt(folder)
            if problem is None:
                (folder / "mirrored").touch()
                self.log.info(f"Mirrored {folder} to Weights & Biases, offline; `wandb sync` uploads it")
                return
            if self.stopping.wait(FIRST_PAUSE_S * 2**attempt):
                return
        raise RuntimeError(problem)

    def attempt(self, folder):
        """None when it worked, else why not. A program of its own: whatever the client does, the plugin lives on."""
        words = [sys.executable, os.path.join(HERE, "wandb_run.py"), str(folder)]
        try:
            self.child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        except OSError as error:
            return f"no process may be started ({error.strerror}); W&B needs the permission run"
        try:
            _, stderr = self.child.communicate(timeout=self.timeout_s)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.communicate()
            return f"W&B's client did not end within {self.timeout_s} s"
        return None if self.child.returncode == 0 else (stderr.strip().splitlines() or [f"exit {self.child.returncode}"])[-1]

    def stop(self):
        self.stopping.set()
        if self.child is not None and self.child.poll() is None:
            self.child.kill()
