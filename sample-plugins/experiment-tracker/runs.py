"""Run folders: what is known about each run, as files that any program can read. Every line is on disk before the next event."""

import json
import os
import re
import shutil
from pathlib import Path


def plain(text):
    """A file name: what a path could be made of is replaced."""
    return re.sub(r"[^\w.-]+", "_", text).lstrip("._")[:100] or "_"


def facts_of(experiment):
    known = ("name", "namespace", "path", "parameters", "metadata", "start_time", "duration_s")
    return {key: experiment[key] for key in known if key in experiment}


class Runs:
    def __init__(self, root):
        self.root = Path(root)

    def folder(self, experiment, operation):
        archive = os.path.basename(experiment.get("path") or "")
        return self.root / plain(experiment["name"]) / plain(operation or archive or "unknown")

    def begin(self, folder, experiment):
        self.write(self.made(folder), {**facts_of(experiment), "id": folder.name, "state": "running"})

    def track(self, folder, time, name, value):
        with open(self.made(folder) / "history.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"time": time, "name": name, "value": value}) + "\n")

    def save(self, folder, name, content):
        (self.made(folder) / "files" / plain(name)).write_text(content, encoding="utf-8")

    def save_figure(self, folder, time, name, path):
        """A copy of the figure, or only its name where this process may not read it."""
        target = self.made(folder) / "files" / plain(os.path.basename(path))
        try:
            shutil.copyfile(path, target)
        except OSError as error:
            self.track(folder, time, name, {"figure": path, "problem": error.strerror})
        else:
            self.track(folder, time, name, {"figure": target.name})

    def finish(self, folder, experiment):
        # What the experiment says at its end counts; what it leaves out there was said at its beginning.
        facts = {**self.read(self.made(folder)), **facts_of(experiment), "id": folder.name}
        error = experiment.get("error")
        self.write(folder, {**facts, "error": error, "state": "failed" if error else "finished"})

    def unmirrored(self):
        """Folders of runs that are over and not mirrored yet."""
        return [file.parent for file in sorted(self.root.glob("*/*/run.json")) if self.is_due(file.parent)]

    def is_due(self, folder):
        return self.read(folder).get("state") in ("finished", "failed") and not (folder / "mirrored").exists()

    def made(self, folder):
        """A run whose beginning was missed, for example because the plugin was switched on late, has a folder too."""
        (folder / "files").mkdir(parents=True, exist_ok=True)
        return folder

    def read(self, folder):
        try:
            return json.loads((folder / "run.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def write(self, folder, facts):
        """All of it or nothing, also when the process dies meanwhile."""
        (folder / "run.json.new").write_text(json.dumps(facts, indent=2), encoding="utf-8")
        os.replace(folder / "run.json.new", folder / "run.json")
