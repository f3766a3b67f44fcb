from fnmatch import fnmatchcase

from outrigger import block, hook, serve


@hook("conda.pre_command")
def guard(payload, ctx):
    line = " ".join([payload["command"], *payload["args"]])
    for glob in ctx.config["commands"]:
        if fnmatchcase(line, glob):
            return block("listed", f'"{line}" is not allowed: the operator lists "{glob}"')


if __name__ == "__main__":
    serve()
