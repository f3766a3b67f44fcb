import json
import os
from pathlib import Path

from outrigger import hook, serve

FOLDER = Path(__file__).parent


@hook(*json.loads((FOLDER / "hooks.json").read_text()))
def note(payload, ctx):
    name = ctx.hook.partition(".")[2]
    with (FOLDER / "events.jsonl").open("a") as notes:
        notes.write(json.dumps({"hook": name, "payload": payload, "operation": ctx.operation, "host": os.getppid()}) + "\n")
    answer = json.loads((FOLDER / "answers.json").read_text()).get(name)
    if answer == "crash":
        os._exit(3)
    return answer


if __name__ == "__main__":
    serve()
