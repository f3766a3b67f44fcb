"""A program's commands. coma 3 reads their annotations, so they must not be texts."""

from dataclasses import dataclass, field
from typing import Any

ran: list[Any] = []
"""What the commands were run with."""


@dataclass
class Model:
    layers: int = 2
    rate: float = 0.5
    tags: list[str] = field(default_factory=lambda: ["a"])


class Train:
    """Trains a model.

    At length.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.epochs = 3
        self.unreadable = object()

    def run(self) -> Any:
        ran.append((self.model.layers, self.model.rate, list(self.model.tags), self.epochs))
        return {"loss": self.epochs}


def train_function(model: Model) -> Any:
    ran.append(model.layers)
    return model.layers
