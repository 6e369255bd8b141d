"""Put the pictures that a person has spoken of where the next training finds them: a folder per class.

    DIR/LABEL/line-20260105T060000Z-3f09ac/line-20260105T060000Z-3f09ac-part00046.png
                                          .provenance.jsonl

All parts of a run are one session, so `train` keeps them on one side of a split. Run again, it adds what is new and
moves what was corrected otherwise since. The hidden file says of each picture where it comes from.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge.capture_session import check_label
from edge.corrections import UNKNOWN_LABEL
from edge.durable import whole_file
from edge.errors import DataError
from edge.journal_read import Period, Run, read_parts, runs_of
from edge.line_journal import pictures_folder
from edge.pictures import read_picture
from edge.problems import first_problem

PROVENANCE_FILE = ".provenance.jsonl"
_TOLD = (
    "run", "part", "decided_utc", "label", "score", "bin", "reason", "sampled", "true_label", "corrected_at_utc",
    "corrected_by", "correction_note", "bundle_sha256", "machine_sha256",
)  # fmt: skip


@dataclass
class Exported:
    """Label -> how many were added. there: had been exported before. moved: to another class.

    unknown: of no class. without_picture: it made room for newer ones, or is damaged.
    """

    added: Counter[str] = field(default_factory=Counter)
    there: int = 0
    moved: int = 0
    unknown: int = 0
    without_picture: int = 0

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        added = ", ".join(f"{label} {count}" for label, count in sorted(self.added.items())) or "none"
        return (
            f"{sum(self.added.values())} pictures added ({added}), {self.there} there already, {self.moved} moved to "
            f"another class; left out: {self.unknown} of no known class, {self.without_picture} without a picture"
        )


def export_reviewed(
    db: sqlite3.Connection, journal: Path, out: Path, period: Period, *, audited: bool = True
) -> Exported:
    """Copy the picture of every part that a person has spoken of into `out`. audited: also of those that were drawn.

    Raises JournalError, and DataError when `out` cannot be written to or a label cannot be a folder's name.
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}: expected a folder, found a file; name a folder, which is made if there is none")
    done, folder = Exported(), pictures_folder(journal)
    for run in runs_of(db, period, journal):
        writer = _SessionWriter(out, session_name(run))
        for record in read_parts(db, [run], period):
            if record["true_label"] is None or (record["sampled"] and not audited):
                continue
            if record["true_label"] == UNKNOWN_LABEL:
                done.unknown += 1
                continue
            source = folder / Path(record["picture"]).name if record["picture"] else None
            writer.put(record, source, done)
    return done


def session_name(run: Run) -> str:
    """Return the same name for the same run whenever it is asked for, and another one for a run of another line."""
    told = f"{run.started_at.isoformat()} {run.run} {run.bundle_sha256} {run.machine_sha256}"
    stamp = run.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"line-{stamp}-{hashlib.sha256(told.encode()).hexdigest()[:6]}"


class _SessionWriter:
    """One run's pictures, in as many class folders as it has classes."""

    def __init__(self, out: Path, session: str) -> None:
        self._out, self._session = out, session
        self._where: dict[str, Path] = {}
        self._known: dict[Path, set[str]] = defaultdict(set)
        for folder in sorted(out.glob(f"*/{session}")):
            for line in _provenance(folder):
                self._known[folder].add(line["file"])
                if (folder / line["file"]).is_file():
                    self._where[line["file"]] = folder

    def put(self, record: dict[str, Any], source: Path | None, done: Exported) -> None:
        """Copy one picture, unless it is there; take it away from another class."""
        label = record["true_label"]
        check_label(label)
        name = f"{self._session}-part{record['part']:05d}.png"
        folder = self._out / label / self._session
        before = self._where.get(name)
        if before == folder:
            done.there += 1
            return
        picture = before / name if before else source
        data = _whole_picture(picture)
        if data is None:
            done.without_picture += 1
            return
        try:
            self._write(folder, name, data, record)
            if before is not None:
                (before / name).unlink(missing_ok=True)
                _remove_if_empty(before)
        except OSError as error:
            raise DataError(
                f"{folder}: expected to write a picture there, found: {first_problem(error)}; what was written before "
                "is whole: free some space or choose another folder, and run it again"
            ) from error
        self._where[name] = folder
        if before is None:
            done.added[label] += 1
        else:
            done.moved += 1

    def _write(self, folder: Path, name: str, data: bytes, record: dict[str, Any]) -> None:
        """Provenance first: a line without its picture says too much, a picture without its line nothing."""
        if (folder / name).exists() and name not in self._known[folder]:
            raise DataError(
                f"{folder / name}: expected no such picture yet, found one of somebody else's; move it away"
            )
        folder.mkdir(parents=True, exist_ok=True)
        line = {"file": name, "sha256": hashlib.sha256(data).hexdigest()}
        line |= {"exported_at_utc": datetime.now(UTC).isoformat(), **{key: record[key] for key in _TOLD}}
        with (folder / PROVENANCE_FILE).open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
            out.flush()
            os.fsync(out.fileno())
        with whole_file(folder / name, replace=True) as picture:
            picture.write(data)


def _whole_picture(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        read_picture(path)
        return path.read_bytes()
    except (DataError, OSError):
        return None


def _provenance(folder: Path) -> list[dict[str, Any]]:
    """Return what is known of a session's pictures; a line cut short by a kill has no picture."""
    lines = []
    with contextlib.suppress(OSError):
        for text in (folder / PROVENANCE_FILE).read_text(encoding="utf-8", errors="replace").splitlines():
            with contextlib.suppress(ValueError):
                line = json.loads(text)
                if isinstance(line, dict) and isinstance(line.get("file"), str) and "/" not in line["file"]:
                    lines.append(line)
    return lines


def _remove_if_empty(folder: Path) -> None:
    """A class folder without a picture would keep `train` from starting."""
    if not any(path.suffix == ".png" for path in folder.iterdir()):
        shutil.rmtree(folder)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()
