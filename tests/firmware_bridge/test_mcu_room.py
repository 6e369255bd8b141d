"""A board that has no room for an opening: it is told again in time, or the line hears that it was missed."""

from __future__ import annotations

import pytest

from edge.gate_limits import Window
from tests.firmware_bridge.mcu_rig import Rig

QUEUE = 20  # openings that the board of variables holds


@pytest.fixture
def rig(core):
    """A board like any other."""
    one = Rig(core)
    yield one
    one.end()


def fill(rig, first_at):
    """Plan as many openings of one gate as the board holds, a tenth of a second apart."""
    for part in range(QUEUE):
        opens = first_at + 0.1 * part
        rig.gates.move_at("nut", Window(opens, opens + 0.05), part, hold=False)


def test_what_the_board_had_no_room_for_is_made_as_soon_as_it_has(rig):
    """No other change of that gate is needed, and none comes."""
    now = rig.clock.now()
    fill(rig, now + 0.2)
    for part, begins in ((30, 2.4), (31, 2.6)):
        rig.gates.move_at("coin", Window(now + begins, now + begins + 0.1), part, hold=False)
    moves = rig.until(now + 3.0)

    assert [(move.kind, move.part) for move in moves if move.gate == "coin"] == [
        ("opened", 30),
        ("closed", 30),
        ("opened", 31),
        ("closed", 31),
    ]
    assert [round(at - now, 2) for at, _level in rig.levels(3)] == [2.4, 2.5, 2.6, 2.7]


def test_what_gets_no_room_in_time_is_told_as_missed(rig):
    """The part rides on to reject, and the line knows."""
    now = rig.clock.now()
    fill(rig, now + 1.0)
    rig.gates.move_at("coin", Window(now + 0.5, now + 0.6), 30, hold=False)
    moves = rig.until(now + 0.9)

    assert [(move.gate, move.kind, move.part) for move in moves] == [("coin", "missed", 30)]
    assert rig.levels(3) == []
    assert len([move for move in rig.until(now + 3.5) if move.kind == "closed"]) == QUEUE


def test_what_waits_for_room_is_forgotten_by_a_rest(rig):
    """Nothing is resumed that was planned before it."""
    now = rig.clock.now()
    fill(rig, now + 1.0)
    rig.gates.move_at("coin", Window(now + 2.5, now + 2.6), 30, hold=False)
    rig.until(now + 0.5)
    rig.gates.rest()

    assert rig.until(now + 3.0) == []
    assert (rig.levels(2), rig.levels(3)) == ([], [])
