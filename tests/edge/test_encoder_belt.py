"""Travel by counted steps, whatever the belt does; on generated motions and on gpiozero's pretend pins."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.belt import arrival, mark_mm, position_mm
from edge.belt_motion import BeltMotion, EmulatedSteps
from edge.clocks import ManualClock
from edge.encoder import MOST_STEPS, PulseSteps, RotarySteps
from edge.encoder_belt import EncoderBelt
from edge.errors import GateError
from edge.pins import open_pin_factory

STEP_MM = 0.5
seeds = st.integers(0, 10_000)


class ListedSteps:
    """Steps given by hand."""

    modulus: int | None = None
    lost = 0

    def __init__(self, modulus=None):
        self.modulus, self.waiting = modulus, []

    def take(self):
        steps, self.waiting = self.waiting, []
        return steps

    def close(self):
        pass


def rig(seed, usual_mm_s=150.0, bits=8):
    """A belt that does as it likes, its encoder, and what the encoder makes of it."""
    clock = ManualClock(7.0)
    motion = BeltMotion(usual_mm_s, start=7.0, place_mm=40.0, seed=seed)
    steps = EmulatedSteps(motion, clock, STEP_MM, origin_mm=40.0, bits=bits)
    belt = EncoderBelt(steps, clock, mm_per_step=STEP_MM, usual_mm_s=usual_mm_s, origin_mm=40.0)
    return clock, motion, belt


@settings(deadline=None, max_examples=40)
@given(seeds, st.lists(st.floats(0.001, 0.2), min_size=1, max_size=150))
def test_the_travel_is_right_to_a_step_at_every_moment(seed, waits):
    """Ramps, stops and a counter that rolls over every 256 steps: never more than a step off, now and in the past."""
    clock, motion, belt = rig(seed)
    for wait_s in waits:
        clock.sleep_until(clock.now() + wait_s)
        for at in (clock.now(), clock.now() - wait_s / 2):
            assert belt.travelled_mm(at) == pytest.approx(motion.travelled_mm(at), abs=STEP_MM + 1e-6)


@settings(deadline=None, max_examples=30)
@given(seeds, st.floats(5, 60), st.floats(-50, 50))
def test_a_mark_stays_the_same_through_stops_and_changes_of_speed(seed, later_s, x_mm):
    """A part's place follows from its mark, whatever the belt did between."""
    clock, motion, belt = rig(seed)
    clock.sleep_until(12.0)
    mark = mark_mm(x_mm, 12.0, belt)
    clock.sleep_until(12.0 + later_s)
    moved_mm = motion.travelled_mm(12.0 + later_s) - motion.travelled_mm(12.0)
    assert position_mm(mark, 12.0 + later_s, belt) == pytest.approx(x_mm + moved_mm, abs=2 * STEP_MM + 1e-6)


@settings(deadline=None, max_examples=30)
@given(seeds, st.floats(8, 60))
def test_the_past_is_known_backwards_too(seed, at):
    """time_when of a place the belt has passed is the moment it was there, or within the stop it stood there."""
    clock, motion, belt = rig(seed)
    clock.sleep_until(at + 5)
    place_mm = motion.travelled_mm(at)
    found = belt.time_when(place_mm)
    assert motion.travelled_mm(found) == pytest.approx(place_mm, abs=STEP_MM + 1e-6)


@given(st.floats(20, 500), st.floats(1, 400))
def test_at_a_constant_speed_an_arrival_is_way_over_speed(speed_mm_s, travel_mm):
    """The forecast of a steady belt is the fixed belt's."""
    clock, steps = ManualClock(), ListedSteps()
    belt = EncoderBelt(steps, clock, mm_per_step=1.0, usual_mm_s=speed_mm_s)
    steps.waiting = [(number / speed_mm_s, number) for number in range(1, 40)]
    clock.sleep_until(39 / speed_mm_s)
    assert belt.speed_mm_s == pytest.approx(speed_mm_s)
    assert arrival(mark_mm(0.0, clock.now(), belt), travel_mm, belt) == pytest.approx(
        clock.now() + travel_mm / speed_mm_s
    )


def test_a_belt_whose_steps_cease_stands_and_nothing_arrives():
    """One step later at the latest its travel ends, and what lies ahead is never reached until it goes on."""
    clock, steps = ManualClock(), ListedSteps()
    belt = EncoderBelt(steps, clock, mm_per_step=1.0, usual_mm_s=100.0)
    assert belt.time_when(5.0) == float("inf")
    steps.waiting = [(number * 0.01, number) for number in range(1, 21)]
    clock.sleep_until(0.2)
    assert belt.speed_mm_s == pytest.approx(100)
    clock.sleep_until(0.24)
    assert belt.speed_mm_s == pytest.approx(25)
    clock.sleep_until(1.0)
    assert (belt.speed_mm_s, belt.time_when(30.0)) == (0.0, float("inf"))
    assert belt.travelled_mm(1.0) == pytest.approx(21)
    steps.waiting = [(1.5, 21), (1.51, 22)]
    clock.sleep_until(1.51)
    assert belt.speed_mm_s == pytest.approx(100)


@pytest.mark.parametrize(("counts", "travel_mm"), [([254, 255, 0, 1], 4), ([1, 0, 255], -1), ([200, 10], 67)])
def test_a_counter_that_rolls_over_loses_no_step(counts, travel_mm):
    """Up and down past 0; the first reading counts as one step."""
    clock, steps = ManualClock(), ListedSteps(modulus=256)
    belt = EncoderBelt(steps, clock, mm_per_step=1.0, usual_mm_s=100.0)
    steps.waiting = [(0.01 * number, count) for number, count in enumerate(counts, start=1)]
    clock.sleep_until(9.0)
    if travel_mm > 0:
        assert belt.travelled_mm(0.01 * len(counts)) == travel_mm
    else:
        assert (belt.travelled_mm(9.0), belt.speed_mm_s) == (travel_mm, 0.0)


@given(seeds, st.lists(st.floats(0, 120), min_size=2, max_size=20))
def test_a_pretend_belt_never_runs_backwards_and_is_where_it_says(seed, moments):
    """Place over time grows, and time_when inverts it."""
    motion = BeltMotion(150.0, start=0.0, place_mm=0.0, seed=seed)
    places = [motion.travelled_mm(at) for at in sorted(moments)]
    assert places == sorted(places)
    for place_mm in places:
        assert motion.travelled_mm(motion.time_when(place_mm)) == pytest.approx(place_mm, abs=1e-6)


def test_a_rotary_encoder_s_cycles_are_steps_forward_and_back():
    """Channel a before b is forward, b before a is back; each with the moment of its event."""
    factory = open_pin_factory("mock")
    steps = RotarySteps(20, 21, factory)
    a, b = factory.pin(20), factory.pin(21)

    def turn(first, second):
        for move in (first.drive_low, second.drive_low, first.drive_high, second.drive_high):
            move()

    for _ in range(3):
        turn(a, b)
    turn(b, a)
    taken = steps.take()
    assert [abs(count) for _, count in taken] == [1, 2, 3, 2]
    assert [at for at, _ in taken] == sorted(at for at, _ in taken)
    assert steps.take() == []
    steps.close()
    steps.close()


def test_a_single_channel_counts_its_rising_edges_and_too_many_are_told():
    """What nobody takes is bounded; the counter has counted it all the same."""
    factory = open_pin_factory("mock")
    steps = PulseSteps(20, factory)
    pin = factory.pin(20)
    for _ in range(MOST_STEPS + 5):
        pin.drive_high()
        pin.drive_low()
    taken = steps.take()
    assert (len(taken), taken[-1][1], steps.lost) == (MOST_STEPS, MOST_STEPS + 5, 5)
    steps.close()


def test_an_encoder_s_pin_in_use_is_said():
    """The message names the pins."""
    factory = open_pin_factory("mock")
    first = PulseSteps(20, factory)
    with pytest.raises(GateError, match="pins 20 to be free"):
        PulseSteps(20, factory)
    first.close()


def test_a_pretend_belt_asked_by_several_threads_is_one_belt():
    """What the camera sees and what the encoder counts are the same motion, whoever asks first."""
    for seed in range(20):
        asked = BeltMotion(150.0, start=0.0, place_mm=0.0, seed=seed)
        alone = BeltMotion(150.0, start=0.0, place_mm=0.0, seed=seed)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(asked.travelled_mm, [float(at) for at in range(200)]))
        assert [asked.travelled_mm(at) for at in (50.0, 199.0)] == [alone.travelled_mm(at) for at in (50.0, 199.0)]
