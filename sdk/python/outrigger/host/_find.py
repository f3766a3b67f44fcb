"""Which configuration a host here would begin with, and where its daemon listens. Bridges ask at every start, so this loads next to nothing."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROJECT_NAMES = ("outrigger.yaml", "outrigger.yml", "outrigger.json")
_USER_NAMES = ("config.yaml", "config.yml", "config.json")


def find_config(cwd: str | None, env: Mapping[str, str]) -> str | None:
    """The config file that a host started here would begin with: OUTRIGGER_CONFIG, the nearest above, the user's own."""
    named = env.get("OUTRIGGER_CONFIG")
    if named:
        return named
    folder = os.path.abspath(cwd or os.getcwd())
    while True:
        found = _first_file(folder, _PROJECT_NAMES)
        if found is not None or folder == os.path.dirname(folder):
            break
        folder = os.path.dirname(folder)
    base = env.get("XDG_CONFIG_HOME") or (os.path.join(env["HOME"], ".config") if env.get("HOME") else "")
    return found or (_first_file(os.path.join(base, "outrigger"), _USER_NAMES) if base else None)


def find_socket(cwd: str | None, env: Mapping[str, str]) -> str:
    """Where the daemon of that configuration listens, whether it runs or not: OUTRIGGER_SOCKET, or a name made of the config's path."""
    named = env.get("OUTRIGGER_SOCKET")
    if named:
        return named
    from hashlib import sha256

    config = find_config(cwd, env)
    real = "no config" if config is None else os.path.realpath(os.path.join(cwd or os.getcwd(), config))
    key = sha256(os.fsencode(real)).hexdigest()[:16]
    return os.path.join(_runtime_folder(env), f"{key}.sock")


def stranger_at(path: str) -> int | None:
    """The user, neither we nor root, who made what lies at this path: they would read what we say."""
    try:
        owner = os.lstat(path).st_uid
    except (OSError, ValueError):
        return None  # connecting says why
    return None if owner in (os.getuid(), 0) else owner


def _runtime_folder(env: Mapping[str, str]) -> str:
    """The user's folder for sockets; without one, a folder of this user alone in the temporary folder."""
    named = env.get("XDG_RUNTIME_DIR", "")
    # The XDG specification: a relative path is as if there were none.
    if os.path.isabs(named):
        return os.path.join(named, "outrigger")
    user = os.getuid()
    usual = f"/run/user/{user}"
    if os.path.isdir(usual) and os.stat(usual).st_uid == user:
        return os.path.join(usual, "outrigger")
    temporary = env.get("TMPDIR") or env.get("TMP") or env.get("TEMP") or "/tmp"
    return os.path.join(temporary, f"outrigger-{user}")


def _first_file(folder: str, names: Sequence[str]) -> str | None:
    paths = (os.path.join(folder, name) for name in names)
    return next((path for path in paths if os.path.isfile(path)), None)
