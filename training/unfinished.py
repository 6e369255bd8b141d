"""The folder OUT.unfinished, in which a training works until it becomes OUT.

    request.json           what decides the result: recipe, pictures, split, versions
    checkpoint.npz         where the training is (training.checkpoints)
    lock                   held by the process that trains here

A training that is stopped or killed leaves it, once there is a checkpoint, and `--resume` goes on there. The same
request is a must: half a training by one recipe and half by another is neither.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from edge.durable import publish, require_name, require_unused
from edge.errors import DataError
from edge.file_lock import lock
from training.checkpoints import CHECKPOINT_FILE, load_checkpoint
from training.run_folder import RUN_FILE

_REQUEST_FILE = "request.json"
_LOCK_FILE = "lock"


def unfinished_place(out: Path) -> Path:
    """Return the folder in which the training of `out` works. Raises DataError when `out` has no name."""
    require_name(out)
    return out.with_name(f"{out.name}.unfinished")


def require_place(out: Path, resume: bool) -> None:
    """Raise DataError when `out` is in use, or holds a training that is finished and cannot be resumed."""
    if resume and (out / RUN_FILE).is_file():
        raise DataError(
            f"{out}: expected a training that was stopped, found one that is finished: nothing is left to resume; "
            "leave it as it is, or choose another --out to train anew"
        )
    require_unused(out)


def epochs_kept(out: Path) -> int:
    """Return after how many epochs `--resume` would go on with the training of `out`; 0 when there is none."""
    folder = unfinished_place(out)
    return len(load_checkpoint(folder).history) if (folder / CHECKPOINT_FILE).is_file() else 0


class UnfinishedRun:
    """The folder of a training under way, as a context manager. On leaving, it is kept only with a checkpoint in it."""

    def __init__(self, out: Path, resume: bool) -> None:
        self._out, self._resume = out, resume
        self.folder = unfinished_place(out)
        self._lock: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Raise DataError when `out` is in use or finished, or a stopped training is there that nobody asked for."""
        require_place(self._out, self._resume)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = self._locked()
        if (self.folder / CHECKPOINT_FILE).is_file() and not self._resume:
            epochs = epochs_kept(self._out)
            self._lock.close()
            raise DataError(
                f"{self.folder}: expected no training of {self._out} to be under way, found one that was stopped "
                f"after epoch {epochs}; add --resume to go on with it, or delete that folder"
            )
        self._clear(but=(CHECKPOINT_FILE, _REQUEST_FILE, _LOCK_FILE))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.folder.exists() and not (self.folder / CHECKPOINT_FILE).is_file():
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock is not None:
            self._lock.close()

    def begin(self, request: Mapping[str, Any]) -> None:
        """Note what is being trained, or check that it is what was being trained here.

        Raises DataError naming the first thing that differs.
        """
        path = self.folder / _REQUEST_FILE
        asked = json.loads(json.dumps(request))
        if not (self.folder / CHECKPOINT_FILE).is_file():
            path.write_text(json.dumps(asked, indent=1) + "\n")
            return
        try:
            begun = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise DataError(
                f"{path}: expected what the stopped training was asked for, found a damaged file ({error}); "
                f"delete {self.folder} and train again"
            ) from error
        for key, before, now in _differences(begun, asked):
            raise DataError(
                f"{self.folder}: expected to go on with the same training, found {key} changed from {before} to {now}; "
                f"repeat the first command and add --resume, or delete that folder to train anew"
            )

    def finish(self) -> None:
        """Make the folder `out`, whole or not at all."""
        for name in (CHECKPOINT_FILE, _REQUEST_FILE, _LOCK_FILE):
            (self.folder / name).unlink(missing_ok=True)
        publish(self.folder, self._out)

    def _locked(self) -> IO[bytes]:
        file = (self.folder / _LOCK_FILE).open("wb")
        taken = DataError(
            f"{self.folder}: expected no other process to train there, found one that does; wait for it, stop it, or "
            "choose another --out"
        )
        try:
            lock(file, taken)
        except DataError:
            file.close()
            raise
        return file

    def _clear(self, but: tuple[str, ...]) -> None:
        for path in self.folder.iterdir():
            if path.name not in but:
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def _differences(begun: Any, asked: Any, key: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(begun, dict) and isinstance(asked, dict):
        for name in dict.fromkeys([*begun, *asked]):
            yield from _differences(begun.get(name), asked.get(name), f"{key}.{name}" if key else name)
    elif begun != asked:
        yield key, json.dumps(begun), json.dumps(asked)
