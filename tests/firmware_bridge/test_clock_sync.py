"""What the host believes about the device's clock, against clocks that are known exactly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.clock_sync import READ_US, TICKS_PER_S, WRAP, ClockLost, DeviceClock

DELAYS_S = st.floats(1e-5, 0.02)


class Device:
    """A device's counter as a function of host time: its rate goes to and fro by wander_ppm, as a crystal's does."""

    def __init__(self, start=0.0, ppm=0.0, wander_ppm=0.0, period_s=900.0):
        self.start, self.ppm, self.wander, self.period = start, ppm, wander_ppm, period_s

    def ticks(self, host_s):
        """Return its microseconds, not wrapped."""
        swing_us = self.wander * self.period / (2 * math.pi) * (1 - math.cos(2 * math.pi * host_s / self.period))
        return self.start + host_s * (TICKS_PER_S + self.ppm) + swing_us

    def ping(self, clock, asked_at, there_s, back_s, thinks_s=2e-4):
        """Have the clock ping it, the messages under way for so long."""
        received = math.floor(self.ticks(asked_at + there_s)) % WRAP
        sent = math.floor(self.ticks(asked_at + there_s + thinks_s)) % WRAP
        clock.take(asked_at, received, sent, asked_at + there_s + thinks_s + back_s)


def error_us(clock, device, host_s):
    """Return by how much the clock is wrong at a moment, whole wraps apart, and by how much it says at most."""
    found = clock.ticks_at(host_s)
    return abs((found.ticks - device.ticks(host_s) + WRAP / 2) % WRAP - WRAP / 2), found.error_us


@pytest.mark.slow
def test_the_error_is_never_more_than_stated_in_an_hour_of_drifting_clocks():
    """100 ppm apart, wandering by 1 ppm, the counter wraps, the link's delays vary and are unlike in both ways."""
    rng = np.random.default_rng(5)
    device = Device(start=WRAP - 60e6, ppm=100, wander_ppm=1)
    clock, stated = DeviceClock(), []
    for number in range(3600):
        asked_at = float(number)
        slow = rng.random() < 0.05
        device.ping(clock, asked_at, 3e-4 + rng.exponential(2e-4) + 5e-3 * slow, 3e-4 + rng.exponential(6e-4))
        for ahead_s in (0.0, 0.1, 1.5):
            wrong, bound = error_us(clock, device, asked_at + 0.002 + ahead_s)
            assert wrong <= bound
        stated.append(bound)
    assert clock.rate_changes == 0
    assert np.median(stated[60:]) < 600, "1.5 s ahead, over a link with delays of half a millisecond"


@settings(max_examples=60, deadline=None)
@given(
    ppm=st.floats(-150, 150),
    start=st.integers(0, WRAP - 1),
    delays=st.lists(
        st.tuples(st.floats(1e-5, 0.02), st.floats(1e-5, 0.02), st.floats(0.05, 3.0)), min_size=1, max_size=40
    ),
    ahead_s=st.floats(-2, 10),
)
def test_the_bound_holds_whatever_the_delays(ppm, start, delays, ahead_s):
    """However unequal the ways there and back, the true counter lies within what is stated, before and after."""
    device, clock, at = Device(start, ppm), DeviceClock(), 0.0
    for there_s, back_s, pause_s in delays:
        device.ping(clock, at, there_s, back_s)
        at += there_s + back_s + 2e-4 + pause_s
    wrong, bound = error_us(clock, device, at + ahead_s)
    assert wrong <= bound + 0.01
    moment = at + ahead_s
    host_s, host_error_s = clock.host_at(math.floor(device.ticks(moment)) % WRAP)
    assert abs(host_s - moment) <= host_error_s + (READ_US + 2) / TICKS_PER_S


def test_quick_pings_make_the_bound_narrow_and_a_slow_one_does_not_widen_it():
    """A ping that took long says little and harms nothing."""
    device, clock = Device(ppm=40), DeviceClock()
    for number in range(40):
        device.ping(clock, number * 0.25, 1e-4, 1e-4)
    narrow = clock.ticks_at(10.5).error_us
    assert narrow < 130
    device.ping(clock, 10.0, 0.2, 0.001)
    assert clock.ticks_at(10.5).error_us <= 1.01 * narrow
    slowest, fastest = clock.rate_ppm
    assert slowest < 40 < fastest
    assert fastest - slowest < 80


def test_a_device_that_began_anew_is_noticed():
    """Its counter says what no rate explains; nothing is believed until it is pinged again."""
    device, clock = Device(start=5e8), DeviceClock()
    for number in range(8):
        device.ping(clock, number * 0.25, 1e-4, 1e-4)
    with pytest.raises(ClockLost, match="do not allow"):
        Device(start=0).ping(clock, 2.0, 1e-4, 1e-4)
    assert not clock.known
    with pytest.raises(ClockLost, match="no ping"):
        clock.ticks_at(2.1)


def test_a_host_that_begins_to_slew_its_clock_is_followed():
    """A rate that changes at once contradicts the pings before it: they are forgotten, and the bound holds again."""
    device, clock = Device(ppm=0), DeviceClock()
    for number in range(80):
        device.ping(clock, number * 0.25, 1e-4, 1e-4)
    slewed = Device(start=device.ticks(20.0) - 20.0 * (TICKS_PER_S + 500), ppm=500)
    for number in range(80, 100):
        slewed.ping(clock, number * 0.25, 1e-4, 1e-4)
    assert clock.rate_changes >= 1
    wrong, bound = error_us(clock, slewed, 25.5)
    assert wrong <= bound < 400
