"""What a board sees at its pins is what the line hears, in the host's time."""

from __future__ import annotations

import pytest

from edge.belts import open_belt
from edge.clocks import ManualClock
from edge.errors import GateError
from edge.gate_tables import McuTable
from edge.machine import BeltTable
from firmware_bridge import open_board
from firmware_bridge.board_inputs import counts_per_step
from firmware_bridge.host_board import HostBoard

CYCLE = ((4, 1), (5, 1), (4, 0), (5, 0))  # channel A leads B


@pytest.fixture
def rig(core, monkeypatch):
    """A clock, a machine's board, and the pretend ones that were plugged in."""
    clock, plugged = ManualClock(50.0), []

    def plug(clock):
        plugged.append(HostBoard(clock, program=core, ppm=100.0))
        return plugged[-1]

    monkeypatch.setitem(open_board.EMULATED, "emulated", plug)
    board = open_board.MachineBoard(McuTable(port="emulated"), clock)
    yield clock, board, plugged
    board.close()
    for one in plugged:
        one.close()


def turn(clock, board, cycles, every_s):
    """Turn an encoder forward; the edges of a cycle come at equal distances."""
    for _ in range(cycles):
        for pin, level in CYCLE:
            clock.sleep_until(clock.now() + every_s / 4)
            board.drive(pin, level)
    clock.sleep_until(clock.now() + 0.03)


def test_an_edge_has_the_moment_at_which_the_board_saw_it(rig):
    """Within the error of the clocks, although it is fetched much later; what was there before is no event."""
    clock, board, (pretend,) = rig
    eye = board.sensor("eye", 7, active_high=True)
    clock.sleep_until(51.0)
    assert (eye.active, eye.edges()) == (False, [])
    pretend.drive(7, 1)
    clock.sleep_until(51.25)
    pretend.drive(7, 0)
    clock.sleep_until(52.0)
    edges = eye.edges()
    assert [edge.active for edge in edges] == [True, False]
    assert [edge.at for edge in edges] == pytest.approx([51.0, 51.25], abs=0.004)
    assert edges[1].at - edges[0].at == pytest.approx(0.25, abs=0.0005)
    assert (eye.active, eye.lost) == (False, 0)


def test_a_sensor_that_is_low_while_something_is_there_is_active_then(rig):
    """The beam of most photo-eyes pulls its wire down."""
    clock, board, (pretend,) = rig
    pretend.drive(7, 1)
    eye = board.sensor("eye", 7, active_high=False)
    pretend.drive(7, 0)
    clock.sleep_until(51.0)
    assert [edge.active for edge in eye.edges()] == [True]


def test_the_belt_goes_as_far_as_the_boards_encoder_counts(rig):
    """A step of the machine file is a full cycle; the board counts its four edges, and tells of several at once."""
    clock, board, (pretend,) = rig
    table = BeltTable(kind="encoder", speed_mm_s=100.0, mm_per_step=0.5, pin=4, pin_b=5, on_board=True)
    belt = open_belt(table, clock, lambda: None, board)
    turn(clock, pretend, cycles=80, every_s=0.005)
    assert belt.travelled_mm(clock.now()) == pytest.approx(40.0, abs=1.1)
    turn(clock, pretend, cycles=80, every_s=0.005)
    before = clock.now() - 0.035
    assert belt.travelled_mm(before) == pytest.approx(80.0, abs=1.1)
    assert belt.steps_lost == 0


def test_an_encoder_goes_on_where_it_was_when_its_board_is_plugged_in_again(rig):
    """The new greeting begins the board's count at 0; the belt has not run back."""
    clock, board, plugged = rig
    table = BeltTable(kind="encoder", speed_mm_s=100.0, mm_per_step=0.5, pin=4, pin_b=5, on_board=True)
    belt = open_belt(table, clock, lambda: None, board)
    turn(clock, plugged[0], cycles=80, every_s=0.005)
    before_mm = belt.travelled_mm(clock.now())
    gates = board.gates([])
    plugged[0].unplug()
    clock.sleep_until(clock.now() + 0.5)
    gates.poll()
    assert gates.rearm()
    turn(clock, plugged[1], cycles=40, every_s=0.005)
    assert belt.travelled_mm(clock.now()) == pytest.approx(before_mm + 20.0, abs=2.2)


def test_counts_are_told_of_so_rarely_that_they_do_not_fill_the_line():
    """Always a power of two, so that the board's counter and the line's roll over together."""
    assert [counts_per_step(rate) for rate in (10, 100, 101, 800, 20_000)] == [1, 1, 2, 8, 256]


def test_a_board_that_can_have_no_more_sensors_says_so(rig):
    """Before anything moves."""
    _clock, board, _plugged = rig
    for pin in (7, 8, 9):
        board.sensor("eye", pin, active_high=True)
    with pytest.raises(GateError, match="can have 3 sensors"):
        board.sensor("another", 10, active_high=True)
