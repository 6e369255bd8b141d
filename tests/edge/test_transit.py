"""What a gate's moves mean for the part they were made for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.belt import FixedSpeedBelt
from edge.gate_limits import Window
from edge.parts import Reason
from edge.transit import GatePlace, InTransit, deviation
from edge.windows import Deviation

SPEED_MM_S, HALF_MM, TOLERANCE_MM = 100.0, 20.0, 3.0


def judged(opened_mm, closed_mm, half_mm=HALF_MM):
    """Judge a part that passes its gate at 300 mm of belt, for which the gate was away between two places of it."""
    place = GatePlace("nut", 200.0, 0.0, half_mm)
    one = InTransit(1, place, 100.0, False, Window(0.0, 1.0), opened_at=opened_mm / SPEED_MM_S, first=True)
    one.closed_at = closed_mm / SPEED_MM_S
    return deviation(one, FixedSpeedBelt(SPEED_MM_S), TOLERANCE_MM)


@pytest.mark.parametrize(
    ("opened_mm", "closed_mm", "found"),
    [
        (280, 320, Deviation),
        (280, 304, Deviation),
        (280, 302, Reason.GATE_CUT),
        (280, 298, Reason.GATE_CUT),
        (280, 296, Reason.GATE_RESTING),
        (296, 320, Deviation),
        (298, 320, Reason.GATE_CUT),
        (302, 320, Reason.GATE_CUT),
        (304, 320, Reason.LATE),
    ],
)
def test_a_part_is_sorted_only_when_the_gate_was_surely_away_at_its_centre(opened_mm, closed_mm, found):
    """Within what a position is true to, the record says that it was cut: such a part may be in either of two bins."""
    told = judged(opened_mm, closed_mm)
    assert isinstance(told, Deviation) if found is Deviation else told is found


@given(st.floats(0.5, 60.0))
def test_a_punctual_gate_catches_its_part_however_narrow_the_window(half_mm):
    """Also one that is away for less belt than a position is true to."""
    told = judged(300 - half_mm, 300 + half_mm, half_mm)
    assert isinstance(told, Deviation)
