"""Does what the conformance kit asks for, with one async handler; test/conformance/probes/python does it with sync ones."""

import asyncio

from outrigger import block, modify, replace, serve


class Probe:
    def __init__(self):
        self.config = {}

    async def setup(self, ctx):
        self.config = ctx.config
        return {"disable": self.config["disable"]} if "disable" in self.config else None

    async def config_changed(self, config):
        self.config = config

    async def on_probe_call(self, payload, ctx):
        match payload["do"]:
            case "echo":
                return replace(payload.get("value"))
            case "modify":
                return modify({"value": "modified"})
            case "block":
                return block("probe", "the payload says so")
            case "fail":
                raise ValueError("the payload says so")
            case "wait":
                await asyncio.sleep(payload["ms"] / 1000)
            case "log":
                for level in ("debug", "info", "warn", "error"):
                    getattr(ctx.log, level)(f"at {level}", level=level)
            case "progress":
                ctx.progress("half", 50)
            case "print":
                print("printed")
            case "config":
                return replace(self.config)
            case "storage":
                await ctx.storage.set("probe", payload.get("value"))
                return replace(await ctx.storage.get("probe"))
        return None


if __name__ == "__main__":
    serve(Probe)
