"""The witness of the pins finds every limit that is broken, and none that is not."""

from __future__ import annotations

import pytest

from edge.gate_tables import GateTable
from edge.pin_witness import openings, violations, worst_minutes


def gate(**changes):
    values = {"name": "g", "pin": 17, "bin": "b", "labels": ("l",), "travel_mm": 200.0, "lag_ms": 20, "dwell_ms": 300}
    return GateTable(**{**values, "min_off_ms": 50.0, "max_on_ms": 1000.0, "max_duty": 0.5, **changes})


def changes(*windows):
    return [change for opens, closes in windows for change in ((opens, True), (closes, False))]


def test_what_is_within_its_limits_is_not_named():
    """Exactly at a limit is within it."""
    assert violations(gate(), changes((0.0, 1.0), (1.05, 2.05)), 10.0) == []
    assert violations(gate(), [], 10.0) == []


@pytest.mark.parametrize(
    ("windows", "word"),
    [(((0.0, 1.001),), "max_on_ms"), (((0.0, 0.5), (0.549, 0.8)), "min_off_ms")],
)
def test_too_long_and_too_soon_are_named(windows, word):
    """One sentence each, with the figure and the limit."""
    (sentence,) = violations(gate(), changes(*windows), 10.0)
    assert word in sentence


def test_the_worst_minute_is_found_wherever_it_lies():
    """Thirty seconds of a minute are half of it; a minute that starts in an opening counts only what is left of it."""
    spread = [(float(at), at + 0.75) for at in range(40)]
    assert violations(gate(), changes(*spread), 100.0) == []
    assert max(open_s for _, open_s in worst_minutes(openings(changes(*spread), 100.0))) == pytest.approx(30.0)
    more = [(float(at), at + 0.76) for at in range(40)]
    assert "max_duty" in violations(gate(), changes(*more), 100.0)[0]
    apart = [(0.0, 20.0), (50.0, 70.0)]
    assert max(open_s for _, open_s in worst_minutes(openings(changes(*apart), 100.0))) == pytest.approx(30.0)


def test_a_gate_left_open_is_named():
    """At rest at the end, or said so; the opening lasts until then."""
    found = violations(gate(), [(1.0, True)], 3.0)
    assert any("away from rest at the end" in one for one in found)
    assert any("max_on_ms" in one for one in found)
