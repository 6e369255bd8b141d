"""Distance into time and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.belt import FixedSpeedBelt, arrival, mark_mm, position_mm

speeds = st.floats(1, 5000)
moments = st.floats(0, 1e6)
places = st.floats(-500, 5000)


@given(speeds, moments, places, places)
def test_a_part_arrives_after_distance_over_speed(speed_mm_s, seen_at, x_mm, travel_mm):
    """Seen at x, a part reaches a point travel_mm downstream of the camera after (travel - x) / speed."""
    belt = FixedSpeedBelt(speed_mm_s)
    at = arrival(mark_mm(x_mm, seen_at, belt), travel_mm, belt)
    assert at == pytest.approx(seen_at + (travel_mm - x_mm) / speed_mm_s, abs=1e-6 * max(1.0, seen_at))


@given(speeds, st.floats(0, 1000), places, st.floats(0, 100))
def test_the_mark_stays_the_same_while_a_part_rides(speed_mm_s, seen_at, x_mm, later_s):
    """Two sightings of one part give one mark, and its position follows from it."""
    belt = FixedSpeedBelt(speed_mm_s)
    mark = mark_mm(x_mm, seen_at, belt)
    x_later_mm = position_mm(mark, seen_at + later_s, belt)
    assert x_later_mm == pytest.approx(x_mm + speed_mm_s * later_s, abs=1e-6 * (1 + speed_mm_s * 1000))
    assert mark_mm(x_later_mm, seen_at + later_s, belt) == pytest.approx(mark, abs=1e-6 * (1 + speed_mm_s * 1000))


@pytest.mark.parametrize("speed_mm_s", [0.0, -1.0, float("nan")])
def test_a_belt_that_stands_still_is_refused(speed_mm_s):
    """Without a speed above zero nothing can be timed."""
    with pytest.raises(ValueError, match="above zero"):
        FixedSpeedBelt(speed_mm_s)
