"""Which bin, and why: one decision per part, reject when in doubt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from edge.classifier import best
from edge.parts import REJECT_BIN, Decision, Reason
from edge.sizes import SizeBook
from edge.track import Track
from edge.tracker import Spacing

LOST_AFTER_FRAMES = 3  # in a row in which the part should have been in the picture and was not


@dataclass(frozen=True)
class Decider:
    """The rules of one line.

    thresholds: lowest score per label. bins: label -> bin. A label in neither goes to reject. min_known_score: below it
    a part is taken for one of no known class. waisted_parts: a waist is no sign that two parts touch, because single
    parts have one. longest_mm: label -> the longest part that a gate of its bin catches whole; where nothing is given,
    the longest that any gate does. sizes: what the parts of each label measured so far.
    """

    labels: tuple[str, ...]
    thresholds: Mapping[str, float]
    bins: Mapping[str, str]
    spacing: Spacing
    min_known_score: float = 0.0
    waisted_parts: bool = False
    longest_mm: Mapping[str, float] = field(default_factory=dict)
    sizes: SizeBook = field(default_factory=SizeBook)

    def decide(self, track: Track) -> Decision:
        """Decide a part from everything seen of it."""
        findings = self._findings(track)
        doubt = self._doubt(track, findings) or self._shape_doubt(track, findings.label)
        if doubt is not None:
            return findings.rejected(doubt)
        return Decision(self.bins[findings.label], Reason.SORTED, findings.label, findings.score, findings.scores)

    def _findings(self, track: Track) -> Decision:
        if not track.scores:
            return Decision(REJECT_BIN, Reason.UNCLASSIFIED)
        prediction = best(self.labels, np.mean(track.scores, axis=0))
        return Decision(REJECT_BIN, Reason.UNCLASSIFIED, prediction.label, prediction.score, prediction.scores)

    def _shape_doubt(self, track: Track, label: str) -> Reason | None:
        """Whether the outlines of a part without any other doubt look like two parts, or unlike those of its label."""
        shapes = track.shapes
        if not shapes:
            return None
        if not self.waisted_parts and any(shape.waisted for shape in shapes):
            return Reason.TOUCHING
        odd = self.sizes.odd(label, shapes[0])
        self.sizes.note(label, shapes[0])
        return Reason.ODD_SIZE if odd else None

    def _doubt(self, track: Track, findings: Decision) -> Reason | None:
        longest_mm = self.longest_mm.get(findings.label, self.spacing.longest_part_mm)
        rules = (
            (Reason.OUT_OF_VIEW, track.out_of_view),
            (Reason.TOO_LONG, track.length_mm > longest_mm),
            (Reason.CROWDED, track.crowded),
            (Reason.NO_EYE, not track.eyed),
            (Reason.LOST, track.missed >= LOST_AFTER_FRAMES),
            (Reason.BLURRED, track.blurred > 0 and not findings.scores),
            (Reason.UNCLASSIFIED, not findings.scores),
        )
        seen = next((reason for reason, holds in rules if holds), None)
        if seen is not None:
            return seen
        return score_doubt(findings.label, findings.score, self.thresholds, self.bins, self.min_known_score)


def score_doubt(
    label: str, score: float, thresholds: Mapping[str, float], bins: Mapping[str, str], min_known_score: float
) -> Reason | None:
    """Whether a label and its score, by themselves, keep a part from a bin; the arguments are those of a Decider."""
    rules = (
        (Reason.UNKNOWN, score < min_known_score),
        # "not at least" rather than "less": a score that is not a number is below every threshold
        (Reason.BELOW_THRESHOLD, not score >= thresholds.get(label, 1.0)),
        (Reason.NO_BIN, label not in bins),
    )
    return next((reason for reason, holds in rules if holds), None)
