"""What to know of a promotion's figures beside the figures."""

from __future__ import annotations

from edge.frozen_set import FrozenPictures
from edge.promote_measure import Loaded, Measured, MeasureOn


def notes_of(measured: Measured, frozen: FrozenPictures | None, champion: Loaded | None, on: MeasureOn) -> list[str]:
    """Return a sentence for each thing that a reader of the figures must know."""
    found = [frozen.note] if frozen is not None and frozen.note else []
    if champion is None:
        found.append("there is no current bundle to compare with")
    if measured.frozen is None and measured.kept is None:
        found.append(
            "nothing was measured: no labelled pictures were given; before a bundle can take this one's place, give "
            "pictures that no training has seen, a folder per class, with --data: they are frozen then"
        )
    if on.machine is None:
        found.append("without --machine neither its gates' labels nor its speed on the belt are judged")
    if measured.kept is not None:
        found.append(
            "the kept pictures count only if no training has seen them: `edge-sort review --export` hands on all that "
            "somebody has spoken of, with --without-audited all but those drawn to be audited"
        )
    for compared in (measured.frozen, measured.kept):
        if compared is not None and compared.skipped:
            found.append(f"{len(compared.skipped)} pictures cannot be read, such as: {compared.skipped[0]}")
    return found
