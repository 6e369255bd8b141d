"""What two bundles make of parts that rode on the line: the pictures a journal kept, and recorded frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.belt import Belt
from edge.bundle import Bundle
from edge.errors import DataError
from edge.journal_file import opened_to_read
from edge.journal_read import Period, read_parts, read_runs
from edge.line import OnOutcome
from edge.line_journal import pictures_folder
from edge.machine import Machine
from edge.parts import REJECT_BIN, Decision, Frame
from edge.replay_run import replay_run
from edge.side_by_side import Known
from edge.sorter import Outcome

_SAME_MM = 1.0  # a part has the same mark, whichever bundle looks at it


def kept_pictures(journal: Path) -> list[Known]:
    """Return the pictures that a journal kept and that are still there; what a person said of a part is its truth.

    Raises JournalError, and DataError when there is none.
    """
    folder = pictures_folder(journal)
    with opened_to_read(journal) as db:
        found = [
            Known(f"{folder.name}/{part['picture']}", folder / part["picture"], part["true_label"])
            for part in read_parts(db, read_runs(db), Period())
            if part["picture"] is not None
        ]
    there = [one for one in found if one.path.is_file()]
    if not there:
        raise DataError(
            f"{journal}: expected kept pictures of parts in {folder}, found none of {len(found)}; let the line run "
            "with journal.pictures_mb above 0 and a journal.audit_share, or leave --journal out"
        )
    return there


@dataclass(frozen=True)
class Replayed:
    """A recording sorted by both. parts: that both saw. flips: how many were answered differently.

    sorted_by: how many of them the first sorts into a bin, and the second. other_bin: into another bin. unpaired: parts
    that only one of them saw as that part. changes: "label -> label" -> how often.
    """

    parts: int
    flips: int
    sorted_by: tuple[int, int]
    other_bin: int
    unpaired: int
    changes: dict[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return it under the names that `promote --json` uses."""
        both = {"sorted_by_champion": self.sorted_by[0], "sorted_by_challenger": self.sorted_by[1]}
        return {
            "parts": self.parts,
            "flips": self.flips,
            **both,
            "other_bin": self.other_bin,
            "unpaired": self.unpaired,
            "changes": self.changes,
        }


def replay_both(
    champion: Bundle, challenger: Bundle, machine: Machine, recording: Path, tell: Callable[[str], None]
) -> Replayed:
    """Sort a recording with each of them, on pretend pins. Nobody says what its parts truly were.

    Raises EdgeSortError's children.
    """
    first, second = (_decided(bundle, machine, recording, tell) for bundle in (champion, challenger))
    pairs = [
        (one, second[number])
        for number, one in first.items()
        if number in second and abs(one.mark_mm - second[number].mark_mm) < _SAME_MM
    ]
    told = [(one.decision, other.decision) for one, other in pairs]
    flipped = [(one.label, other.label) for one, other in told if one.label != other.label]
    return Replayed(
        parts=len(pairs),
        flips=len(flipped),
        sorted_by=(
            sum(one.bin != REJECT_BIN for one, _ in told),
            sum(other.bin != REJECT_BIN for _, other in told),
        ),
        other_bin=sum(one.bin != other.bin and REJECT_BIN not in (one.bin, other.bin) for one, other in told),
        unpaired=len(first) + len(second) - 2 * len(pairs),
        changes=dict(Counter(f"{one or '-'} -> {other or '-'}" for one, other in flipped).most_common()),
    )


@dataclass(frozen=True)
class _Seen:
    """Where a part lay, and what was decided of it."""

    mark_mm: float
    decision: Decision


def _decided(bundle: Bundle, machine: Machine, recording: Path, tell: Callable[[str], None]) -> dict[int, _Seen]:
    found: dict[int, _Seen] = {}

    def watch(_machine: Machine, _belt: Belt) -> OnOutcome:
        def note(_frame: Frame | None, outcomes: list[Outcome]) -> None:
            found.update({one.track.number: _Seen(one.track.mark_mm, one.decision) for one in outcomes})

        return note

    replay_run(bundle, machine, recording, None, watch, tell)
    return found
