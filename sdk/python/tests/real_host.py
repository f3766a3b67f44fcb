"""The host of this repository, and programs in its place that misbehave."""

import os
import shlex
import sys
import tempfile
import unittest
from pathlib import Path

from outrigger import Host

SDK = Path(__file__).parent.parent
ROOT = SDK.parent.parent
FIXTURES = SDK / "tests" / "fixtures"
MAIN = ROOT / "host" / "cli" / "main.ts"
NODE = ROOT / "node_modules" / ".bin" / "node"

SHOP = {
    "name": "shop",
    "hooks": {
        name: {
            "description": "A hook point of the tests.",
            "payload": {"type": "object", "properties": {"item": {"type": "string"}, "quantity": {"type": "integer"}}},
            "allows": ["modify", "block", "replace"],
            "writable": ["/item", "/quantity"],
            "replaceSchema": {},
            "timeoutMs": 60_000,
            "budgetMs": 60_000,
        }
        for name in ("order", "slow", "before", "after", "visit", "unheard")
    },
}


def command():
    """Words that start the host, as OUTRIGGER_BIN may hold them."""
    if "OUTRIGGER_BIN" in os.environ:
        return os.environ["OUTRIGGER_BIN"]
    node = NODE if NODE.exists() else "node"
    return shlex.join([str(node), "--conditions=@outrigger/source", str(MAIN)])


def odd(mode):
    """The command of a host that misbehaves."""
    return [sys.executable, "-B", str(FIXTURES / "odd_host.py"), mode]


class HostTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def odd_host(self, mode, **options):
        host = Host.embedded(command=odd(mode), **options)
        self.addCleanup(host.close)
        return host


@unittest.skipUnless("OUTRIGGER_BIN" in os.environ or MAIN.exists(), "needs the host: a checkout of Outrigger, or OUTRIGGER_BIN")
class RealHostTest(HostTest):
    def configure(self):
        plugins = f"shop: {{ path: {FIXTURES / 'shop'}, trust: full }}\n  guest: {{ path: {FIXTURES / 'guest'}, trust: full, scope: session }}"
        (self.folder / "outrigger.yaml").write_text(f"plugins:\n  {plugins}\n")

    def environment(self):
        return {**os.environ, "OUTRIGGER_BIN": command(), "HOME": str(self.folder), "XDG_STATE_HOME": "", "XDG_CONFIG_HOME": ""}

    def open(self, **options):
        self.configure()
        host = Host.embedded(cwd=self.folder, env=self.environment(), **{"catalogs": [SHOP], **options})
        self.addCleanup(host.close)
        return host


def wait_for_process(pid):
    """Is it gone? A zombie of somebody else's is."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True
