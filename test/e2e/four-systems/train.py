"""A coma program."""

from dataclasses import dataclass

import coma

from outrigger.bridges import coma as bridge


@dataclass
class Model:
    layers: int = 2


@coma.command
def train(model: Model) -> None:
    print(f"trained {model.layers} layers")


with bridge.connect():
    coma.wake()
