"""Thresholds: the lowest score that keeps a bin pure, and honesty when none does."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize.thresholds import FLOOR, NEVER, choose_threshold, choose_thresholds, count_bin
from training.answers import Answers

LABELS = ("bolt", "nut", "screw")


def answers(*rows):
    """Build answers from (true label, answered label, score): the rest of the score goes to the next label."""
    scores = np.zeros((len(rows), len(LABELS)), np.float32)
    for row, (_, answered, score) in enumerate(rows):
        scores[row, LABELS.index(answered)] = score
        scores[row, (LABELS.index(answered) + 1) % len(LABELS)] = 1 - score
    truth = np.array([LABELS.index(true) for true, _, _ in rows], np.int64)
    return Answers(LABELS, truth, scores)


@st.composite
def drawn_answers(draw):
    """Any answers with scores on the grid of an int8 softmax."""
    rows = draw(
        st.lists(
            st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS), st.integers(129, 255)), min_size=1, max_size=60
        )
    )
    return answers(*[(true, said, step / 256) for true, said, step in rows])


def test_a_pure_bin_keeps_everything_above_the_floor():
    """Where no answer is wrong the floor itself is the threshold."""
    choice = choose_threshold(answers(("bolt", "bolt", 0.75), ("bolt", "bolt", 0.9)), "bolt", 0.99)

    assert (choice.min_score, choice.reached) == (FLOOR, True)
    assert (choice.threshold.purity, choice.threshold.recovery) == (1.0, 1.0)


def test_the_threshold_stands_on_the_lowest_score_that_keeps_the_bin_pure():
    """The right part above the last wrong one is the lowest that still goes in."""
    validation = answers(
        ("bolt", "bolt", 0.625), ("nut", "bolt", 0.75), ("bolt", "bolt", 0.875), ("bolt", "bolt", 0.9375)
    )

    choice = choose_threshold(validation, "bolt", 0.99)

    assert (choice.min_score, choice.reached) == (0.875, True)
    assert choice.threshold.purity == 1.0
    assert choice.threshold.recovery == pytest.approx(2 / 3)


def test_an_impossible_purity_gives_the_best_there_is_and_says_so():
    """A wrong part with the very highest score cannot be kept out by any score."""
    validation = answers(("bolt", "bolt", 0.625), ("bolt", "bolt", 0.75), ("nut", "bolt", 0.9375))

    choice = choose_threshold(validation, "bolt", 0.99)

    assert not choice.reached
    assert choice.min_score == FLOOR
    assert choice.threshold.purity == pytest.approx(2 / 3)


@pytest.mark.parametrize("rows", [[("bolt", "nut", 0.9)], [("nut", "bolt", 0.9), ("bolt", "nut", 0.9)]])
def test_a_label_never_answered_right_sends_everything_to_reject(rows):
    """Nothing is known about such a bin, so no int8 score reaches its threshold."""
    choice = choose_threshold(answers(*rows), "bolt", 0.99)

    assert (choice.min_score, choice.reached) == (NEVER, False)
    assert choice.threshold.purity is None
    assert choice.threshold.recovery == 0.0


@given(drawn_answers(), st.floats(0, 1))
def test_no_threshold_that_reaches_the_purity_keeps_more(validation, purity):
    """The choice is pure enough, and no lower score that is pure enough too has a higher recovery."""
    for choice in choose_thresholds(validation, purity):
        lower = [step / 256 for step in range(128, 256) if step / 256 < choice.min_score]
        reached = [
            count
            for count in (count_bin(validation, choice.label, score) for score in lower)
            if count.right and count.right / count.sorted >= purity
        ]

        assert choice.min_score >= FLOOR
        assert choice.validation == count_bin(validation, choice.label, choice.min_score)
        if choice.reached:
            assert choice.validation.right / choice.validation.sorted >= purity - 1e-9
            assert all(count.right <= choice.validation.right for count in reached)


@given(drawn_answers(), st.floats(0, 1))
def test_an_unreached_purity_is_reached_nowhere(validation, purity):
    """When the choice says that the purity cannot be had, no score gives it, nor a better one than the choice."""
    for choice in choose_thresholds(validation, purity):
        if choice.reached:
            continue
        for step in range(128, 256):
            count = count_bin(validation, choice.label, step / 256)
            if count.right:
                assert count.right / count.sorted < purity
                assert count.right / count.sorted <= choice.validation.right / choice.validation.sorted
