"""The Python plugin of the benchmark: it goes on."""

from outrigger import hook, serve


@hook("bench.event")
def event(payload):
    return None


if __name__ == "__main__":
    serve()
