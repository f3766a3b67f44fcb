import os

from outrigger import hook, modify, serve

LEDGER = os.open(os.environ["SOAK_LEDGER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


@hook("soak.step", "soak.lookup", "soak.note")
def heard(payload, ctx):
    """One line for each call, written before it is answered."""
    client, n = payload["client"], payload["n"]
    os.write(LEDGER, f"{ctx.event} {ctx.hook} {client} {n} {os.getpid()} {ctx.attempt}\n".encode())
    if n % 10 == 0:
        ctx.cancelled.wait(0.02)
    return modify({"mark": "python"}) if "SOAK_MODIFIES" in os.environ else None


if __name__ == "__main__":
    serve()
