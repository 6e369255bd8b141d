"""Gates on a board: what the line plans is what the board's pins do, and nothing moves in doubt."""

from __future__ import annotations

import pytest

from edge.errors import GateError
from edge.gate_drivers import PinSpec
from edge.gate_limits import MoveRefused, Window
from edge.gates import GateSpec
from edge.incidents import IncidentKind
from edge.parts import Reason
from firmware_bridge.board import Board
from firmware_bridge.codes import PROTOCOL
from firmware_bridge.host_board import HostBoard
from firmware_bridge.link import Link
from firmware_bridge.mcu_gates import McuGates
from firmware_bridge.ports import SerialPort
from firmware_bridge.wire import ProtocolError
from tests.firmware_bridge.mcu_rig import LIMITS, Rig


@pytest.fixture
def rig(core):
    """A board 80 ppm fast whose counter is about to wrap."""
    one = Rig(core, ppm=80.0, first_tick=2**32 - 3_000_000)
    yield one
    one.end()


def test_the_pin_moves_at_the_moment_planned_within_the_error_the_host_states(rig):
    """Over a wrap of the board's counter, on a clock that goes wrong, and reported when it truly was."""
    for part in range(1, 6):
        now = rig.clock.now()
        opens, closes = now + 0.5, now + 0.6
        stated_s = rig.gates.clock_error_s(closes)
        rig.gates.move_at("nut", Window(opens, closes), part, hold=True)
        moves = rig.until(now + 0.8)
        assert [(move.gate, move.kind, move.part) for move in moves] == [
            ("nut", "opened", part),
            ("nut", "closed", part),
        ]
        (opened_at, high), (closed_at, low) = rig.levels(2)[-2:]
        assert (high, low) == (1, 0)
        assert abs(opened_at - opens) <= stated_s + 2e-6
        assert abs(closed_at - closes) <= stated_s + 2e-6
        assert stated_s < 0.005
        assert abs(moves[0].at - opened_at) <= stated_s + 2e-6


def test_a_gate_that_rests_high_is_driven_low(rig):
    """The resting level is the board's from the first moment on."""
    now = rig.clock.now()
    rig.gates.move_at("coin", Window(now + 0.1, now + 0.2), 1, hold=True)
    rig.until(now + 0.4)
    assert [level for _at, level in rig.levels(3)] == [0, 1]
    assert rig.board.pins[1].level == 1


def test_two_parts_close_behind_each_other_hold_the_gate_open(rig):
    """What the line joins to one opening is one opening on the board."""
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.2, now + 0.3), 1, hold=True)
    rig.gates.move_at("nut", Window(now + 0.31, now + 0.4), 2, hold=True)
    moves = rig.until(now + 0.6)
    assert [(move.kind, move.part) for move in moves] == [("opened", 1), ("closed", 1)]
    assert [round(at - now, 2) for at, _level in rig.levels(2)] == [0.2, 0.4]


def test_a_belt_that_slows_moves_what_was_planned(rig):
    """Openings to come and the one under way are moved, in whatever order they lie."""
    now = rig.clock.now()
    for part in range(1, 4):
        rig.gates.move_at("nut", Window(now + 0.2 * part, now + 0.2 * part + 0.1), part, hold=False)
    moves = rig.until(now + 0.25)
    assert [move.kind for move in moves] == ["opened"]
    moved = {part: Window(now + 0.2 * part + 0.05 * part, now + 0.2 * part + 0.1 + 0.05 * part) for part in (1, 2, 3)}
    assert rig.gates.replan("nut", moved) == {}
    rig.until(now + 1.2)
    assert [round(at - now, 2) for at, _level in rig.levels(2)] == [0.2, 0.35, 0.5, 0.6, 0.75, 0.85]


def test_what_lies_in_the_past_or_beyond_a_limit_is_refused_at_once(rig):
    """The line hears it in time to send the part to reject."""
    now = rig.clock.now()
    with pytest.raises(MoveRefused) as refused:
        rig.gates.move_at("nut", Window(now - 0.01, now + 0.1), 1, hold=True)
    assert refused.value.reason is Reason.LATE
    with pytest.raises(MoveRefused) as refused:
        rig.gates.move_at("nut", Window(now + 0.1, now + 0.7), 2, hold=True)
    assert refused.value.reason is Reason.GATE_RESTING
    rig.until(now + 0.9)
    assert rig.levels(2) == []


def test_an_opening_that_reaches_the_board_too_late_is_missed_and_not_made_late(rig):
    """A message takes milliseconds; the board refuses what it can no longer keep, and the line is told."""
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.001, now + 0.1), 1, hold=True)
    moves = rig.until(now + 0.3)
    assert [(move.kind, move.part) for move in moves] == [("missed", 1)]
    assert rig.levels(2) == []


def test_rest_brings_every_gate_to_rest_and_forgets_what_was_planned(rig):
    """Now, and not when the next frame comes."""
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.1, now + 0.5), 1, hold=True)
    rig.gates.move_at("nut", Window(now + 0.7, now + 0.8), 2, hold=True)
    rig.until(now + 0.2)
    rig.gates.rest()
    assert rig.clock.now() < now + 0.22
    moves = rig.until(now + 1.0)
    assert [(move.kind, move.due_at) for move in moves] == [("closed", None)]
    assert [level for _at, level in rig.levels(2)] == [1, 0]


def test_a_board_that_is_unplugged_stops_the_line_and_needs_to_be_armed_again(rig):
    """Nothing is resumed from a guess: what was planned is void, also when another board is there at once."""
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.1, now + 0.5), 1, hold=True)
    rig.until(now + 0.2)
    rig.board.unplug()
    moves = rig.until(now + 0.6)
    assert [(move.kind, move.due_at) for move in moves] == [("closed", None)]
    assert rig.gates.stopped.kind is IncidentKind.LINK_LOST
    assert "ended" in rig.gates.stopped.cause
    with pytest.raises(MoveRefused, match="stopped"):
        rig.gates.move_at("nut", Window(now + 1, now + 1.1), 2, hold=True)
    assert rig.gates.rearm()
    assert not rig.gates.stopped
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.1, now + 0.2), 3, hold=True)
    rig.until(now + 0.4)
    assert [level for _at, level in rig.levels(2)] == [1, 0]


def test_a_sorter_that_hangs_lets_every_gate_fall(rig):
    """The clock goes on and the link is served, but nobody polls: the board rests by itself and says so."""
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.9, now + 1.3), 1, hold=True)
    rig.clock.sleep_until(now + 2.0)
    (opened_at, _high), (closed_at, low) = rig.levels(2)
    assert opened_at < closed_at < now + 1.01
    assert low == 0
    moves = rig.gates.poll()
    assert [(move.kind, move.due_at) for move in moves][1:] == [("closed", None)]
    assert rig.gates.stopped.kind is IncidentKind.LINK_LOST
    assert "heard nothing from the sorter for 1 s" in rig.gates.stopped.cause
    assert rig.gates.rearm()


def test_more_gates_than_the_board_can_have_is_an_error_that_names_both_numbers(core):
    """Before anything moves."""
    rig = Rig(core)
    specs = [GateSpec(f"g{pin}", PinSpec(pin), LIMITS) for pin in range(2, 19)]
    with pytest.raises(GateError, match=r"16 gates .* found 17"):
        McuGates(specs, Board(rig.open_link), rig.clock)
    rig.gates.close()
    for board in rig.boards:
        board.close()


def test_a_pin_that_the_board_does_not_have_is_named(rig):
    """With what to do, before anything moves."""
    specs = [GateSpec("far", PinSpec(200), LIMITS)]
    with pytest.raises(GateError, match=r"gate 'far' on pin 200, found BAD_VALUE: it has no such pin"):
        McuGates(specs, Board(rig.open_link), rig.clock)


def test_a_board_that_speaks_another_version_is_refused_and_the_older_side_named(rig, monkeypatch):
    """The greeting is understood in every version."""
    rig.gates.close()
    monkeypatch.setattr("firmware_bridge.link.PROTOCOL", PROTOCOL + 1)
    monkeypatch.setattr("firmware_bridge.handshake.PROTOCOL", PROTOCOL + 1)
    with pytest.raises(ProtocolError, match=r"firmware .* is old"):
        rig.open_link()


class OtherPort:
    """A port on which another program says something else, or nothing, whatever it is told."""

    if_silent = SerialPort.if_silent

    def __init__(self, clock, says):
        self._clock, self._says = clock, says

    def read(self, wait_s):
        self._clock.sleep_until(self._clock.now() + wait_s)
        return self._says

    def write(self, data):
        pass


def test_a_port_on_which_nothing_answers_says_what_to_look_at(rig):
    """No board, another baud rate, another program: the sentence names the ways out."""
    with pytest.raises(Exception, match="found silence; check port and baud rate"):
        Link(OtherPort(rig.clock, b""), rig.clock).open()


def test_a_port_on_which_something_else_answers_does_not_say_silence(rig):
    """Text of a console, which holds no frame at all."""
    with pytest.raises(Exception, match=r"found \d+ bytes, but no greeting of this protocol; check port"):
        Link(OtherPort(rig.clock, b"login: "), rig.clock).open()


def test_an_emulated_board_that_does_not_answer_has_no_cable_to_look_at(rig):
    """What runs too slowly then is this computer."""
    port = OtherPort(rig.clock, b"")
    port.if_silent = HostBoard.if_silent
    with pytest.raises(Exception, match="found silence; this computer is too slow, or too busy"):
        Link(port, rig.clock).open()


def test_the_emulated_board_takes_as_many_gates_as_a_pico(core):
    """A machine file for a Pico runs on it, with all its gates."""
    rig = Rig(core)
    specs = [GateSpec(f"g{pin}", PinSpec(pin), LIMITS) for pin in range(2, 18)]
    gates = McuGates(specs, Board(rig.open_link), rig.clock)
    gates.close()
    rig.gates.close()
    for board in rig.boards:
        board.close()
