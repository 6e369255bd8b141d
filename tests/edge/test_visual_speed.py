"""The camera checks the belt: parts move as far as it is said to travel."""

from __future__ import annotations

import pytest

from edge.belt import FixedSpeedBelt
from edge.incidents import MOST_WAITING, Incident, IncidentKind, Incidents
from edge.visual_speed import ENOUGH, VisualSpeed


def seen(real_mm_s, *, frames=30, frame_s=0.1, tolerance=0.05):
    """Let parts pass one after the other, eight frames each."""
    incidents = Incidents()
    visual = VisualSpeed(FixedSpeedBelt(150.0), incidents, tolerance=tolerance)
    for number in range(frames):
        visual.see(number // 8, real_mm_s * frame_s * (number % 8), number * frame_s)
    return visual, incidents


@pytest.mark.parametrize("real_mm_s", [143.0, 150.0, 157.0])
def test_a_speed_within_the_tolerance_is_no_incident(real_mm_s):
    """The ratio is measured, and nothing is said."""
    visual, incidents = seen(real_mm_s)
    assert visual.ratio == pytest.approx(real_mm_s / 150)
    assert incidents.counts() == {}


@pytest.mark.parametrize("real_mm_s", [140.0, 165.0, 0.0])
def test_a_speed_beyond_the_tolerance_is_one_incident(real_mm_s):
    """Said once, with cause and remedy, however long it lasts."""
    _, incidents = seen(real_mm_s, frames=60)
    (incident,) = incidents.take()
    assert incident.kind is IncidentKind.BELT_SPEED
    assert f"parts move {real_mm_s / 150:.2f} times as fast" in incident.sentence
    assert "edge-sort calibrate belt" in incident.remedy


def test_nothing_is_said_on_little_evidence():
    """A few frames are no measurement."""
    visual, incidents = seen(300.0, frames=ENOUGH - 1)
    assert (visual.ratio, incidents.counts()) == (None, {})


def test_incidents_nobody_takes_are_bounded_and_counted():
    """The oldest fall out, the count keeps them."""
    incidents = Incidents()
    for number in range(MOST_WAITING + 10):
        incidents.report(Incident(IncidentKind.BELT_STOPPED, "c", "r", float(number)))
    assert incidents.counts() == {"belt_stopped": MOST_WAITING + 10}
    assert [one.at for one in incidents.take()] == [float(number) for number in range(10, MOST_WAITING + 10)]
    assert incidents.take() == []
