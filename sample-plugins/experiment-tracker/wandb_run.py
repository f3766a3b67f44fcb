"""Makes an offline run of Weights & Biases out of one run folder: wandb_run.py FOLDER. Beside it nothing is sent anywhere."""

import json
import os
import shutil
import sys
from pathlib import Path


def main(folder):
    for name in ("WANDB_CONFIG_DIR", "WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_ARTIFACT_DIR"):
        os.environ[name] = str(folder / "client")
    import wandb

    facts = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    archive = os.path.basename(facts.get("path") or facts["id"])
    with wandb.init(
        mode="offline",
        dir=str(folder),
        project=facts["parameters"]["WANDB_PROJECT"],
        id=facts["id"][:64],
        name=f"{facts['name']}/{archive}",
        config={**(facts.get("parameters") or {}), "metadata": facts.get("metadata")},
        settings=wandb.Settings(console="off", silent=True, x_disable_stats=True),
    ) as run:
        for line in history(folder):
            if isinstance(line["value"], (int, float)):
                run.log({line["name"]: line["value"]})
        for file in sorted((folder / "files").iterdir()):
            # A copy: the client would only link to it, by a name that may mean nothing where the run is uploaded from.
            copy = shutil.copy(file, run.dir)
            run.save(copy, base_path=run.dir, policy="end")
        run.summary.update({"state": facts["state"], "duration_s": facts.get("duration_s")})
        run.finish(exit_code=1 if facts["state"] == "failed" else 0)
    # Where its files cannot be made the client says so in a log only.
    if not list(folder.glob("wandb/offline-run-*/run-*.wandb")):
        sys.exit("W&B's client ended well and wrote no run")


def history(folder):
    file = folder / "history.jsonl"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


if __name__ == "__main__":
    main(Path(sys.argv[1]))
