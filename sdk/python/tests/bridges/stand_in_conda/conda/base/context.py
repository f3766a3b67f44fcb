"""conda's configuration."""

from types import SimpleNamespace

context = SimpleNamespace(subdir="linux-64", plugins=SimpleNamespace())
