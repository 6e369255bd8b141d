"""Write what each epoch gave as TensorBoard logs. TensorFlow writes them with the package of that name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from edge.errors import DataError
from edge.extras import need
from edge.problems import first_problem
from training.history import Epoch
from training.tensorflow_setup import load_tensorflow

_SERIES = {
    "train": {"loss": "loss", "accuracy": "accuracy"},
    "validation": {"loss": "validation_loss", "accuracy": "validation_accuracy"},
}


class TensorBoardLog:
    """Curves of loss and accuracy in `folder`/train and `folder`/validation, a point per epoch."""

    def __init__(self, folder: Path) -> None:
        """Raise MissingPackageError when TensorBoard is not installed, DataError when `folder` cannot be written to."""
        need("tensorboard", "tensorboard", "edge-sort train --tensorboard")
        for side in _SERIES:
            _make(folder / side)
        self._summary: Any = load_tensorflow("TensorBoard logs").summary
        self._writers = {side: self._summary.create_file_writer(str(folder / side)) for side in _SERIES}

    def epoch(self, epoch: Epoch) -> None:
        """Hear what an epoch gave."""
        for side, series in _SERIES.items():
            with self._writers[side].as_default(step=epoch.number):
                for name, attribute in series.items():
                    self._summary.scalar(name, getattr(epoch, attribute))
            self._writers[side].flush()


def _make(folder: Path) -> None:
    """Make `folder`: TensorFlow would tell what is in its way in a traceback, and only after the pictures were read."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder for TensorBoard logs that can be written to, found: "
            f"{first_problem(error)}; choose another --tensorboard"
        ) from error
