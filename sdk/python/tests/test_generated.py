"""The typed dictionaries say what the schemas say."""

import importlib
import pkgutil
import subprocess
import sys
import typing
import unittest
from pathlib import Path

import outrigger.catalogs

SDK = Path(__file__).parent.parent


class Generated(unittest.TestCase):
    @unittest.skipUnless((SDK / "generate.py").exists(), "the generator and the schemas are in the repository, not in the package")
    def test_types_equal_the_schemas(self):
        done = subprocess.run([sys.executable, "-B", str(SDK / "generate.py"), "--check"], capture_output=True, text=True)
        self.assertEqual((done.stderr, done.returncode), ("", 0))

    def test_types_can_be_resolved(self):
        names = [f"outrigger.catalogs.{module.name}" for module in pkgutil.iter_modules(outrigger.catalogs.__path__)]
        self.assertIn("outrigger.catalogs.conda", names)
        for name in ("outrigger.protocol", *names):
            module = importlib.import_module(name)
            for kind in vars(module).values():
                if isinstance(kind, type) and kind.__module__ == name:
                    typing.get_type_hints(kind)
