"""For each label the lowest score at which a part may go to its bin.

Chosen on the validation pictures, from the integer model's own scores: the device compares these very numbers. A
score says nothing about purity by itself, so it is read off pictures; few of them say little, and the report says
how little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edge.bundle_facts import Threshold
from edge.wilson import Share
from training.answers import Answers

FLOOR = 0.5  # below this, all other labels together are likelier than the one answered
NEVER = 1.0  # no int8 score reaches it: a label never answered rightly from FLOOR up sends everything to reject


@dataclass(frozen=True)
class BinCount:
    """What a label's bin would hold: `sorted` parts went in, `right` of them belong; `of_label` were to go in."""

    right: int
    sorted: int
    of_label: int

    @property
    def purity(self) -> Share:
        """Share of the parts in the bin that belong there."""
        return Share(self.right, self.sorted)

    @property
    def recovery(self) -> Share:
        """Share of the label's parts that arrive in the bin."""
        return Share(self.right, self.of_label)


@dataclass(frozen=True)
class Choice:
    """The threshold of one label and what it gave on the pictures it was chosen on."""

    label: str
    min_score: float
    reached: bool
    validation: BinCount

    @property
    def threshold(self) -> Threshold:
        """The choice as the bundle stores it."""
        purity, recovery = self.validation.purity.value, self.validation.recovery.value
        return Threshold(min_score=self.min_score, purity=purity, recovery=recovery)


def count_bin(answers: Answers, label: str, min_score: float) -> BinCount:
    """Count what the bin of `label` holds when parts below `min_score` go to reject."""
    index = answers.labels.index(label)
    goes_in = (answers.answered == index) & (answers.scores[:, index] >= min_score)
    belongs = answers.truth == index
    return BinCount(int((goes_in & belongs).sum()), int(goes_in.sum()), int(belongs.sum()))


def choose_thresholds(validation: Answers, purity: float) -> list[Choice]:
    """Choose one threshold for each label, to reach `purity` with the most recovery."""
    return [choose_threshold(validation, label, purity) for label in validation.labels]


def choice_at(validation: Answers, label: str, min_score: float, purity: float) -> Choice:
    """Say what a threshold that is there already gives on these pictures."""
    count = count_bin(validation, label, min_score)
    return Choice(label, min_score, bool(count.right) and _reaches(count, purity), count)


def choose_threshold(validation: Answers, label: str, purity: float) -> Choice:
    """Choose the lowest score from FLOOR up, among those seen, at which the bin of `label` reaches `purity`.

    The lowest keeps the most parts; one between two seen scores would be a guess. When none reaches it, the score
    with the best purity is taken, and among those the lowest; when no picture is rightly answered with FLOOR or more,
    the label gets NEVER.
    """
    counts = [(score, count_bin(validation, label, score)) for score in _candidates(validation, label)]
    useful = [(score, count) for score, count in counts if count.right]
    if not useful:
        return Choice(label, NEVER, False, count_bin(validation, label, NEVER))
    reaching = [(score, count) for score, count in useful if _reaches(count, purity)]
    if reaching:
        return Choice(label, reaching[0][0], True, reaching[0][1])
    score, count = max(useful, key=lambda pair: (pair[1].purity.value, -pair[0]))
    return Choice(label, score, False, count)


def _candidates(validation: Answers, label: str) -> list[float]:
    index = validation.labels.index(label)
    scores = np.unique(validation.scores[validation.answered == index, index])
    return [FLOOR, *(float(score) for score in scores if score > FLOOR)]


def _reaches(count: BinCount, purity: float) -> bool:
    return count.right >= purity * count.sorted - 1e-9
