"""What speaks against an integer model: each rule on a case it must catch, and beside it one it must let pass."""

from __future__ import annotations

import numpy as np
import pytest

from quantize.compare import Comparison
from quantize.judge import Limits
from quantize.objections import objections
from quantize.thresholds import choose_thresholds, count_bin
from training.answers import Answers

LABELS = ("bolt", "nut", "screw")
LIMITS = Limits(max_drop=0.01, purity=0.0)


def answers(truth, answered, score=0.875) -> Answers:
    scores = np.full((len(truth), len(LABELS)), (1 - score) / 2, np.float32)
    scores[np.arange(len(truth)), answered] = score
    return Answers(LABELS, np.array(truth), scores)


def found(truth, before, after, limits=LIMITS, validation=None) -> tuple[str, ...]:
    comparison = Comparison(tuple(f"{n}.png" for n in range(len(truth))), answers(truth, before), after)
    choices = choose_thresholds(validation or comparison.float_model, limits.purity)
    held_out = [count_bin(after, choice.label, choice.min_score) for choice in choices]
    return objections(comparison, limits, choices, held_out)


TRUTH = [0, 1, 2] * 20


def test_nothing_speaks_against_a_model_that_answers_as_before():
    """With every limit asked for."""
    strict = Limits(max_drop=0.0, purity=0.995, min_accuracy=1.0)

    assert found(TRUTH, TRUTH, answers(TRUTH, TRUTH), strict) == ()


def test_a_model_that_always_says_the_same_is_caught_first():
    """What a wrongly scaled input gives; that it is inaccurate as well is said after."""
    told = found(TRUTH, TRUTH, answers(TRUTH, [1] * 60))

    assert told[0] == "the integer model gives every picture the same scores, those of 'nut'"
    assert len(told) == 4


def test_right_answers_below_the_floor_reach_no_bin_and_are_told_as_that():
    """Each picture is answered right, with less than half of all score: not one part would go to a bin."""
    weak = answers(TRUTH, TRUTH, score=0.4)

    (told,) = found(TRUTH, TRUTH, weak, Limits(max_drop=1.0, purity=0.9), validation=weak)

    assert told.startswith(
        "no validation picture is rightly answered 'bolt', 'nut', 'screw' with a score of 0.5 or more"
    )


def test_a_model_that_answers_one_label_with_living_scores_is_not_called_constant():
    """Weak is not broken."""
    after = answers(TRUTH, [1] * 60)
    after.scores[:30, 0] += 0.01

    assert not any("same scores" in clause for clause in found(TRUTH, TRUTH, after))


def test_a_class_gone_silent_is_caught_whatever_drop_is_allowed():
    """Two rare parts of a thousand do not show in the accuracy; their bin would stay empty for ever."""
    truth = [0, 1] * 500 + [2, 2]
    said = [0, 1] * 500 + [0, 0]

    told = found(truth, truth, answers(truth, said), Limits(max_drop=0.5, purity=0.0))

    assert told == ("the integer model never answers 'screw', which the float model finds in 2 test pictures",)


def test_a_class_that_the_float_model_never_found_either_is_not_the_integers_fault():
    """Quantization is judged, not training."""
    truth = [0, 1] * 500 + [2, 2]
    said = [0, 1] * 500 + [0, 0]

    assert found(truth, said, answers(truth, said), Limits(max_drop=0.5, purity=0.0), answers(truth, truth)) == ()


@pytest.mark.parametrize(("wrong", "told"), [(0, 0), (6, 0), (7, 1)])
def test_the_least_accuracy_is_counted_in_pictures(wrong, told):
    """0.9 of 60 are 54: six may be wrong."""
    said = [(label + 1) % 3 if index < wrong else label for index, label in enumerate(TRUTH)]

    clauses = found(TRUTH, said, answers(TRUTH, said), Limits(0.01, 0.0, min_accuracy=0.9), answers(TRUTH, TRUTH))

    assert len(clauses) == told
    assert all("asked for is 0.9000 (--min-accuracy)" in clause for clause in clauses)


def test_a_purity_out_of_reach_names_the_bin_and_the_best():
    """A wrong picture with the very highest score cannot be kept out."""
    validation = answers([0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 0, 2, 2])

    told = found(TRUTH, TRUTH, answers(TRUTH, TRUTH), Limits(0.01, 0.995), validation)

    assert told == ("no threshold makes the bins of 'bolt' reach a purity of 0.995: the best for 'bolt' is 0.750",)


def test_a_purity_missed_on_the_test_counts_only_when_it_cannot_be_chance():
    """One wrong of 20 may be luck; ten wrong of 30 are not."""
    truth = [0] * 30 + [1] * 30 + [2] * 30
    one, ten = ([0 if 30 <= index < 30 + wrong else label for index, label in enumerate(truth)] for wrong in (1, 10))
    limits = Limits(max_drop=1.0, purity=0.995)

    assert found(truth, truth, answers(truth, one), limits) == ()
    (told,) = found(truth, truth, answers(truth, ten), limits)
    assert told == "bin 'bolt' holds 30 right of 40 test pictures: a purity of 0.750, surely below 0.995"


def test_purity_0_asks_for_nothing():
    """Whoever only wants to know what integers cost."""
    validation = answers([0, 0, 0, 1, 1, 2, 2], [0, 0, 0, 1, 0, 0, 0])

    assert found(TRUTH, TRUTH, answers(TRUTH, TRUTH), LIMITS, validation) == ()
