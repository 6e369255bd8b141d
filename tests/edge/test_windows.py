"""Early, late and lost, in millimetres of belt."""

from __future__ import annotations

import pytest

from edge.windows import Deviation, WindowTally


@pytest.mark.parametrize(
    ("opened_mm", "closed_mm", "verdict"),
    [
        (0.0, 0.0, "on_time"),
        (3.0, -3.0, "on_time"),
        (3.1, 0.0, "late"),
        (-3.1, 0.0, "early"),
        (0.5, -4.0, "early"),
        (-4.0, 5.0, "late"),
        (None, 4.0, "late"),
        (None, None, "on_time"),
    ],
)
def test_the_end_that_is_further_off_decides(opened_mm, closed_mm, verdict):
    """Beyond the tolerance, and only then."""
    assert Deviation(opened_mm, closed_mm).verdict(3.0) == verdict


def test_a_tally_counts_each_kind_and_keeps_the_worst():
    """What the run's summary says."""
    tally = WindowTally(3.0)
    for deviation in (Deviation(0.1, 0.2), Deviation(-7.0, 1.0), Deviation(0.0, 5.5)):
        tally.passed(deviation)
    tally.lost()
    assert tally.as_dict() == {
        "on_time": 1,
        "early": 1,
        "late": 1,
        "lost": 1,
        "tolerance_mm": 3.0,
        "most_early_mm": 7.0,
        "most_late_mm": 5.5,
    }
    assert "1 early (at most 7.0 mm), 1 late (at most 5.5 mm), 1 lost" in tally.sentence()
