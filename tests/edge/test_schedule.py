"""What becomes of the parts in transit when the belt stops, goes on or changes its speed; and how each is judged."""

from __future__ import annotations

import threading
from collections import deque

import pytest

from edge import follow
from edge.clocks import ManualClock
from edge.encoder_belt import EncoderBelt
from edge.errors import GateError
from edge.estop import EstopSpec
from edge.follow import followed_by_clock, followed_by_thread
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits, MoveRefused, Window
from edge.gates import GateSpec
from edge.in_transit import MOST_IN_TRANSIT
from edge.incidents import Incidents
from edge.parts import Reason
from edge.pin_gates import LocalGates
from edge.pins import open_pin_factory
from edge.schedule import Schedule
from edge.transit import GatePlace, ends
from edge.wired_pins import wired_pin

LIMITS = GateLimits(min_off_ms=50, max_on_ms=2000, max_duty=0.9)
LEFT = GatePlace("left", travel_mm=200.0, lag_s=0.02, half_mm=20.0)
RIGHT = GatePlace("right", travel_mm=300.0, lag_s=0.02, half_mm=20.0)
SPEED = 100.0


class DrivenSteps:
    """An encoder of 1 mm turned by a list of (until, speed) stretches."""

    modulus: int | None = None
    lost = 0

    def __init__(self, clock, *stretches):
        self._clock, self._ahead = clock, deque()
        at, place, count = 0.0, 0.0, 0
        for until, speed in stretches:
            while speed > 0 and at + (count + 1 - place) / speed <= until:
                at += (count + 1 - place) / speed
                count += 1
                place = float(count)
                self._ahead.append((at, count))
            place += speed * (until - at)
            at = until

    def take(self):
        now, taken = self._clock.now(), []
        while self._ahead and self._ahead[0][0] <= now:
            taken.append(self._ahead.popleft())
        return taken

    def close(self):
        pass


class Rig:
    """A schedule on two gates above a belt that goes as told."""

    def __init__(self, *stretches):
        self.clock, self.incidents = ManualClock(), Incidents()
        specs = [GateSpec(name, PinSpec(pin), LIMITS) for name, pin in (("left", 17), ("right", 27))]
        self.pins = open_pin_factory("mock")
        wired_pin(self.pins, 4, high=False)
        self.gates = LocalGates(specs, self.clock, self.pins, EstopSpec(4))
        steps = DrivenSteps(self.clock, *stretches)
        self.belt = EncoderBelt(steps, self.clock, mm_per_step=1.0, usual_mm_s=SPEED)
        self.schedule = Schedule(self.gates, self.belt, self.clock, self.incidents, tolerance_mm=3.0)

    def run(self, until):
        """Let time pass; return the moves as (kind, part, belt's travel in mm) and what became of parts."""
        with followed_by_clock(self.schedule, self.clock):
            self.clock.sleep_until(until)
        moves = [(move.kind, move.part, self.belt.travelled_mm(move.at)) for move in self.schedule.poll()]
        self.schedule.finish()
        return moves, self.schedule.take_changes()

    def start(self, part, mark_mm, *places, ahead=None, at=1.0):
        with followed_by_clock(self.schedule, self.clock):
            self.clock.sleep_until(at)
        return self.schedule.plan(part, mark_mm, places or (LEFT,), ahead)


def tally(rig):
    found = rig.schedule.tally.as_dict()
    return {key: found[key] for key in ("on_time", "early", "late", "lost")}


def near(mm):
    return pytest.approx(mm, abs=1.6)


def test_a_steady_belt_s_gate_moves_a_lag_before_the_part():
    """Away from 20 mm before the part to 20 mm behind it, 2 mm (20 ms) earlier at the pin."""
    rig = Rig((20, SPEED))
    rig.start(1, 100.0)
    moves, _ = rig.run(6.0)
    assert moves == [("opened", 1, near(278)), ("closed", 1, near(318))]
    assert tally(rig) == {"on_time": 1, "early": 0, "late": 0, "lost": 0}


@pytest.mark.parametrize("other_mm_s", [50.0, 80.0, 120.0])
def test_another_speed_moves_every_deadline(other_mm_s):
    """The gate is away over the same stretch of belt, whatever the speed; the record is told of the new window."""
    rig = Rig((2, SPEED), (20, other_mm_s))
    rig.start(1, 100.0)
    rig.start(2, 300.0, RIGHT)
    moves, changes = rig.run(15.0)
    lag_mm = 0.02 * other_mm_s
    assert moves == [
        ("opened", 1, near(280 - lag_mm)),
        ("closed", 1, near(320 - lag_mm)),
        ("opened", 2, near(580 - lag_mm)),
        ("closed", 2, near(620 - lag_mm)),
    ]
    assert {change.part for change in changes} == {1, 2}
    assert all(change.reason is None for change in changes)
    assert tally(rig)["on_time"] == 2


def test_a_part_not_yet_at_its_gate_is_sorted_after_a_stop():
    """While the belt stands no gate moves; the deadline comes back with the belt, as many seconds later."""
    rig = Rig((2, SPEED), (9, 0), (20, SPEED))
    rig.start(1, 100.0)
    assert rig.run(8.9)[0] == []
    moves, changes = rig.run(16.0)
    assert moves == [("opened", 1, near(278)), ("closed", 1, near(318))]
    assert [change.reason for change in changes] == [None]
    assert rig.incidents.counts() == {"belt_stopped": 1}


def test_a_gate_that_is_away_when_the_belt_stops_comes_to_rest_and_its_part_is_given_up():
    """Nobody knows how long it will stand: the part before the gate goes to reject, and its record says why."""
    rig = Rig((2.9, SPEED), (9, 0), (20, SPEED))
    rig.start(1, 100.0)
    moves, changes = rig.run(16.0)
    assert [(kind, part) for kind, part, _ in moves] == [("opened", 1), ("closed", 1)]
    assert moves[1][2] < 292
    assert [(change.part, change.reason) for change in changes] == [(1, Reason.BELT)]
    assert tally(rig)["lost"] == 1


def test_a_part_that_has_passed_its_gate_when_the_belt_stops_is_in_its_bin():
    """The gate closes early behind it, which is counted, but the part is not given up."""
    rig = Rig((3.1, SPEED), (9, 0), (20, SPEED))
    rig.start(1, 100.0)
    _, changes = rig.run(16.0)
    assert [change.reason for change in changes] == [None]
    assert tally(rig) == {"on_time": 0, "early": 1, "late": 0, "lost": 0}


@pytest.mark.parametrize("stopped_at", [2.995, 3.002, 3.01])
def test_a_part_that_stops_right_at_its_gate_is_given_up(stopped_at):
    """An encoder tells a place to a step, so nobody knows if its centre had passed: the record does not say sorted."""
    rig = Rig((stopped_at, SPEED), (9, 0), (20, SPEED))
    rig.start(1, 100.0)
    _, changes = rig.run(16.0)
    assert [(change.part, change.reason) for change in changes] == [(1, Reason.BELT)]
    assert tally(rig)["lost"] == 1


def test_a_belt_that_stands_takes_no_plan():
    """Nobody can say when the part arrives."""
    rig = Rig((2, SPEED), (9, 0))
    with pytest.raises(MoveRefused) as refused:
        rig.start(1, 100.0, at=5.0)
    assert refused.value.reason is Reason.BELT


def test_a_belt_too_fast_for_a_gate_gives_the_part_up():
    """A deadline that has moved into the past is not made good late."""
    rig = Rig((1.7, SPEED), (2.2, 2000.0))
    rig.start(1, 10.0)
    moves, changes = rig.run(2.2)
    assert moves == []
    assert [(change.part, change.reason) for change in changes] == [(1, Reason.BELT)]


def test_the_next_gate_for_a_class_is_asked_when_the_first_refuses():
    """In the order given; when none can, the first one's reason counts."""
    rig = Rig((20, SPEED))
    gate, _ = rig.start(1, -120.0, LEFT, RIGHT)
    assert gate == "right"
    with pytest.raises(MoveRefused) as refused:
        rig.schedule.plan(2, -300.0, (LEFT, RIGHT), None)
    assert refused.value.reason is Reason.LATE


def test_two_parts_of_one_gate_in_a_row_hold_it_open_and_are_both_on_time():
    """One opening for both: the second part's opening and the first one's closing do not count as early and late."""
    rig = Rig((20, SPEED))
    rig.start(1, 100.0)
    rig.start(2, 142.0, ahead=1)
    moves, _ = rig.run(8.0)
    assert moves == [("opened", 1, near(278)), ("closed", 1, near(360))]
    assert tally(rig) == {"on_time": 2, "early": 0, "late": 0, "lost": 0}


@pytest.mark.parametrize("other_mm_s", [50.0, 150.0])
def test_a_gate_held_open_follows_the_belt_to_the_second_part(other_mm_s):
    """The first part's window is over when the speed changes; the closing is the second's, which has no opening."""
    rig = Rig((3.3, SPEED), (20, other_mm_s))
    rig.start(1, 100.0)
    rig.start(2, 142.0, ahead=1)
    moves, _ = rig.run(12.0)
    assert moves == [("opened", 1, near(278)), ("closed", 1, near(362 - 0.02 * other_mm_s))]
    assert tally(rig) == {"on_time": 2, "early": 0, "late": 0, "lost": 0}


def test_parts_in_transit_are_bounded():
    """A part too many is refused, not queued without end."""
    rig = Rig((20, SPEED))
    place = GatePlace("left", 200.0, 0.0, 0.001)
    rig.start(0, 1000.0, place)
    for part in range(1, MOST_IN_TRANSIT):
        rig.schedule._transit._parts[part] = rig.schedule._transit._parts[0]
    with pytest.raises(MoveRefused, match="on their way"):
        rig.schedule.plan(5000, 90_000.0, (place,), None)


class Watched:
    """Stands in for a schedule; fails when told to."""

    failure = None

    def __init__(self, failing_at=None):
        self.calls, self.enough, self.failing_at = 0, threading.Event(), failing_at

    def follow(self):
        self.calls += 1
        if self.calls == 3:
            self.enough.set()
        if self.calls == self.failing_at:
            raise ZeroDivisionError


def test_a_thread_follows_the_belt_on_the_real_clock():
    """follow() is called until the block ends, and not after it."""
    watched = Watched()
    with followed_by_thread(watched):
        assert watched.enough.wait(10)
    assert not any(thread.name == "edge-sort belt" for thread in threading.enumerate())


def test_a_failure_while_following_the_belt_is_not_swallowed():
    """The sorter hears of it with its next look at the gates."""
    watched = Watched(failing_at=3)
    with followed_by_thread(watched):
        assert watched.enough.wait(10)
    assert isinstance(watched.failure, ZeroDivisionError)
    rig = Rig((5, SPEED))
    rig.schedule.failure = watched.failure
    with pytest.raises(ZeroDivisionError):
        rig.schedule.poll()


def test_what_follows_the_belt_and_does_not_return_keeps_no_line_from_ending(monkeypatch):
    """It is left alone after a stated time; the gates are at rest by then."""
    monkeypatch.setattr(follow, "END_WITHIN_S", 0.01)
    within, over = threading.Event(), threading.Event()

    class Stuck:
        failure = None

        def follow(self):
            within.set()
            over.wait(10)

    with followed_by_thread(Stuck(), name="stuck"):
        assert within.wait(10)
    (left,) = [thread for thread in threading.enumerate() if thread.name == "edge-sort stuck"]
    over.set()
    left.join(10)
    assert not left.is_alive()


def test_a_line_that_leaves_execute_gives_up_what_is_on_its_way_for_good():
    """Gates rest at once; what was planned is not made, and arming brings nothing of it back."""
    rig = Rig((20, SPEED))
    rig.start(1, 100.0)
    rig.start(2, 160.0, RIGHT)
    rig.run(2.9)  # part 1 is at its open gate, which its centre reaches at 300 mm
    rig.schedule.disarm()
    with pytest.raises(MoveRefused) as refused:
        rig.schedule.plan(3, 250.0, (LEFT,), None)
    assert refused.value.reason is Reason.NOT_ARMED
    rig.schedule.arm()
    rig.schedule.plan(4, 250.0, (LEFT,), None)
    moves, changes = rig.run(10.0)
    assert [(kind, part) for kind, part, _ in moves] == [("closed", 1), ("opened", 4), ("closed", 4)]
    assert [(one.part, one.reason) for one in changes] == [(1, Reason.GATE_CUT), (2, Reason.LINE_STOPPED)]
    assert tally(rig) == {"on_time": 1, "early": 0, "late": 0, "lost": 2}


@pytest.mark.parametrize(("stops_at", "kept"), [(2.95, False), (2.99, False), (3.02, True), (3.1, True)])
def test_a_part_at_an_open_gate_stays_sorted_only_if_it_has_surely_passed(stops_at, kept):
    """Its centre passes at 3.0 s; the gate acts 0.02 s longer than its pin, and 3 mm are the error of a position."""
    rig = Rig((20, SPEED))
    rig.start(1, 100.0)
    rig.run(stops_at)
    rig.schedule.disarm()
    _, changes = rig.run(5.0)
    assert [one.reason for one in changes] == ([] if kept else [Reason.GATE_CUT])


@pytest.mark.parametrize(
    ("stops_at", "given_up"),
    [
        (2.9, [(1, Reason.GATE_CUT), (2, Reason.LINE_STOPPED)]),
        (3.3, [(2, Reason.GATE_CUT)]),
        (3.5, []),
    ],
)
def test_two_parts_a_gate_is_held_open_for_are_each_given_up_or_kept(stops_at, given_up):
    """Their centres pass at 3.0 and 3.42 s, in one opening."""
    rig = Rig((20, SPEED))
    rig.start(1, 100.0)
    rig.start(2, 142.0, ahead=1)
    rig.run(stops_at)
    rig.schedule.disarm()
    _, changes = rig.run(6.0)
    assert [(one.part, one.reason) for one in changes if one.reason] == given_up
    assert rig.schedule.tally.as_dict()["lost"] == len(given_up)


def test_a_part_whose_gate_never_told_an_opening_is_given_up_however_far_it_has_come():
    """The gates rested by themselves while the sorter stood still: its part has passed a gate that did not move."""
    rig = Rig((20, SPEED))
    rig.start(1, 100.0)
    rig.gates.rest()
    rig.clock.sleep_until(8.0)
    rig.schedule.give_up()
    assert [(one.part, one.reason) for one in rig.schedule.take_changes()] == [(1, Reason.GATE_CUT)]


def test_moves_told_before_the_gates_went_are_returned_before_it_is_said_that_they_are_gone(monkeypatch):
    """Whoever looked at the gates took their moves: the record has them all the same."""
    rig = Rig((20, SPEED))
    rig.start(1, 100.0)
    rig.clock.sleep_until(4.0)
    assert not rig.schedule.stopped()

    def gone(*, alive):
        raise GateError("gone")

    monkeypatch.setattr(rig.gates, "poll", gone)
    assert [move.kind for move in rig.schedule.poll()] == ["opened", "closed"]
    with pytest.raises(GateError, match="gone"):
        rig.schedule.poll()


def test_an_e_stop_gives_up_what_is_on_its_way_when_the_schedule_next_looks():
    """The gates rest by themselves; they move again after rearm and arm, not before."""
    rig = Rig((20, SPEED))
    button = wired_pin(rig.pins, 4, high=False)
    rig.start(1, 100.0)
    rig.run(2.9)
    button.drive_high()
    assert not rig.pins.pin(17).state
    assert rig.schedule.stopped()
    assert [one.reason for one in rig.schedule.take_changes()] == [Reason.GATE_CUT]
    assert not rig.schedule.rearm()
    button.drive_low()
    assert rig.schedule.rearm()
    with pytest.raises(MoveRefused, match="not in Execute"):
        rig.schedule.plan(2, 250.0, (LEFT,), None)
    rig.schedule.arm()
    rig.schedule.plan(2, 250.0, (LEFT,), None)


def test_a_closing_that_a_limit_cut_ends_the_windows_it_cut():
    """The part a gate was held open for is then judged, and not left as sorted; one to come is not touched."""
    assert ends(Window(1.0, 2.0), 1.5)
    assert not ends(Window(1.6, 2.0), 1.5)
