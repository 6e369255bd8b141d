"""What brings every gate to rest, whoever else has failed; and what it takes to move again."""

from __future__ import annotations

import pytest

from firmware_bridge.codec import encode
from firmware_bridge.codes import NO_PIN, PROTOCOL, Cause, Latch, Pull, Refusal, Reset, State, Status
from firmware_bridge.messages import (
    Ack,
    Arm,
    AskStats,
    Boot,
    Closed,
    Count,
    DeviceStatus,
    Edge,
    Estop,
    Halt,
    Heartbeat,
    Hello,
    Latched,
    Nack,
    Opened,
    Ping,
    Plan,
    Pong,
    Rest,
    SetEncoder,
    SetEstop,
    SetGate,
    SetSensor,
    Stats,
)
from tests.firmware_bridge.host_core import HostCore, set_up


def open_gate(device, length=150_000, part=1):
    """Open gate 0 a millisecond from now, and go on until it is open."""
    opens = (device.tick + 1000) % 2**32
    assert device.command(Plan(0, opens, (opens + length) % 2**32, part)).status is Status.OK
    device.wait(2000)


@pytest.fixture
def beating(core_program):
    """A device armed with a heartbeat of 100 ms."""
    one = HostCore(core_program)
    set_up(one, heartbeat=100_000)
    yield one
    one.close()


def test_a_silent_host_means_rest(beating):
    """Gates fall within the heartbeat time and a pass of the main loop, and stay: latched, told, plans refused."""
    now = beating.tick
    open_gate(beating)
    beating.wait(300_000)

    assert [(level, tick - now <= 101_000) for tick, _, level in beating.writes] == [(1, True), (0, True)]
    assert beating.told(Closed)[0].cause is Cause.LATCHED
    assert beating.told(Latched)[0] == Latched(Latch.HEARTBEAT, 1, beating.writes[1][0])
    assert beating.command(Plan(0, beating.tick + 1000, beating.tick + 2000, 2)).status is Status.LATCHED


def test_heartbeats_keep_it_armed_and_nothing_else_does(beating):
    """Neither commands, nor pings, nor the heartbeat of another session, nor noise count as life."""
    for _ in range(20):
        beating.wait(90_000)
        assert beating.call(Heartbeat(1))[0].state is State.ARMED
    for _ in range(4):
        beating.wait(30_000)
        beating.call(Ping(1))
        beating.call(Heartbeat(2))
        beating.receive(b"\xff" * 50)
        beating.command(AskStats())

    assert beating.call(Heartbeat(1))[-1].reason is Latch.HEARTBEAT


def test_moving_again_takes_an_explicit_arm_that_names_the_stop(beating):
    """The plan of before is void; an arm sent before the stop was seen is refused."""
    open_gate(beating)
    beating.command(Plan(0, beating.tick + 900_000, beating.tick + 950_000, 2))
    beating.wait(200_000)
    assert beating.command(Arm(60_000_000, 0)).status is Status.WRONG_LATCH
    assert beating.command(Arm(60_000_000, 2)).status is Status.WRONG_LATCH
    assert beating.command(Arm(60_000_000, 1)) == Ack(beating.number, Status.OK, State.ARMED, 20)
    beating.wait(2_000_000)

    assert len(beating.writes) == 2


def test_the_emergency_stop_acts_at_once(device):
    """In its own interrupt, armed or not; arming waits for its release, for 20 ms of it, and for the host."""
    device.greet()
    device.command(SetGate(0, 2, 0, 200_000, 1000, 1000))
    device.command(SetEstop(5, 0, Pull.UP))
    device.wait(2000)
    assert device.told(Estop)[0].pressed == 0
    device.command(Arm(60_000_000, 0))
    open_gate(device)
    now = device.tick
    device.drive(5, 0)

    assert device.writes[-1] == (now, 2, 0)
    assert device.told(Latched)[0] == Latched(Latch.ESTOP, 1, now)
    assert device.command(Arm(60_000_000, 1)).status is Status.ESTOP
    device.drive(5, 1)
    device.wait(10_000)
    device.drive(5, 0)
    device.drive(5, 1)
    device.wait(15_000)
    assert device.command(Arm(60_000_000, 1)).status is Status.ESTOP
    device.wait(10_000)
    assert device.call(Heartbeat(1))[0].estop == 0
    assert device.command(Arm(60_000_000, 1)).state is State.ARMED


def test_an_emergency_stop_that_is_pressed_already_is_seen(device):
    """Its wire is broken or somebody has pressed it: the machine cannot be armed."""
    device.greet()
    assert device.command(SetEstop(5, 1, Pull.UP)).state is State.LATCHED
    assert device.command(Arm(1_000_000, 1)).status is Status.ESTOP


def test_the_host_can_stop_it(armed):
    """Halt is a stop like any other."""
    open_gate(armed)
    assert armed.command(Halt()).state is State.LATCHED
    assert armed.command(Halt()).state is State.LATCHED
    armed.wait(1000)

    assert armed.told(Latched)[0].reason is Latch.HOST
    assert armed.call(Heartbeat(1))[0].latch == 1


def test_a_new_host_finds_everything_at_rest(armed):
    """Hello voids the plan and the settings; numbers begin at 1; it must set and arm anew."""
    open_gate(armed)
    identity = armed.greet(session=9)

    assert identity.state is State.GREETED
    assert armed.writes[-1][2] == 0
    assert armed.command(Plan(0, armed.tick + 1000, armed.tick + 2000, 1)).status is Status.NOT_ARMED
    armed.command(Arm(60_000_000, 0))
    assert armed.command(Plan(0, armed.tick + 1000, armed.tick + 2000, 1)).status is Status.UNKNOWN_GATE


def test_a_gate_kept_open_too_long_is_a_stop(armed):
    """If the program is kept from closing it, it says so and latches: the limit is not what was planned alone."""
    open_gate(armed, length=200_000)
    armed.stall(201_000 + 1001)
    armed.stall(1)

    assert armed.told(Closed)[0].tick > armed.told(Closed)[0].due
    assert armed.writes[-1][2] == 0


def test_before_hello_nothing_is_taken(device):
    """A device that has started anew says so, by boot every second and by refusing what it is told."""
    assert device.told(Boot)[0].reset is Reset.POWER
    device.wait(3_500_000)
    assert len(device.told(Boot)) == 4
    answers = [one.message for one in device.receive(encode(Plan(0, 9000, 9999, 1), 5))]

    assert answers == [Nack(1, Refusal.NOT_GREETED)]
    assert device.writes == []


def test_another_version_is_refused_and_changes_nothing(armed):
    """The device says what it speaks; an armed line goes on with its own host."""
    identity = armed.call(Hello(PROTOCOL + 1, 77, "newer"))[0]

    assert (identity.protocol, identity.status, identity.state) == (PROTOCOL, Status.WRONG_VERSION, State.ARMED)
    assert armed.call(Heartbeat(1))[0].state is State.ARMED


def test_settings_stand_while_it_is_armed(armed):
    """Nobody moves a limit under an opening."""
    for command in (
        SetGate(0, 2, 0, 600_000_000, 0, 0),
        SetEstop(NO_PIN, 0, Pull.NONE),
        SetSensor(0, 7, Pull.NONE, 3, 0),
        SetEncoder(0, 8, 9, Pull.NONE, 1),
    ):
        assert armed.command(command).status is Status.BUSY


def test_commands_are_carried_out_once_and_in_order(armed):
    """A repetition is answered with the status of the first time; a gap is told once, and nothing after it is taken."""
    rest, number = encode(Rest(), armed.number + 1), armed.number
    opens = armed.tick + 50_000
    plan = encode(Plan(0, opens, opens + 1000, 1), number + 1)
    for _ in range(3):
        assert armed.receive(plan)[0].message == Ack(number + 1, Status.OK, State.ARMED, 19)
    assert armed.receive(rest)[0].message.status is Status.OK  # the number of the plan: not carried out

    late = encode(Rest(), number + 3)
    assert [one.message for one in armed.receive(late)] == [Nack(number + 2, Refusal.GAP)]
    assert armed.receive(late) == []
    assert armed.receive(encode(AskStats(), number + 2))[0].message.again == 3
    assert armed.receive(late)[0].message.free == 20


def test_numbers_go_round_and_old_ones_are_a_gap(armed):
    """300 commands pass 255; number 9 back is too old to be remembered."""
    for _ in range(300):
        armed.command(AskStats())
    for ago in range(8):
        number = (armed.number - ago - 1) % 255 + 1
        assert isinstance(armed.receive(encode(AskStats(), number))[0].message, Ack)
    old = (armed.number - 9) % 255 + 1
    assert isinstance(armed.receive(encode(AskStats(), old))[0].message, Nack)


def test_a_ping_is_stamped_with_its_last_byte(armed):
    """However long the main loop takes to read it."""
    armed.stall(0)
    now = armed.tick
    ping = encode(Ping(5))
    armed.receive_later(ping[:-1])
    armed.stall_only(87)
    armed.receive_later(ping[-1:])
    armed.stall_only(3000)
    armed.wait(0)

    assert armed.told(Pong) == [Pong(5, now + 87, now + 3087)]


def test_a_window_of_the_longest_commands_fits_the_buffer(armed):
    """What a host may have on the way loses no byte, even if the main loop reads none of it meanwhile."""
    window = b"".join(encode(SetGate(0, 2, 0, 1, 1, 1), armed.number + 1 + i) for i in range(8))
    armed.receive_later(window + encode(Ping(1)) + encode(Heartbeat(1)))
    armed.wait(1000)
    armed.number += 8
    armed.command(AskStats())

    assert len(armed.told(DeviceStatus)) == 1
    assert (armed.told(Stats)[0].overruns, armed.told(Stats)[0].bad) == (0, 0)


def test_what_comes_too_fast_is_counted(armed):
    """Bytes beyond the buffer are lost, counted, and the next frame is found."""
    armed.receive_later(b"\x01" * 300)
    armed.wait(1000)
    armed.receive(b"\0")
    armed.command(AskStats())

    assert armed.told(Stats)[0].overruns == 45
    assert armed.told(Stats)[0].bad == 1


def test_sensors_tell_edges_with_the_devices_time(device):
    """The level at the start, each edge asked for, none within the quiet time; what it ends at is told."""
    device.greet()
    device.command(SetSensor(0, 7, Pull.UP, 3, 0))
    device.command(SetSensor(1, 8, Pull.DOWN, 1, 5000))
    device.wait(1000)
    now = device.tick
    for level in (0, 1):
        device.wait(137)
        device.drive(7, level)
    for level in (1, 0, 1, 0):
        device.wait(100)
        device.drive(8, level)
    device.wait(10_000)
    device.drive(8, 1)
    device.wait(10)

    edges = {(one.sensor, one.level, one.tick - now) for one in device.told(Edge) if one.tick >= now}
    assert edges == {(0, 0, 137), (0, 1, 274), (1, 1, 374), (1, 1, 10_674)}
    assert {(one.sensor, one.level) for one in device.told(Edge) if one.tick < now} == {(0, 1), (1, 0)}


def test_a_level_reached_in_the_quiet_time_is_told_after_it(device):
    """A photo-eye that bounces and then stays dark is not taken for lit."""
    device.greet()
    device.command(SetSensor(0, 7, Pull.UP, 3, 5000))
    device.drive(7, 0)
    device.wait(1000)
    now = device.tick
    device.drive(7, 1)
    device.wait(10_000)

    assert Edge(0, 1, now) in device.told(Edge)


def test_an_encoder_counts_up_and_down(device):
    """Four counts for a cycle of two channels, told at multiples; one channel counts rising edges."""
    device.greet()
    device.command(SetEncoder(0, 10, 11, Pull.DOWN, 4))
    device.command(SetEncoder(1, 12, NO_PIN, Pull.DOWN, 2))
    cycle = [(10, 1), (11, 1), (10, 0), (11, 0)]
    for pin, level in cycle * 3 + [(12, 1), (12, 0)] * 5 + [(pin, 1 - level) for pin, level in reversed(cycle)] * 4:
        device.wait(10)
        if device.drive(pin, level):
            device.acknowledge()

    counts = list(dict.fromkeys((one.encoder, one.count) for one in device.told(Count)))
    assert counts == [(0, 4), (0, 8), (0, 12), (1, 2), (1, 4), (0, 0), (0, -4)]


def test_events_there_is_no_room_for_are_counted(device):
    """Nobody acknowledges: the oldest stay, the newest are lost, and status says how many."""
    device.greet()
    device.command(SetSensor(0, 7, Pull.UP, 3, 0))
    for i in range(40):
        device.drive(7, i % 2)
    device.wait(100)
    status = next(one for one in device.call(Heartbeat(1)) if isinstance(one, DeviceStatus))

    assert status.lost == 41 - 24


def test_an_open_gate_is_seen_in_the_status(armed):
    """Bit n: gate n is away."""
    open_gate(armed)

    assert next(one for one in armed.call(Heartbeat(1)) if isinstance(one, DeviceStatus)).away == 1
    assert armed.told(Opened)
