"""Parts that wait for a person's word, and taking that word: what the terminal, and a page, ask of a journal.

Two kinds wait. Those drawn beforehand to be audited, whatever they are: from them alone purity and recovery are
counted, so they come first. And those whose label the line doubted: from them the next training learns most.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from edge.corrections import UNKNOWN_LABEL, Correction, correct
from edge.errors import DataError
from edge.journal_read import Period, bounds_s, part_record, parts_statement, runs_of
from edge.line_journal import pictures_folder

Kind = Literal["all", "audited", "doubtful"]
_WAITING = "run = ? AND decided_s >= ? AND decided_s < ? AND parts.picture IS NOT NULL AND c.label IS NULL"
_KINDS: dict[Kind, tuple[int, ...]] = {"all": (1, 0), "audited": (1,), "doubtful": (0,)}


@dataclass(frozen=True)
class ReviewPart:
    """A part to look at. label, score: what the line thought; empty when it could not classify it.

    scores: of each of `labels`. audited: it was drawn, so the word counts for purity and recovery. picture: its crop.
    """

    run: int
    part: int
    decided_utc: str
    label: str
    score: float
    labels: tuple[str, ...]
    scores: tuple[float, ...]
    bin: str
    reason: str
    audited: bool
    picture: Path

    @property
    def thought(self) -> str:
        """Say what the line thought and did, the likeliest labels first."""
        order = sorted(zip(self.scores, self.labels, strict=False), reverse=True)[:3]
        scores = ", ".join(f"{label} {score:.3f}" for score, label in order) or "unclassified"
        why = "" if self.reason == "sorted" else f" ({self.reason})"
        return f"{scores} -> {self.bin}{why}"

    @property
    def choices(self) -> tuple[str, ...]:
        """What it may be."""
        return (*self.labels, UNKNOWN_LABEL)


def waiting_parts(
    db: sqlite3.Connection, journal: Path, kind: Kind = "all", period: Period | None = None
) -> Iterator[ReviewPart]:
    """Yield the parts nobody has spoken of and whose picture is still there: the audited, then the doubted ones.

    Raises JournalError for a run that the journal does not hold.
    """
    period = period or Period()
    folder, runs = pictures_folder(journal), runs_of(db, period, journal)
    for sampled in _KINDS[kind]:
        for run in runs:
            rows = db.execute(
                parts_statement(f"parts.{_WAITING} AND sampled = ? ORDER BY parts.part"),
                (run.run, *bounds_s(run, period), sampled),
            )
            for row in rows.fetchall():  # whoever asks writes to it in between
                one = review_part(part_record(row, run), folder)
                if one.picture.is_file():
                    yield one


def waiting_without_picture(db: sqlite3.Connection, journal: Path, period: Period | None = None) -> int:
    """Return how many parts nobody has spoken of had a picture that is gone, or was not copied along."""
    period = period or Period()
    folder, gone = pictures_folder(journal), 0
    for run in runs_of(db, period, journal):
        rows = db.execute(parts_statement(f"parts.{_WAITING}"), (run.run, *bounds_s(run, period)))
        gone += sum(not (folder / Path(row["picture"]).name).is_file() for row in rows)
    return gone


def review_part(record: dict[str, Any], folder: Path) -> ReviewPart:
    """Make a journal's record of a part one to look at. folder: of the journal's pictures."""
    return ReviewPart(
        record["run"],
        record["part"],
        record["decided_utc"] or "",
        record["label"],
        record["score"],
        tuple(record["labels"]),
        tuple(record["scores"]),
        record["bin"],
        record["reason"],
        record["sampled"],
        folder / Path(record["picture"]).name,
    )


def answer(db: sqlite3.Connection, journal: Path, part: ReviewPart, label: str | None, by: str = "") -> Correction:
    """Record what a part truly is; None: what the line thought it to be. It is in the journal when this returns.

    Raises DataError when the line thought nothing, JournalError for a label that the bundle did not know.
    """
    if label is None and not part.label:
        raise DataError(
            f"{journal}: expected a label for part {part.part} of run {part.run}, which the line could not classify; "
            "name one of the labels"
        )
    return correct(db, journal, part.part, part.label if label is None else label, run=part.run, by=by, note="reviewed")
