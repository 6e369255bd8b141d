"""A switch counts once its change has lasted, and is pressed only by a change."""

from __future__ import annotations

import pytest

from edge.sensors import Edge
from edge.switches import Switch


class Scripted:
    """A sensor that changes at these moments; only what has happened by `now` is known."""

    lost = 0

    def __init__(self, *changes, active=False):
        self.changes, self.first, self.now, self.told = changes, active, 0.0, 0

    @property
    def active(self):
        known = [active for at, active in self.changes if at <= self.now]
        return known[-1] if known else self.first

    def edges(self):
        known = [Edge(at, active) for at, active in self.changes if at <= self.now]
        new, self.told = known[self.told :], len(known)
        return new

    def close(self):
        pass


def presses(sensor, *looks, debounce_s=0.03):
    switch, found = Switch(sensor, debounce_s), []
    for now in looks:
        sensor.now = now
        if switch.look(now):
            found.append(now)
    return found, switch.active


@pytest.mark.parametrize(
    ("changes", "looks", "pressed"),
    [
        ([(1.0, True)], (1.01, 1.05, 2.0), [1.05]),
        ([(1.0, True), (1.005, False), (1.01, True), (1.012, False), (1.02, True)], (1.04, 1.06), [1.06]),
        ([(1.0, True), (1.02, False)], (1.05, 2.0), []),
        ([(1.0, True), (1.04, False)], (1.05, 2.0), [1.05]),
        ([(1.0, True), (1.5, False), (1.51, True), (2.0, False), (2.5, True)], (1.2, 1.52, 1.8, 2.2, 2.6), [1.2, 2.6]),
    ],
    ids=["pressed", "bouncing", "too short", "short, between two looks", "a bounce while pressed"],
)
def test_a_press_counts_once_it_has_lasted(changes, looks, pressed):
    assert presses(Scripted(*changes), *looks)[0] == pressed


def test_what_is_pressed_at_the_start_is_active_and_was_not_pressed():
    """A start button that is stuck starts nothing; a bin that is full is full."""
    assert presses(Scripted(active=True), 1.0, 2.0) == ([], True)
    assert presses(Scripted((1.0, False), (2.0, True), active=True), 1.5, 2.5) == ([2.5], True)


def test_a_lost_edge_is_made_up_for_by_the_level():
    """Late, but not never."""
    sensor = Scripted((1.0, True))
    sensor.told = 1
    assert presses(sensor, 1.5, 1.6)[0] == [1.6]
