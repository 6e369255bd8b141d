"""Pictures of one class from one go: a folder of its own, so that they stay on one side of every split.

    DIR/LABEL/20260105T060000Z/20260105T060000Z-0001.png, ...-0002.png, ...
                               .session.json

A picture is there whole or not at all, and none is ever written over. `.session.json` is hidden, so that nobody takes
it for a picture.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict

from edge.durable import whole_file
from edge.errors import DataError
from edge.problems import first_problem

FORMAT = 1
RECORD_FILE = ".session.json"
UNFINISHED = "unfinished"  # `because` of a session that is under way, or was killed
_MOST_LABEL_BYTES = 100  # of a folder's name, which may have 255


class SessionFacts(BaseModel):
    """How a session was made. camera: the table of the machine file, with what was measured at start."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    label: str
    started_at_utc: str
    trigger: str
    source: str
    machine_sha256: str
    camera: dict[str, Any]
    limits: dict[str, float]
    edge_sort: str


class SessionRecord(SessionFacts):
    """The same with what came of it. skipped: why -> how many."""

    kept: int
    skipped: dict[str, int]
    because: str
    ended_at_utc: str | None


def check_label(label: str) -> None:
    """Raise DataError when a class cannot have this name, which becomes a folder's."""
    bad = not label.strip() or label[0] in ".-" or "/" in label or not label.isprintable()
    if bad or label != label.strip() or len(label.encode(errors="replace")) > _MOST_LABEL_BYTES:
        raise DataError(
            f"--label: expected the name of a class that can be a folder's, such as nut or part_a, found {label!r}; "
            "leave out slashes, leading dots and dashes, and spaces at its ends"
        )


class Session:
    """Writes one session. Use it as a context manager, and say `because` before the block ends."""

    def __init__(
        self,
        data: Path,
        facts: SessionFacts,
        *,
        keep_free_bytes: int = 0,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        """data: the folder of classes. Raises DataError when nothing can be written to it."""
        check_label(facts.label)
        self._facts, self._keep_free_bytes, self._free_bytes = facts, keep_free_bytes, free_bytes
        self.kept = 0
        self.skipped: Counter[str] = Counter()
        self.because = "error"
        started = datetime.fromisoformat(facts.started_at_utc).astimezone(UTC)
        self.folder = _new_folder(data / facts.label, started.strftime("%Y%m%dT%H%M%SZ"))
        self._write_record(UNFINISHED)

    def keep(self, image: NDArray[np.uint8]) -> Path:
        """Write a picture, (h, w, 3) uint8. Raises DataError when the disk is full; all before it are whole."""
        free = self._free_bytes(self.folder)
        if free < self._keep_free_bytes + image.nbytes:
            raise DataError(self._full(f"{free / 1e6:.0f} MB left"))
        path = self.folder / f"{self.folder.name}-{self.kept + 1:04d}.png"
        try:
            with whole_file(path) as out:
                Image.fromarray(np.ascontiguousarray(image)).save(out, "PNG")
        except OSError as error:
            raise DataError(self._full(first_problem(error))) from error
        self.kept += 1
        return path

    def skip(self, why: str) -> None:
        """Count what was not kept."""
        self.skipped[why] += 1

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_error: object) -> None:
        """Write the record, as far as the disk takes it; a session without a picture leaves nothing behind."""
        if not self.kept:
            shutil.rmtree(self.folder, ignore_errors=True)
            if self.folder.parent.is_dir() and not any(self.folder.parent.iterdir()):
                self.folder.parent.rmdir()
            return
        try:
            self._write_record(self.because)
        except OSError:  # it then says that it is unfinished, which is true
            return

    def _write_record(self, because: str) -> None:
        ended = None if because == UNFINISHED else datetime.now(UTC).isoformat()
        record = SessionRecord(
            **self._facts.model_dump(),
            kept=self.kept,
            skipped=dict(self.skipped),
            because=because,
            ended_at_utc=ended,
        )
        with whole_file(self.folder / RECORD_FILE, replace=True) as out:
            out.write(record.model_dump_json(indent=1).encode() + b"\n")

    def _full(self, found: str) -> str:
        return (
            f"{self.folder}: expected room for another picture, found: {found}; the {self.kept} pictures before it are "
            "whole: free some space, or choose another --out"
        )


def _new_folder(parent: Path, name: str) -> Path:
    """Make a folder that did not exist; another session may have begun in the same second."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            folder = parent / (name if number == 1 else f"{name}.{number}")
            try:
                folder.mkdir()
            except FileExistsError:
                continue
            return folder
    except OSError as error:
        raise DataError(
            f"{parent}: expected a folder that can be written to, found: {first_problem(error)}; choose another --out"
        ) from error
    raise DataError(f"{parent}: expected a new session, found {name} and 998 more of it; check the computer's clock")
