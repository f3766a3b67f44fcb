"""An Outrigger plugin without an SDK: one JSON message a line on stdin and stdout. stderr is the log."""

import json
import sys


def send(message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def handle(params):
    """The answer to one event. {} means: go on."""
    if params["hook"] == "conda.pre_command":
        return {"action": "modify", "changes": {"env": {"HELLO_FROM": f"Python {sys.version_info.major}.{sys.version_info.minor}"}}}
    return {}


def answer(method, params):
    if method == "hook/invoke":
        return handle(params)
    if method in ("initialize", "ping", "shutdown"):
        return {}
    raise LookupError(f'Cannot handle "{method}": this plugin has no such method')


for line in sys.stdin:
    try:
        request = json.loads(line)
        method, params = request.get("method"), request.get("params") or {}
    except (ValueError, AttributeError):
        print("skipped a line that is no message", file=sys.stderr)
        continue
    if method == "exit":
        break
    if method == "hook/notify":
        send({"method": "log", "params": {"level": "info", "message": f"{params['hook']}: {params['outcome']['status']}"}})
    if method is None or "id" not in request:
        continue
    try:
        send({"id": request["id"], "result": answer(method, params)})
    except LookupError as error:
        send({"id": request["id"], "error": {"code": -32601, "message": str(error)}})
    except Exception as error:  # one broken event must not end the plugin
        send({"id": request["id"], "error": {"code": -32603, "message": repr(error)}})
