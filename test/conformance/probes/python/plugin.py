import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "sdk/python"))

from outrigger import block, hook, modify, replace, serve

config = {}


def setup(context):
    config_changed(context.config)
    return {"disable": config["disable"]} if "disable" in config else None


def config_changed(changed):
    config.clear()
    config.update(changed)


def fail(payload, context):
    raise ValueError("the payload says so")


def log(payload, context):
    for level in ("debug", "info", "warn", "error"):
        getattr(context.log, level)(f"at {level}", level=level)


def storage(payload, context):
    context.storage.set("probe", payload["value"])
    return replace(context.storage.get("probe"))


def wait(payload, context):
    context.cancelled.wait(payload["ms"] / 1000)


DO = {
    "nothing": lambda payload, context: None,
    "echo": lambda payload, context: replace(payload["value"]),
    "modify": lambda payload, context: modify({"value": "modified"}),
    "block": lambda payload, context: block("probe", "the payload says so"),
    "fail": fail,
    "wait": wait,
    "log": log,
    "progress": lambda payload, context: context.progress("half", 50),
    "print": lambda payload, context: print("printed"),
    "config": lambda payload, context: replace(config),
    "storage": storage,
}


@hook("probe.call")
def call(payload, context):
    return DO.get(payload.get("do"), DO["nothing"])(payload, context)


if __name__ == "__main__":
    serve()
