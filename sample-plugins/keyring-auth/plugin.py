import ipaddress
import json
import os
from urllib.parse import urlsplit

from outrigger import block, hook, modify, replace, serve

CHANNEL = {"required": True, "help": "Channel the credentials are for"}
SUBCOMMANDS = {
    "login": {
        "summary": "Keep the credentials of a channel in the keyring",
        "options": {
            "channel": CHANNEL,
            "username": {"help": "User name, of basic authentication"},
            "password": {"help": "Password, of basic authentication"},
            "token": {"help": "Token, in place of the other two"},
        },
    },
    "logout": {"summary": "Remove the credentials of a channel from the keyring", "options": {"channel": CHANNEL}},
}


def setup(ctx):
    # A plugin gets no variable that leads to the desktop; where its bus is on Linux is known.
    if hasattr(os, "getuid") and os.path.exists(bus := f"/run/user/{os.getuid()}/bus"):
        os.environ.setdefault("DBUS_SESSION_BUS_ADDRESS", f"unix:path={bus}")
    try:
        import keyring  # noqa: F401
    except ImportError:
        return {"disable": "it needs the package keyring: pip install --target . keyring"}


@hook("conda.subcommands")
def subcommands(payload):
    taken = {*payload["builtIn"], *payload["subcommands"]}
    return modify({"subcommands": {name: what for name, what in SUBCOMMANDS.items() if name not in taken}})


@hook("conda.run_subcommand")
def run_subcommand(payload, ctx):
    import keyring.errors

    channel = payload["options"].get("channel")
    if not isinstance(channel, str) or not channel:
        return failed(f'Cannot {payload["name"]}: --channel says which channel')
    try:
        return (login if payload["name"] == "login" else logout)(channel, payload["options"], ctx.config["service"])
    except keyring.errors.PasswordDeleteError:
        return failed(f'Cannot log out: the keyring holds no credentials of channel "{channel}"')
    except keyring.errors.KeyringError as error:
        return failed(f'Cannot {payload["name"]}: {unreachable(error)}')


def login(channel, options, service):
    import keyring

    given = {key: options[key] for key in ("username", "password", "token") if options.get(key)}
    if set(given) not in ({"token"}, {"username", "password"}):
        return failed("Cannot log in: give --username and --password, or --token")
    keyring.set_password(service, channel, json.dumps(given))
    return replace({"exitCode": 0, "stdout": f'The credentials of channel "{channel}" are in the keyring\n'})


def logout(channel, _options, service):
    import keyring

    keyring.delete_password(service, channel)
    return replace({"exitCode": 0, "stdout": f'The credentials of channel "{channel}" are removed\n'})


def failed(message):
    return replace({"exitCode": 1, "stderr": f"{message}\n"})


def unreachable(error):
    return f"no keyring can be used ({error or type(error).__name__}); a plugin in a sandbox reaches the one of the desktop with trust: full only"


@hook("conda.channel_auth")
def channel_auth(payload, ctx):
    import keyring
    import keyring.errors

    channel, url = payload["channel"], urlsplit(payload["url"])
    if not is_safe(url):
        return block("PLAIN_HTTP", f'Cannot send credentials of channel "{channel}" to "{url.hostname}": the connection is not encrypted')
    try:
        kept = keyring.get_password(ctx.config["service"], channel)
    except keyring.errors.KeyringError as error:
        return block("NO_KEYRING", f'Cannot read the credentials of channel "{channel}": {unreachable(error)}')
    if kept is None:
        return block("NO_CREDENTIALS", f'Cannot log in to channel "{channel}": the keyring holds no credentials; run conda login --channel {channel}')
    credentials = json.loads(kept)
    if payload.get("username") not in (None, credentials.get("username")) and "token" not in credentials:
        return block("OTHER_USER", f'Cannot log in to channel "{channel}" as "{payload["username"]}": the keyring holds those of somebody else')
    return replace(credentials)


def is_safe(url):
    """Encrypted, or this machine itself. A name such as "localhost.example.com" is no loopback."""
    if url.scheme == "https":
        return True
    if url.scheme != "http" or not url.hostname:
        return False
    try:
        return ipaddress.ip_address(url.hostname).is_loopback
    except ValueError:
        return url.hostname == "localhost"


if __name__ == "__main__":
    serve()
