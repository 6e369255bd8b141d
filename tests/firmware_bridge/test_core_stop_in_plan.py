"""A stop that comes while the main loop puts an opening into the queue, or takes one out."""

from __future__ import annotations

import pytest

from firmware_bridge.codes import Pull, Status
from firmware_bridge.messages import Arm, Cancel, Closed, Halt, Latched, Missed, Opened, Plan, Replan, SetEstop
from tests.firmware_bridge.host_core import set_up

ESTOP = 9
ROOM = 20


@pytest.fixture
def guarded(device):
    """A device that is armed, with an emergency stop that is not pressed."""
    set_up(device)
    device.command(Halt())
    device.command(SetEstop(ESTOP, 0, Pull.UP))
    device.wait(50_000)
    assert device.command(Arm(60_000_000, 1)).status is Status.OK
    return device


def stopped_within(device, command, locks):
    """Carry out a command with the stop at the so-many-th lock; whether it came while that was still being done."""
    stops = len(device.told(Latched))
    device.surprise(ESTOP, 0, locks)
    device.command(command)
    came = len(device.told(Latched)) > stops
    device.surprise(ESTOP, 0, 0)
    device.drive(ESTOP, 0)
    return came


def check_that_nothing_is_left(device):
    """No move is made, or told of, after the stop; armed again, the queue is empty and works as before."""
    before = len(device.writes)
    device.wait(300_000)
    assert len(device.writes) == before
    assert device.told(Missed) == []
    device.acknowledge()
    device.drive(ESTOP, 1)
    device.wait(50_000)
    assert device.command(Arm(60_000_000, device.told_latch())).free == ROOM
    opens = device.tick + 10_000
    for part in range(3):
        begins = opens + part * 100_000
        assert device.command(Plan(0, begins, begins + 20_000, 100 + part)).status is Status.OK
    device.wait(300_000)
    device.acknowledge()
    assert [level for _tick, _pin, level in device.writes[before:]] == [1, 0] * 3
    assert [one.part for one in device.told(Opened)][-3:] == [100, 101, 102]
    assert [one.part for one in device.told(Closed)][-3:] == [100, 101, 102]


@pytest.mark.parametrize("kind", ["plan", "replan", "cancel"])
def test_a_stop_in_the_middle_of_a_command_leaves_nothing_in_the_queue(guarded, kind):
    """At every place where an interrupt may come: a half-made opening is void like all others, and never moves."""
    within = 0
    for locks in range(1, 16):
        opens = guarded.tick + 20_000
        guarded.command(Plan(1, opens + 1000, opens + 5000, 1))
        if kind != "plan":
            guarded.command(Plan(0, opens, opens + 9000, 2))
        command = {
            "plan": Plan(0, opens, opens + 9000, 2),
            "replan": Replan(2, opens + 3000, opens + 12_000),
            "cancel": Cancel(2),
        }[kind]
        within += stopped_within(guarded, command, locks)
        check_that_nothing_is_left(guarded)
    assert within >= 3
