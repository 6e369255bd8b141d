"""Three accounts of one run: what was fed, where it ended, what the journal says."""

from __future__ import annotations

import pytest

from edge.emulated_belt import Fate, FedPart
from edge.line_report import error_percentiles, line_report, report_text

BINS = {"nut": "left", "coin": "right"}


def part(number, label, mark_mm):
    return FedPart(number, label, mark_mm=mark_mm, y_mm=0.0, length_mm=20.0)


def record(number, mark_mm, bin_, reason="sorted"):
    return {"part": number, "mark_mm": mark_mm, "y_mm": 0.0, "bin": bin_, "reason": reason}


def report(*cases):
    """Each case: label, bin it ended in, and (bin, reason) of its record or None."""
    ended, rows = [], []
    for number, (label, ended_in, decided) in enumerate(cases, start=1):
        ended.append((part(number, label, 100.0 * number), Fate(ended_in, struck=False)))
        if decided:
            rows.append(record(number, 100.0 * number + 1, *decided))
    return line_report(ended, rows, BINS)


def test_a_part_in_its_own_bin_is_right():
    assert report(("nut", "left", ("left", "sorted"))).sorted_right == 1


def test_a_part_the_model_mistook_is_wrong_but_not_by_the_runtime():
    found = report(("nut", "right", ("right", "sorted")))
    assert (found.sorted_wrong, found.wrong_by_runtime) == (1, 0)


def test_a_right_decision_that_ended_in_another_bin_is_the_runtime_s_fault():
    found = report(("nut", "right", ("left", "sorted")))
    assert (found.sorted_wrong, found.wrong_by_runtime) == (1, 1)


def test_a_part_that_missed_its_gate_is_rejected_by_the_runtime_s_fault():
    found = report(("nut", "reject", ("left", "sorted")))
    assert (found.rejected, found.wrong_by_runtime) == ({"missed_gate": 1}, 1)


def test_a_part_meant_for_reject_that_a_gate_took_is_the_runtime_s_fault():
    found = report(("nut", "left", ("reject", "crowded")))
    assert (found.sorted_right, found.wrong_by_runtime) == (1, 1)


def test_a_part_without_a_record_is_unseen_or_a_stray():
    """In reject it did no harm; in a bin it rode along with another part."""
    found = report(("nut", "reject", None), ("nut", "right", None))
    assert (found.rejected, found.strays, found.sorted_wrong, found.wrong_by_runtime) == ({"unseen": 1}, 1, 1, 0)


def test_a_part_still_riding_is_on_the_belt():
    found = report(("nut", None, ("left", "sorted")))
    assert (found.on_belt, found.wrong_by_runtime, found.bins["left"].due) == (1, 0, 0)


def test_a_record_of_nothing_is_a_ghost():
    ended = [(part(1, "nut", 100.0), Fate("left", struck=False))]
    rows = [record(1, 100.0, "left"), record(2, 500.0, "reject", "lost")]
    assert line_report(ended, rows, BINS).ghosts == 1


def test_purity_and_recovery_are_shares_of_the_bin_and_of_the_class():
    """Two nuts and a coin in the bin of three nuts: purity 2/3, recovery 2/3; an empty bin has no purity."""
    cases = [
        ("nut", "left", ("left", "sorted")),
        ("nut", "left", ("left", "sorted")),
        ("nut", "reject", ("reject", "below_threshold")),
        ("coin", "left", ("left", "sorted")),
    ]
    bins = report(*cases).bins
    assert bins["left"].purity == pytest.approx(2 / 3, abs=1e-6)
    assert bins["left"].recovery == pytest.approx(2 / 3, abs=1e-6)
    assert (bins["right"].purity, bins["right"].recovery) == (None, 0.0)


def test_the_outcomes_add_up():
    cases = [("nut", end, done) for end in ("left", "right", "reject", None) for done in (("left", "sorted"), None)]
    found = report(*cases)
    assert found.fed == found.sorted_right + found.sorted_wrong + sum(found.rejected.values()) + found.on_belt


def test_the_text_tells_an_empty_bin_from_a_pure_one():
    text = report_text(report(("nut", "left", ("left", "sorted"))), error_percentiles([]), exact_clock=False)
    assert "left" in text
    assert "100.0%" in text
    assert "no gate moved" in text
