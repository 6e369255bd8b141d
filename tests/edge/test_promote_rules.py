"""What speaks against a bundle: rule by rule, on answers made up for it."""

from __future__ import annotations

import pytest

from edge.machine import Machine
from edge.plan import Latency
from edge.promote_rules import Limits, too_slow, worse
from edge.side_by_side import Answer, SideBySide

BINS = {"nut": "nuts", "screw": "screws"}
LIMITS = Limits()


def said(label, *, sure=True):
    return Answer(label, 0.9 if sure else 0.4, BINS[label] if sure else "reject")


def compared(truth, champion, challenger):
    """Both answers to pictures of these classes."""
    return SideBySide(
        pictures=tuple(f"{number}.png" for number in range(len(truth))),
        truth=tuple(truth),
        champion=tuple(champion),
        challenger=tuple(challenger),
        bins=BINS,
        labels=frozenset(BINS),
    )


def right(truth):
    return [said(label) for label in truth]


TRUTH = ["nut", "screw"] * 20
WRONG = {"nut": "screw", "screw": "nut"}


def test_an_equal_bundle_has_nothing_against_it():
    assert worse(compared(TRUTH, right(TRUTH), right(TRUTH)), LIMITS, "pictures") == ()


def test_a_drop_beyond_the_limit_speaks_against_it():
    """One of forty is 0.025."""
    challenger = [said(WRONG["nut"], sure=False), *right(TRUTH)[1:]]

    assert worse(compared(TRUTH, right(TRUTH), challenger), Limits(max_drop=0.025), "pictures") == ()
    (clause,) = worse(compared(TRUTH, right(TRUTH), challenger), LIMITS, "frozen pictures")
    assert clause.startswith("it answers 39 of 40 frozen pictures right, the current bundle 40: a drop of 0.0250")
    assert "McNemar p = 1" in clause


def test_a_silenced_class_speaks_against_it_whatever_the_limits():
    truth = ["nut"] * 400 + ["screw"]
    answers = [*right(truth)[:-1], said("nut", sure=False)]
    answers[0] = Answer("nut", 0.8, "nuts")

    (clause,) = worse(compared(truth, right(truth), answers), Limits(max_drop=1.0), "pictures")
    assert clause == "it never answers 'screw', which the current bundle finds in 1 of the pictures"


def test_thresholds_that_empty_a_bin_speak_against_it():
    """Every answer is as right as before, and the bin stays empty."""
    challenger = [said(label, sure=label == "nut") for label in TRUTH]

    clauses = worse(compared(TRUTH, right(TRUTH), challenger), LIMITS, "pictures")
    assert clauses[0] == "its thresholds let nothing into bin 'screws', where the current bundle puts 20 pictures"
    assert clauses[1].startswith("it puts 20 of 40 pictures into their bins, the current bundle 40")


@pytest.mark.parametrize(("more", "told"), [(4, False), (5, True)])
def test_less_pure_bins_speak_against_it_once_that_is_no_chance(more, told):
    """Four of four is one in sixteen, five of five one in thirty-two."""
    champion = [said(WRONG[label], sure=False) for label in TRUTH[:more]] + right(TRUTH[more:])
    challenger = [said(WRONG[label]) for label in TRUTH[:more]] + right(TRUTH[more:])

    clauses = worse(compared(TRUTH, champion, challenger), LIMITS, "pictures")
    assert bool(clauses) == told
    if told:
        assert clauses[0].startswith("its bins hold 5 wrong ones of the pictures, the current bundle's 0: less pure")


def test_wrong_parts_that_both_let_in_are_no_difference():
    champion = [said(WRONG[label]) for label in TRUTH]
    assert worse(compared(TRUTH, champion, champion), LIMITS, "pictures") == ()


def test_a_few_more_rejects_are_no_reason_and_many_are():
    few = [said(label, sure=index >= 2) for index, label in enumerate(TRUTH)]
    many = [said(label, sure=index >= 8) for index, label in enumerate(TRUTH)]

    assert worse(compared(TRUTH, right(TRUTH), few), LIMITS, "pictures") == ()
    (clause,) = worse(compared(TRUTH, right(TRUTH), many), LIMITS, "pictures")
    assert clause.startswith("it puts 32 of 40 pictures into their bins, the current bundle 40: a drop of 0.2000")
    assert worse(compared(TRUTH, right(TRUTH), many), Limits(max_recovery_drop=0.2), "pictures") == ()


def test_parts_of_no_known_class_count_in_bins_and_not_in_accuracy():
    """A foreign part in a bin is a wrong one there; no answer to it is right."""
    truth = [*TRUTH, *["stone"] * 6]
    champion = [*right(TRUTH), *[said("nut", sure=False)] * 6]
    challenger = [*right(TRUTH), *[said("nut")] * 6]

    (clause,) = worse(compared(truth, champion, challenger), LIMITS, "pictures")
    assert clause.startswith("its bins hold 6 wrong ones")


def test_one_answer_to_everything_speaks_against_a_first_bundle_too():
    first, second = worse(compared(TRUTH, [], [said("nut")] * 40), LIMITS, "pictures")
    assert first == "it answers every one of the pictures 'nut', with the same score"
    assert second.startswith("it answers 20 of 40 pictures right, no more than one and the same answer to everything")


def test_labels_in_another_order_speak_against_a_first_bundle_too():
    """A little better than that and it is let through: there is nothing to compare it with."""
    swapped = [said(WRONG[label]) for label in TRUTH]
    (clause,) = worse(compared(TRUTH, [], swapped), LIMITS, "pictures")
    assert clause.startswith("it answers 0 of 40 pictures right")
    assert worse(compared(TRUTH, [], [*right(TRUTH[:30]), *swapped[30:]]), LIMITS, "pictures") == ()


def latency(classify_ms, p99_ms=None):
    return Latency(1.0, 1.0, classify_ms, p99_ms or classify_ms, "given")


def test_a_bundle_that_run_would_not_start_with_is_too_slow(table):
    """machine.decision.latency_ms is 100."""
    machine = Machine.model_validate(table)
    assert list(too_slow(machine, latency(5), latency(6))) == []
    (clause,) = too_slow(machine, latency(5), latency(120))
    assert clause.startswith("too slow for this line: decision.latency_ms: expected at least the 122 ms")


def test_the_slow_end_counts_only_where_the_current_bundle_keeps_to_it(table):
    """A computer that is busy with the line itself slows both."""
    table["camera"]["frame_rate_hz"] = 50.0
    machine = Machine.model_validate(table)
    (clause,) = too_slow(machine, latency(5), latency(6, 200))
    assert "at the 99th percentile" in clause
    assert list(too_slow(machine, latency(5, 200), latency(6, 200))) == []
    assert list(too_slow(machine, None, latency(6, 200))) == []
