"""A decision names a bin and a reason; any doubt means reject."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.decide import LOST_AFTER_FRAMES, Decider
from edge.parts import REJECT_BIN, Reason
from edge.shapes import Outline
from edge.sizes import LEARN_PARTS, SizeBook
from edge.track import Track
from edge.tracker import Spacing

DECIDER = Decider(
    ("nut", "coin", "key"), {"nut": 0.8, "coin": 0.5}, {"nut": "left", "key": "right"}, Spacing(28.0, 3.0)
)


DUMBBELL = Outline(
    np.kron([[1, 1, 1, 0, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 0, 1, 1, 1]], np.ones((7, 7))).astype(bool), 0.5
)
BAR = Outline(np.ones((9, 27), dtype=bool), 0.5)


def track(**changes):
    fresh = Track(number=1, mark_mm=0, y_mm=0, length_mm=20, width_mm=20, first_seen_at=0, last_seen_at=1)
    return replace(fresh, **{"scores": [np.array([0.9, 0.06, 0.04], dtype=np.float32)], **changes})


def scores(*values):
    return [np.array(values, dtype=np.float32)]


def test_a_sure_part_goes_to_the_bin_of_its_class():
    """Above its threshold, alone and whole: sorted."""
    decision = DECIDER.decide(track())
    assert (decision.bin, decision.reason, decision.label) == ("left", Reason.SORTED, "nut")


def test_frames_vote_by_their_mean_score():
    """One frame that errs does not decide."""
    votes = [*scores(0.95, 0.05, 0.0), *scores(0.95, 0.05, 0.0), *scores(0.4, 0.6, 0.0)]
    decision = DECIDER.decide(track(scores=votes))
    assert decision.label == "nut"
    assert decision.score == pytest.approx(2.3 / 3)
    assert decision.reason is Reason.BELOW_THRESHOLD


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"scores": scores(0.79, 0.2, 0.01)}, Reason.BELOW_THRESHOLD),
        ({"scores": scores(float("nan"), 0.2, 0.1)}, Reason.BELOW_THRESHOLD),
        ({"scores": scores(0.1, 0.9, 0.0)}, Reason.NO_BIN),
        ({"scores": scores(0.0, 0.0, 0.99)}, Reason.BELOW_THRESHOLD),
        ({"scores": []}, Reason.UNCLASSIFIED),
        ({"crowded": True}, Reason.CROWDED),
        ({"out_of_view": True}, Reason.OUT_OF_VIEW),
        ({"length_mm": 50.1}, Reason.TOO_LONG),
        ({"missed": LOST_AFTER_FRAMES}, Reason.LOST),
        ({"scores": [], "blurred": 2}, Reason.BLURRED),
        ({"outlines": [(0.0, DUMBBELL)]}, Reason.TOUCHING),
        ({"outlines": [(0.0, BAR), (3.0, DUMBBELL)]}, Reason.TOUCHING),
    ],
)
def test_every_doubt_means_reject_and_is_named(changes, reason):
    """Each doubt alone sends the part to reject, with its own reason."""
    decision = DECIDER.decide(track(**changes))
    assert (decision.bin, decision.reason) == (REJECT_BIN, reason)


def test_a_score_at_the_threshold_is_enough():
    """The threshold is the lowest score that sorts."""
    assert DECIDER.decide(track(scores=[np.array([0.8, 0.2, 0.0])])).reason is Reason.SORTED


def test_where_single_parts_have_waists_a_waist_is_no_doubt():
    """A line of dumbbells says so in its machine file."""
    decider = replace(DECIDER, waisted_parts=True, sizes=SizeBook())
    assert decider.decide(track(outlines=[(0.0, DUMBBELL)])).reason is Reason.SORTED


def test_a_part_unlike_the_others_of_its_label_goes_to_reject():
    """Two parts that look like one are larger than one."""
    decider = replace(DECIDER, sizes=SizeBook())
    for _ in range(LEARN_PARTS):
        assert decider.decide(track(outlines=[(0.0, BAR)])).reason is Reason.SORTED
    twice = Outline(np.ones((18, 27), dtype=bool), 0.5)
    assert decider.decide(track(outlines=[(0.0, twice)])).reason is Reason.ODD_SIZE
    assert decider.decide(track(outlines=[(0.0, BAR)])).reason is Reason.SORTED
