import json
import os
from pathlib import Path

from outrigger import hook, serve

HOOKS = [f"mellea.{name}" for name in json.loads((Path(__file__).parent / "hooks.json").read_text())]


@hook(*HOOKS)
def note(payload, ctx):
    folder = Path(ctx.config["folder"])
    name = ctx.hook.removeprefix("mellea.")
    event = {"hook": name, "payload": payload, "session": ctx.session, "operation": ctx.operation, "state": ctx.state, "host": os.getppid()}
    with (folder / "events.jsonl").open("a") as notes:
        notes.write(json.dumps(event) + "\n")
    answers = json.loads((folder / "answers.json").read_text())
    if answers.get(name) == "crash":
        os._exit(3)
    return answers.get(name)


if __name__ == "__main__":
    serve()
