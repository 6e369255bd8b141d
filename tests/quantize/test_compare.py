"""Float against integer: every figure from answers small enough to count by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize.compare import Comparison, class_figures
from training.answers import Answers

LABELS = ("bolt", "nut", "screw")


def answers(truth, answered, score=0.75):
    """Build answers from label names, each answered with the same score."""
    scores = np.full((len(truth), len(LABELS)), (1 - score) / 2, np.float32)
    scores[np.arange(len(truth)), [LABELS.index(name) for name in answered]] = score
    return Answers(LABELS, np.array([LABELS.index(name) for name in truth], np.int64), scores)


def compared(truth, float_answers, int8_answers):
    """Compare two models on pictures named 0.png, 1.png and so on."""
    names = tuple(f"{number}.png" for number in range(len(truth)))
    return Comparison(names, answers(truth, float_answers, 0.875), answers(truth, int8_answers, 0.625))


def test_the_drop_counts_pictures():
    """Four of four right against two of four is a drop of a half."""
    comparison = compared(["bolt", "nut", "nut", "screw"], ["bolt", "nut", "nut", "screw"], ["bolt", "nut"] * 2)

    assert comparison.lost == 2
    assert comparison.drop == 0.5
    assert (comparison.only_float_right, comparison.only_int8_right) == (2, 0)
    assert comparison.p_value == 0.5


def test_a_wrong_answer_of_both_models_is_not_the_doing_of_integers():
    """Only the same wrong answer counts: another one is another mistake."""
    comparison = compared(["bolt"] * 3 + ["nut"], ["nut", "nut", "bolt", "nut"], ["nut", "screw", "nut", "nut"])

    assert comparison.wrong_alike == 1


def test_every_changed_answer_is_a_flip():
    """A flip is a changed answer, whether it became wrong, right or stayed wrong; it names both scores."""
    comparison = compared(
        ["bolt", "nut", "screw", "screw"], ["bolt", "bolt", "bolt", "screw"], ["nut", "nut", "nut", "screw"]
    )

    flips = comparison.flips

    assert [(flip.picture, flip.truth, flip.float_label, flip.int8_label) for flip in flips] == [
        ("0.png", "bolt", "bolt", "nut"),
        ("1.png", "nut", "bolt", "nut"),
        ("2.png", "screw", "bolt", "nut"),
    ]
    assert {(flip.float_score, flip.int8_score) for flip in flips} == {(0.875, 0.625)}


def test_precision_recall_and_f1_of_a_small_matrix():
    """Counted by hand; a label never answered has no precision, and its F1 is zero."""
    figures = class_figures(answers(["bolt", "bolt", "nut", "screw"], ["bolt", "nut", "nut", "nut"]))

    assert (figures[0].precision, figures[0].recall) == (1.0, 0.5)
    assert figures[0].f1 == pytest.approx(2 / 3)
    assert (figures[1].precision, figures[1].recall) == (pytest.approx(1 / 3), 1.0)
    assert (figures[2].precision, figures[2].recall, figures[2].f1) == (None, 0.0, 0.0)


def test_the_published_matrix_gives_the_published_figures():
    """Paper 2, run 1: TP 253, FN 1, FP 3, TN 253 is printed as accuracy 0.992, PPV 0.988, NPV and sensitivity 0.996."""
    truth = ["bolt"] * 254 + ["nut"] * 256
    answered = ["bolt"] * 253 + ["nut"] + ["bolt"] * 3 + ["nut"] * 253
    both = answers(truth, answered)
    part_a, part_b, _ = class_figures(both)

    assert round(both.accuracy.value, 3) == 0.992
    assert (round(part_a.precision, 3), round(part_a.recall, 3)) == (0.988, 0.996)
    assert (round(part_b.precision, 3), round(part_b.recall, 3)) == (0.996, 0.988)


@given(st.lists(st.tuples(*[st.sampled_from(LABELS)] * 3), min_size=1, max_size=50))
def test_the_counts_agree_with_each_other(rows):
    """Lost pictures, flips, confusion and class figures are views of the same answers."""
    comparison = compared(*(list(column) for column in zip(*rows, strict=True)))

    assert comparison.lost == comparison.only_float_right - comparison.only_int8_right
    assert len(comparison.flips) >= comparison.only_float_right + comparison.only_int8_right
    assert comparison.int8_model.confusion.sum() == len(rows)
    assert comparison.int8_model.confusion.trace() == comparison.int8_model.accuracy.right
    assert sum(change.pictures for change in comparison.per_class) == len(rows)
