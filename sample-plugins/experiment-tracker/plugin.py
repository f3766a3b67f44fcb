import os

from mirror import Mirror
from outrigger import hook, serve
from runs import Runs


class Tracker:
    def setup(self, ctx):
        data = os.environ.get("OUTRIGGER_DATA")
        folder = ctx.config.get("folder") or (data and os.path.join(data, "runs"))
        if not folder:
            return {"disable": "outside a sandbox it has no data folder: set config.folder to where runs shall be kept"}
        self.runs = Runs(folder)
        self.mirror = Mirror(self.runs, ctx.config["timeoutS"], ctx.log)
        # What an earlier process could not mirror.
        for run in self.runs.unmirrored():
            self.mirror.add(run)

    @hook("pycomex.after_experiment_initialize")
    def begin(self, payload, ctx):
        self.runs.begin(self.folder(payload, ctx), payload["experiment"])

    @hook("pycomex.experiment_track")
    def track(self, payload, ctx):
        time, name = ctx.context["time"], payload["name"]
        if "figure" in payload:
            self.runs.save_figure(self.folder(payload, ctx), time, name, payload["figure"]["path"])
        else:
            self.runs.track(self.folder(payload, ctx), time, name, payload.get("value"))

    @hook("pycomex.experiment_commit_fig")
    def commit_figure(self, payload, ctx):
        self.runs.save_figure(self.folder(payload, ctx), ctx.context["time"], payload["name"], payload["figure"]["path"])

    @hook("pycomex.experiment_commit_json", "pycomex.experiment_commit_raw")
    def commit_text(self, payload, ctx):
        content = payload.get("content")
        self.runs.save(self.folder(payload, ctx), payload["name"], str(payload.get("data")) if content is None else content)

    @hook("pycomex.after_experiment_finalize")
    def finish(self, payload, ctx):
        folder = self.folder(payload, ctx)
        self.runs.finish(folder, payload["experiment"])
        ctx.log.info(f"The run is kept in {folder}")
        self.mirror.add(folder)

    def shutdown(self):
        self.mirror.stop()

    def folder(self, payload, ctx):
        return self.runs.folder(payload["experiment"], ctx.operation)


if __name__ == "__main__":
    serve(Tracker)
