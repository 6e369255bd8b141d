"""The state of a training on disk, so that a killed one goes on where it was.

A checkpoint is one file, replaced as a whole: whoever is killed while writing leaves the one before. It is written
after an epoch, but not after each: writing may cost a twentieth of the time. What is lost with that are seconds, and
no result, since an epoch done again gives the same.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from training.history import Epoch

CHECKPOINT_FILE = "checkpoint.npz"
_SHARE_OF_TIME = 0.05
_PAUSE_S = 5.0
_PARTS = ("variables", "optimizer", "kept_weights")

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class Checkpoint:
    """A training after an epoch.

    stage: which of the training's stages is under way, from 0. history: all epochs so far; own_epochs: how many of
    them belong to this stage. kept: number of the epoch to go back to, kept_weights its weights (empty when the
    recipe keeps the last). variables, optimizer: every variable of the network and of its optimizer, in their order,
    the states of random generators among them.
    """

    stage: int
    history: tuple[Epoch, ...]
    own_epochs: int
    kept: int
    variables: Arrays
    optimizer: Arrays
    kept_weights: Arrays


class Checkpoints:
    """Keeps the newest checkpoint in `folder`; without one, keeps nothing."""

    def __init__(self, folder: Path | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder, self._clock = folder, clock
        self._next_s = clock() + _PAUSE_S

    def offer(self, make: Callable[[], Checkpoint]) -> None:
        """Save what `make` returns, if there is a folder and enough time has gone by since the last one."""
        started = self._clock()
        if self._folder is None or started < self._next_s:
            return
        save_checkpoint(self._folder, make())
        took = self._clock() - started
        self._next_s = started + took + max(_PAUSE_S, took / _SHARE_OF_TIME)

    def found(self) -> Checkpoint | None:
        """Return the checkpoint to go on from, if there is one. Raises DataError when it is damaged."""
        if self._folder is None or not (self._folder / CHECKPOINT_FILE).is_file():
            return None
        return load_checkpoint(self._folder)

    def discard(self) -> None:
        """Remove the checkpoint: nobody will want to go on from there."""
        if self._folder is not None:
            (self._folder / CHECKPOINT_FILE).unlink(missing_ok=True)


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write the checkpoint so that the disk holds the old one or the new one, whenever the power goes."""
    arrays = {f"{part}_{n:05d}": np.asarray(a) for part in _PARTS for n, a in enumerate(getattr(checkpoint, part))}
    facts = {name: getattr(checkpoint, name) for name in ("stage", "own_epochs", "kept")}
    facts["history"] = [asdict(epoch) for epoch in checkpoint.history]
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".partial", delete=False) as file:
        draft = Path(file.name)
        try:
            np.savez(file, facts=np.array(json.dumps(facts)), **arrays)  # type: ignore[arg-type]  # its stub
            file.flush()
            os.fsync(file.fileno())
            draft.replace(folder / CHECKPOINT_FILE)
        finally:
            draft.unlink(missing_ok=True)


def load_checkpoint(folder: Path) -> Checkpoint:
    """Read the checkpoint of a folder. Raises DataError when it is damaged."""
    path = folder / CHECKPOINT_FILE
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            facts = json.loads(str(stored["facts"]))
            facts["history"] = tuple(Epoch(**epoch) for epoch in facts["history"])
            for part in _PARTS:
                facts[part] = [stored[name] for name in sorted(stored) if name.startswith(f"{part}_")]
        return Checkpoint(**facts)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: expected the state of a stopped training, found a damaged file ({error}); "
            f"delete {folder} and train again"
        ) from error
