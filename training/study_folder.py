"""The folder of a study: taken only when it is one, worked on by one command at a time, cleared of drafts."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edge.durable import require_unused
from edge.errors import DataError
from edge.file_lock import lock
from training.study_record import STUDY_FILE
from training.study_runs import RUNS_FOLDER

LOGS_FOLDER = "logs"
LOCK_FILE = "study.lock"


def check_study_folder(folder: Path) -> None:
    """Raise DataError unless `folder` is new, empty or a study; one whose record was deleted may be begun again."""
    if (folder / STUDY_FILE).exists() or (folder / LOCK_FILE).exists():
        if not os.access(folder, os.W_OK | os.X_OK):
            raise DataError(
                f"{folder}: expected a study that can be written to, found that it cannot; change its permissions"
            )
        return
    require_unused(folder)


@contextlib.contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep a study for this process alone; the system lets go of it however the process ends."""
    for inside in (folder / RUNS_FOLDER, folder / LOGS_FOLDER):
        inside.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK_FILE).open("w") as file:
        taken = DataError(
            f"{folder}: expected a study nobody works on, found another edge-sort compare at it; wait for it, or "
            "choose another --out"
        )
        lock(file, taken)
        _clear_unfinished(folder)
        try:
            yield
        finally:
            _leave_nothing_of_nothing(folder)


def _clear_unfinished(folder: Path) -> None:
    """Remove what a killed process left half-written. A training that was stopped is no such thing: it goes on."""
    for draft in folder.glob(f".{STUDY_FILE}-*.partial"):
        draft.unlink(missing_ok=True)


def _leave_nothing_of_nothing(folder: Path) -> None:
    """Where no study came to be, leave no folder that looks like one."""
    if (folder / STUDY_FILE).exists() or any((folder / RUNS_FOLDER).iterdir()):
        return
    shutil.rmtree(folder / LOGS_FOLDER, ignore_errors=True)
    (folder / LOCK_FILE).unlink(missing_ok=True)
    (folder / RUNS_FOLDER).rmdir()
    with contextlib.suppress(OSError):  # not empty: it was there before
        folder.rmdir()
