"""Several clients of the daemon in one process, in Python. Arguments and words on stdin as in client-process.ts."""

import json
import os
import random
import sys
import threading
import time

from outrigger.host import Host, HostError

PATH, FILE, SEED, PACE = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) / 1000
OUT = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
DOWN = ("HOST_STOPPED", "HOST_GONE", "HOST_NOT_FOUND")
paused, running = threading.Event(), threading.Event()
running.set()
COME_BACK_S = 120


def write(facts):
    os.write(OUT, (json.dumps({key: value for key, value in facts.items() if value is not None}) + "\n").encode())


def connect():
    until, pause = time.monotonic() + COME_BACK_S, threading.Event()
    while True:
        try:
            return Host.connect(PATH, start_timeout=60)
        except HostError as error:
            if error.code not in DOWN or time.monotonic() > until:
                raise
            pause.wait(0.1)


class Customer(threading.Thread):
    def __init__(self, name, seed):
        super().__init__(daemon=True)
        self.client = name
        self.random = random.Random(seed)
        self.n = 0
        self.idle = threading.Event()
        self.host = connect()

    def run(self):
        while True:
            if paused.is_set():
                self.idle.set()
                running.wait()
                continue
            paused.wait(2 * PACE * self.random.random())
            if not paused.is_set():
                self.fire(self.random.choices(["soak.note", "soak.step", "soak.lookup"], [9, 7, 4])[0])

    def fire(self, hook):
        self.n += 1
        facts = {"client": self.client, "n": self.n, "hook": hook}
        try:
            done = self.host.emit(hook, {"client": self.client, "n": self.n})
            found = {"event": done.event, "status": done.status, "cause": done.cause, "by": done.by, "failOpens": done.fail_opens}
            write({**facts, "at": now(), **found})
        except HostError as error:
            write({**facts, "at": now(), "error": error.code})
            if error.code in DOWN:
                self.host.close()
                self.host = connect()


def now():
    return int(time.time() * 1000)


def give_up(failure):
    sys.__excepthook__(*failure[:3])
    os._exit(1)


threading.excepthook = give_up
customers = [Customer(name, SEED + place) for place, name in enumerate(sys.argv[5:])]
for customer in customers:
    customer.start()
print("ready", flush=True)
for line in sys.stdin:
    if line.strip() == "pause":
        running.clear()
        paused.set()
        for customer in customers:
            customer.idle.wait()
    else:
        for customer in customers:
            customer.idle.clear()
        paused.clear()
        running.set()
    print(line.strip(), flush=True)
os._exit(0)
