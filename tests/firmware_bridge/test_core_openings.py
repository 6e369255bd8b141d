"""What the firmware makes of a plan: the same C that runs on the board, on a clock made of a variable."""

from __future__ import annotations

import pytest

from firmware_bridge.codes import Cause, Status
from firmware_bridge.messages import (
    Arm,
    AskStats,
    Cancel,
    CancelGate,
    Closed,
    EventAck,
    Heartbeat,
    Missed,
    Opened,
    Plan,
    Replan,
    Rest,
    SetGate,
    Stats,
)
from tests.firmware_bridge.host_core import LATE, MAX_ON, MIN_OFF, HostCore, set_up


def plan(device, begins, length=50_000, *, gate=0, part=1):
    """Plan an opening that begins so long from now; the status."""
    opens = (device.tick + begins) % 2**32
    return device.command(Plan(gate, opens, (opens + length) % 2**32, part)).status


def test_a_gate_opens_and_closes_at_its_ticks(armed):
    """Both levels are set at the tick that was planned, and told with it."""
    now = armed.tick
    assert plan(armed, 1000, part=7) is Status.OK
    armed.wait(60_000)

    assert armed.writes == [(now + 1000, 2, 1), (now + 51_000, 2, 0)]
    assert armed.told(Opened)[0] == Opened(0, 7, now + 1000, now + 1000)
    assert armed.told(Closed)[0] == Closed(0, Cause.PLANNED, 7, now + 51_000, now + 51_000)


def test_a_gate_that_rests_high_opens_low(armed):
    """The resting level is the firmware's business alone."""
    now = armed.tick
    plan(armed, 1000, gate=1)
    armed.wait(60_000)

    assert armed.writes == [(now + 1000, 3, 0), (now + 51_000, 3, 1)]


@pytest.mark.parametrize(
    ("begins", "length", "status"),
    [
        (100, 50_000, Status.OK),
        (99, 50_000, Status.PAST),
        (-5_000_000, 50_000, Status.PAST),
        (-2_000_000_000, 50_000, Status.PAST),
        (1000, 0, Status.BACKWARDS),
        (1000, -1, Status.BACKWARDS),
        (1000, MAX_ON, Status.OK),
        (1000, MAX_ON + 1, Status.TOO_LONG),
        (1_800_000_001, 50_000, Status.TOO_FAR),
        (1_799_950_000, 50_000, Status.OK),
        (2_140_000_000, 50_000, Status.TOO_FAR),
    ],
)
def test_what_cannot_be_kept_is_refused(armed, begins, length, status):
    """The past, the backward, the over-long and the too far; what is refused moves nothing."""
    assert plan(armed, begins, length) is status
    armed.wait(300_000)

    assert bool(armed.writes) == (status is Status.OK and begins < 300_000)


@pytest.mark.parametrize(
    ("begins", "length", "status"),
    [
        (100_000, 50_000, Status.OVERLAPPING),
        (120_000, 10_000, Status.OVERLAPPING),
        (50_000, 150_000, Status.OVERLAPPING),
        (149_999, 10_000, Status.OVERLAPPING),
        (150_000, 10_000, Status.TOO_SOON),
        (150_000 + MIN_OFF - 1, 10_000, Status.TOO_SOON),
        (150_000 + MIN_OFF, 10_000, Status.OK),
        (100_000 - MIN_OFF - 10_000, 10_000, Status.OK),
        (100_000 - MIN_OFF - 10_000, 10_001, Status.TOO_SOON),
    ],
)
def test_openings_of_one_gate_keep_apart(armed, begins, length, status):
    """Beside an opening from 100 to 150 ms another needs min_off between them; another gate does not mind."""
    now = armed.tick
    opens = now + 100_000
    assert armed.command(Plan(0, opens, opens + 50_000, 1)).status is Status.OK

    assert armed.command(Plan(0, now + begins, now + begins + length, 2)).status is status
    assert armed.command(Plan(1, now + begins, now + begins + length, 3)).status is Status.OK


def test_a_gate_rests_after_the_last_opening_made(armed):
    """Also when the plan of that one is forgotten already."""
    plan(armed, 1000)
    armed.wait(51_000)

    assert plan(armed, MIN_OFF - 200, part=2) is Status.TOO_SOON
    assert plan(armed, MIN_OFF, part=3) is Status.OK


def test_rest_is_over_for_good(armed):
    """A gate that has rested for 36 to 71 minutes, when ticks look like the future, opens again."""
    plan(armed, 1000)
    armed.wait(100_000)
    for _ in range(5):
        armed.acknowledge()
        armed.wait(700_000_000, 500_000)
        assert armed.command(Arm(60_000_000, armed.told_latch())).status is Status.OK
        assert plan(armed, 1000, part=2) is Status.OK
        armed.wait(100_000)

    assert len(armed.writes) == 12


def test_ticks_wrap_in_the_middle_of_an_opening(core_program):
    """The counter goes from 2^32 - 1 to 0 between opening and closing, between two openings, and while planning."""
    device = HostCore(core_program, tick=2**32 - 100_000)
    set_up(device)
    now = device.tick
    assert plan(device, 60_000, 50_000, part=1) is Status.OK
    assert plan(device, 130_000, 50_000, part=2) is Status.OK
    assert plan(device, 131_000, 50_000, part=3) is Status.OVERLAPPING
    device.wait(200_000)

    ticks = [(tick - now) % 2**32 for tick, _, _ in device.writes]
    assert ticks == [60_000, 110_000, 130_000, 180_000]
    assert device.writes[1][0] < device.writes[0][0]
    device.close()


def test_the_queue_is_full_and_then_has_room(armed):
    """Back-pressure: `free` counts down, QUEUE_FULL comes, and an opening that is over makes room."""
    frees = [
        armed.command(Plan(0, armed.tick + i * 100_000, armed.tick + i * 100_000 + 1000, i)).free for i in range(1, 21)
    ]
    assert frees == list(range(19, -1, -1))
    assert plan(armed, 50_000_000, part=99) is Status.QUEUE_FULL
    armed.wait(101_001)

    assert plan(armed, 50_000_000, part=99) is Status.OK


def test_an_opening_moves_as_long_as_it_has_not_begun(armed):
    """Replan takes it elsewhere, refused it stays; cancelled it is gone."""
    now = armed.tick
    plan(armed, 100_000, part=1)
    plan(armed, 300_000, part=2)
    assert armed.command(Replan(1, now + 400_000, now + 450_000)).status is Status.OK
    assert armed.command(Replan(1, now + 310_000, now + 350_000)).status is Status.OVERLAPPING
    assert armed.command(Replan(3, now + 500_000, now + 550_000)).status is Status.UNKNOWN_PART
    assert armed.command(Cancel(2)).status is Status.OK
    assert armed.command(Cancel(2)).status is Status.UNKNOWN_PART
    armed.wait(600_000)

    assert [tick - now for tick, _, _ in armed.writes] == [400_000, 450_000]


@pytest.mark.parametrize(
    ("closes", "status", "ends"),
    [
        (80_000, Status.OK, 80_000),
        (10_000, Status.OK, 20_000),
        (1000 + MAX_ON, Status.OK, 1000 + MAX_ON),
        (1001 + MAX_ON, Status.TOO_LONG, 51_000),
        (230_001, Status.TOO_LONG, 51_000),
    ],
)
def test_an_opening_under_way_only_ends_elsewhere(armed, closes, status, ends):
    """Later, earlier, at once when that is past, never longer than max_on from when it really began."""
    now = armed.tick
    plan(armed, 1000)
    armed.wait(20_000)
    assert armed.command(Replan(1, now + 300_000, now + closes)).status is status
    assert armed.command(Cancel(1)).status is Status.UNKNOWN_PART
    armed.wait(400_000)

    assert [tick - now for tick, _, _ in armed.writes] == [1000, ends]


def test_an_opening_under_way_leaves_the_next_its_rest(armed):
    """It may not grow into min_off before the next one."""
    now = armed.tick
    plan(armed, 1000)
    plan(armed, 100_000, part=2)
    armed.wait(20_000)

    assert armed.command(Replan(1, 0, now + 100_000 - MIN_OFF + 1)).status is Status.TOO_SOON
    assert armed.command(Replan(1, 0, now + 100_000 - MIN_OFF)).status is Status.OK


def test_cancelling_a_gate_lets_the_opening_under_way_end(armed):
    """And leaves other gates alone."""
    now = armed.tick
    plan(armed, 1000, part=1)
    plan(armed, 100_000, part=2)
    plan(armed, 200_000, part=3)
    plan(armed, 300_000, gate=1, part=4)
    armed.wait(20_000)
    assert armed.command(CancelGate(0)).free == 18
    armed.wait(400_000)

    assert [(tick - now, pin) for tick, pin, _ in armed.writes] == [(1000, 2), (51_000, 2), (300_000, 3), (350_000, 3)]


def test_rest_brings_gates_back_now_and_voids_the_plan(armed):
    """The host stops the belt: gates at rest, still armed."""
    now = armed.tick
    plan(armed, 1000)
    plan(armed, 100_000, part=2)
    armed.wait(20_000)
    assert armed.command(Rest()).free == 20
    armed.wait(200_000)

    assert [tick - now for tick, _, _ in armed.writes] == [1000, 20_000]
    assert armed.told(Closed)[0].cause is Cause.REST
    assert plan(armed, 1000, part=2) is Status.OK


def test_a_part_names_one_opening_at_a_time(armed):
    """A second plan for a part that is planned is refused; when it is over, the number is free again."""
    assert plan(armed, 1000) is Status.OK
    assert plan(armed, 100_000) is Status.DOUBLE_PART
    armed.wait(60_000)
    assert plan(armed, 100_000) is Status.OK


def test_limits_outside_any_sense_are_refused(device):
    """A gate needs a pin that exists and is free, a level, and times below ten minutes."""
    device.greet()
    good = dict(gate=0, pin=2, resting_level=0, max_on=1000, min_off=0, late=0)
    assert device.command(SetGate(**good)).status is Status.OK
    for wrong in (
        {"gate": 6},
        {"pin": 1},
        {"pin": 32},
        {"pin": 255},
        {"resting_level": 2},
        {"max_on": 0},
        {"max_on": 600_000_001},
        {"min_off": 600_000_001},
        {"late": 2**32 - 1},
        {"gate": 1},
    ):
        assert device.command(SetGate(**(good | wrong))).status is Status.BAD_VALUE, wrong


def test_an_opening_kept_from_beginning_is_missed_not_made_late(armed):
    """Interrupts were kept away for longer than `late`: the gate stays at rest, and the host hears of it."""
    now = armed.tick
    plan(armed, 1000, length=100_000)
    armed.stall(1000 + LATE + 1)
    armed.wait(200_000)

    assert armed.writes == []
    assert armed.told(Missed)[0] == Missed(0, Status.LATE, 1, now + 1000, now + 1000 + LATE + 1)
    assert armed.command(AskStats()).free == 20


def test_a_little_late_is_made_and_told(armed):
    """Within `late` it opens, and closes when it was to."""
    now = armed.tick
    plan(armed, 1000)
    armed.stall(1000 + LATE)
    armed.wait(200_000)

    assert [tick - now for tick, _, _ in armed.writes] == [1000 + LATE, 51_000]
    armed.command(AskStats())
    assert armed.told(Stats)[0].latest_move == LATE


def test_a_gate_that_closed_late_keeps_its_rest(armed):
    """The next opening would leave it less than min_off: missed, told with the reason."""
    plan(armed, 1000, part=1)
    plan(armed, 51_000 + MIN_OFF, part=2)
    armed.wait(40_000)
    armed.stall(11_000 + 101)  # closed 101 us late: more than the slack
    armed.wait(200_000)

    assert len(armed.writes) == 2
    assert armed.told(Missed)[0].reason is Status.TOO_SOON


def test_events_come_until_they_are_acknowledged(armed):
    """Every 50 ms again, in order, with the same numbers; then never again."""
    plan(armed, 1000, length=1000)
    frames = armed.wait(120_000)
    kinds = [(type(frame.message), frame.number) for frame in frames]
    assert kinds[:4] == [(Opened, 1), (Closed, 2), (Opened, 1), (Closed, 2)]
    armed.call(EventAck(1))
    assert {frame.number for frame in armed.wait(100_000)} == {2}
    armed.call(EventAck(2))
    armed.call(EventAck(9))  # of events that never were

    assert armed.wait(200_000) == []
    assert armed.call(Heartbeat(1))[0].lost == 0
