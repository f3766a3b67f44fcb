"""What the tests of the bridge to Mellea stand on: a model that is none, and a plugin that does what it is told."""
