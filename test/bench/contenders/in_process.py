"""pluggy inside one Python process, for reference: no process, no JSON. Reads `CALLS BYTES`, prints nanoseconds."""

import json
import sys
import time

import pluggy

spec = pluggy.HookspecMarker("bench")
impl = pluggy.HookimplMarker("bench")


class Spec:
    @spec
    def invoke(self, payload):
        """One event."""


class Plugin:
    @impl
    def invoke(self, payload):
        return payload


manager = pluggy.PluginManager("bench")
manager.add_hookspecs(Spec)
manager.register(Plugin())
print("ready", flush=True)
for line in sys.stdin:
    request = json.loads(line)
    payload = request["payload"]
    call = manager.hook.invoke
    started = time.perf_counter_ns()
    for _ in range(request["calls"]):
        call(payload=payload)
    print(time.perf_counter_ns() - started, flush=True)
