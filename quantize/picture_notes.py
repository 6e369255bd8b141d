"""What to know of the pictures of a report that are not a run's own."""

from __future__ import annotations

from collections.abc import Sequence

from edge.bundle import Bundle
from quantize.provenance import calibration_digests
from quantize.shown_pictures import Shown

_MOST_NAMED = 10


def notes_on(bundle: Bundle, shown: Shown, known: frozenset[str] = frozenset()) -> list[str]:
    """Say what to know of these pictures, a clause each.

    known: digests of pictures that made the model; the bundle itself knows those alone that it was calibrated with.
    """
    least = "" if known else "at least "  # of its training pictures a bundle lists those alone
    known |= calibration_digests(bundle.facts.provenance)
    notes = []
    if seen := sum(item.sha256 in known for item in shown.items):
        of_them = f"{least}{seen} of {len(shown.items)}"
        notes.append(f"{of_them} pictures helped to make this model, so the figures flatter it")
    there = {item.label for item in shown.items}
    if missing := [label for label in bundle.labels if label not in there]:
        notes.append(f"there are no pictures of {_some(missing)}: nothing is said about these")
    if shown.skipped:
        notes.append(f"{len(shown.skipped)} files could not be used and are left out")
    return notes


def _some(labels: Sequence[str]) -> str:
    named = ", ".join(labels[:_MOST_NAMED])
    return named if len(labels) <= _MOST_NAMED else f"{named} and {len(labels) - _MOST_NAMED} more"
