"""What each epoch gave, and history.json, which keeps it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edge.errors import DataError
from edge.problems import first_problem

HISTORY_FILE = "history.json"


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave. `loss` and `accuracy` are of the training pictures as varied, with dropout on.

    seconds: how long it took, with its validation. Epochs are numbered from 1 on, over all stages of a training.
    """

    number: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


def write_history(folder: Path, epochs: Sequence[Epoch], best_epoch: int) -> None:
    """Write history.json into `folder`. best_epoch: the number of the one whose weights were kept."""
    history = {"best_epoch": best_epoch, "epochs": [asdict(epoch) for epoch in epochs]}
    (folder / HISTORY_FILE).write_text(json.dumps(history, indent=2) + "\n")


def read_history(folder: Path) -> tuple[tuple[Epoch, ...], int]:
    """Return the epochs of a run and the number of the one that was kept. Raises DataError when the file is damaged."""
    path = folder / HISTORY_FILE
    try:
        found = json.loads(path.read_text())
        epochs, best_epoch = tuple(Epoch(**epoch) for epoch in found["epochs"]), int(found["best_epoch"])
        if not 1 <= best_epoch <= len(epochs):
            raise ValueError(f"epoch {best_epoch} of {len(epochs)} was kept")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{path}: expected the history that edge-sort train wrote, found: {first_problem(error)}; "
            "copy the run folder again"
        ) from error
    return epochs, best_epoch
