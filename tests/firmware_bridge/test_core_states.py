"""The safety rules at every instant, whatever a host says and whenever interrupts come."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.codec import encode, next_number
from firmware_bridge.codes import Cause, Pull, State, Status
from firmware_bridge.messages import (
    Ack,
    Arm,
    Cancel,
    CancelGate,
    Closed,
    EventAck,
    Halt,
    Heartbeat,
    Hello,
    Latched,
    Opened,
    Plan,
    Replan,
    Rest,
    SetEstop,
    SetGate,
)
from tests.firmware_bridge.host_core import HostCore

MAX_ON, MIN_OFF, LATE, BEAT, ESTOP_PIN = 30_000, 4_000, 1_000, 50_000, 9
PINS = {2: 0, 3: 1, 4: 0}  # pin: resting level; gate n is on the nth
JITTER = 40  # microseconds that interrupts may be kept away, in which time goes on

moments = st.integers(-3_000, 90_000)
lengths = st.one_of(st.integers(1, MAX_ON), st.integers(-10, MAX_ON + 10))
parts = st.integers(0, 5)
gates = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("plan"), gates, moments, lengths, parts),
    st.tuples(st.just("plan"), gates, moments, lengths, parts),
    st.tuples(st.just("replan"), parts, moments, lengths),
    st.tuples(st.just("cancel"), parts),
    st.tuples(st.just("cancel_gate"), gates),
    st.tuples(st.just("wait"), st.integers(0, 40_000)),
    st.tuples(st.just("wait"), st.integers(0, 2_000)),
    st.tuples(st.just("beat")),
    st.tuples(st.just("estop"), st.integers(0, 1)),
    st.tuples(st.sampled_from(["rest", "halt", "arm", "hello", "noise"])),
)


class Line:
    """A device, what was said to it, and what it said."""

    def __init__(self, program, tick, chaos):
        self.device = HostCore(program, tick=tick, chaos=chaos)
        self.latch, self.number, self.starts = 0, 0, tick
        self.beats = []  # ticks of whatever lets it live: arm and heartbeat
        self.greet()

    def command(self, message):
        self.number = next_number(self.number)
        answers = [one.message for one in self.device.receive(encode(message, self.number))]
        self.look()
        return next(one for one in answers if isinstance(one, Ack))

    def look(self):
        self.latch = max([self.latch, *(one.latch for one in self.device.told(Latched))])
        numbers = [frame.number for frame in self.device.frames if frame.number]
        if numbers:
            self.device.receive(encode(EventAck(numbers[-1])))

    def greet(self):
        self.number = 0
        self.latch = next(one.message for one in self.device.receive(encode(Hello(1, 1, ""))) if one.number == 0).latch
        for gate, (pin, resting) in enumerate(PINS.items()):
            assert self.command(SetGate(gate, pin, resting, MAX_ON, MIN_OFF, LATE)).status is Status.OK
        self.command(SetEstop(ESTOP_PIN, 0, Pull.UP))
        self.arm()

    def arm(self):
        answer = self.command(Arm(BEAT, self.latch))
        if answer.status is Status.OK:
            self.beats.append(self.device.tick)

    def step(self, name, *values):
        device, now = self.device, self.device.tick
        if name == "plan":
            gate, begins, length, part = values
            self.command(Plan(gate, (now + begins) % 2**32, (now + begins + length) % 2**32, part))
        elif name == "replan":
            part, begins, length = values
            self.command(Replan(part, (now + begins) % 2**32, (now + begins + length) % 2**32))
        elif name == "wait":
            device.wait(values[0], 700)
            self.look()
        elif name == "beat":
            device.receive(encode(Heartbeat(1)))
            self.beats.append(device.tick)
        elif name == "estop":
            device.drive(ESTOP_PIN, values[0])
        elif name == "noise":
            device.receive(b"\x03\x04\x00\x01\xff\x00")
        elif name == "hello":
            self.greet()
        elif name == "arm":
            self.arm()
        else:
            kinds = {"cancel": Cancel, "cancel_gate": CancelGate, "rest": Rest, "halt": Halt}
            self.command(kinds[name](*values))


def away_times(writes, pin, resting):
    """When a pin was away from rest: (from, until) in ticks, until None when it still is."""
    times, since = [], None
    for tick, written, level in writes:
        if written != pin:
            continue
        if level != resting and since is None:
            since = tick
        elif level == resting and since is not None:
            times.append((since, tick))
            since = None
    return [*times, (since, None)] if since is not None else times


def check(line):
    """The rules, on everything the pins did."""
    device = line.device
    start = line.starts
    ago = lambda tick: (tick - start) % 2**32  # noqa: E731
    lives = sorted(ago(tick) for tick in line.beats)
    for pin, resting in PINS.items():
        times = away_times(device.writes, pin, resting)
        for since, until in times:
            assert until is not None, "a gate is away from rest with its time over"
            assert (until - since) % 2**32 <= MAX_ON + JITTER
            before = max((one for one in lives if one <= ago(since)), default=None)
            assert before is not None, "a gate has moved before it was armed"
            last = max(one for one in lives if one <= ago(until))
            assert ago(until) - last <= BEAT + 2000, "a gate was away from rest with the host silent"
        for (_, ended), (begun, _) in itertools.pairwise(times):
            assert (begun - ended) % 2**32 >= MIN_OFF - 100 - JITTER
    opened = {(one.part, one.tick) for one in device.told(Opened)}
    for _, tick in opened:
        assert any(one[0] == tick for one in device.writes), "an opening was told that the pins did not make"
    for one in device.told(Opened):
        assert 0 <= (one.tick - one.due) % 2**32 <= LATE
    for one in device.told(Closed):
        if one.cause is Cause.PLANNED:
            assert (one.tick - one.due) % 2**32 <= JITTER


def run(program, script, tick, chaos):
    """Do what the script says, then let the host fall silent: everything is at rest at the end."""
    line = Line(program, tick, chaos)
    for step in script:
        line.step(*step)
    line.device.wait(BEAT + 200_000, 700)
    check(line)
    state = next(one.message.state for one in line.device.receive(encode(Heartbeat(1))) if one.number == 0)
    assert state in (State.LATCHED, State.GREETED)
    line.device.close()


@settings(max_examples=25)
@given(st.lists(steps, max_size=25), st.sampled_from([0, 2**32 - 60_000]), st.integers(0, 2**31))
def test_no_gate_breaks_a_rule_whatever_the_host_says(core_program, script, tick, chaos):
    """Longest opening, shortest rest, silence, stops and a wrapping clock, with interrupts wherever they may come."""
    run(core_program, script, tick, chaos)


@pytest.mark.slow
@settings(max_examples=3000)
@given(st.lists(steps, max_size=60), st.sampled_from([0, 2**32 - 60_000]), st.integers(0, 2**31))
def test_no_gate_breaks_a_rule_in_long_scripts(core_program, script, tick, chaos):
    """The same, 3,000 scripts of up to 60 steps."""
    run(core_program, script, tick, chaos)
