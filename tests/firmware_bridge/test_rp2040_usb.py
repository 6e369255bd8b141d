"""The RP2040's own image on an emulated RP2040, its host at its USB."""

from __future__ import annotations

import pytest

from firmware_bridge.codec import Decoder, encode
from firmware_bridge.codes import PROTOCOL, Pull, Reset, State, Status
from firmware_bridge.emulated_rp2040 import EmulatedRp2040
from firmware_bridge.emulated_usb import CONNECTED_US
from firmware_bridge.messages import (
    Ack,
    Arm,
    AskStats,
    Boot,
    Closed,
    DeviceStatus,
    Edge,
    Halt,
    Heartbeat,
    Hello,
    Identity,
    Latched,
    Opened,
    Ping,
    Plan,
    Pong,
    Rest,
    SetEstop,
    SetSensor,
    Stats,
)
from firmware_bridge.ready_image import ready_image
from tests.firmware_bridge.board_host import GATE_PINS, BoardHost
from tests.firmware_bridge.flood import WITHIN_US, keep_openings
from tests.firmware_bridge.hard_usb import HardUsbRp2040
from tests.firmware_bridge.stopped_dead import stop_dead

ANSWER_US = 1_500
PACKET = 64
LATE_IN_FRAME_US = 800
OTHER_SESSION = 99


@pytest.fixture
def board():
    """A board that has just started, plugged in, its port open."""
    pytest.importorskip("rp2040py", reason="needs rp2040py, the emulated RP2040")
    one = HardUsbRp2040(ready_image("rp2040"))
    one.run_for(CONNECTED_US)
    return one


@pytest.fixture
def host(board):
    """Its host."""
    return BoardHost(board, answer_us=ANSWER_US)


def uart_of(board):
    """The other line of the same board: say something there, and hear what comes back."""
    decoder = Decoder()

    def say(message, number=0):
        EmulatedRp2040.write(board, encode(message, number))
        board.run_for(12_000)
        return [frame.message for frame in decoder.feed(EmulatedRp2040.read(board))]

    return say


def greet_again(board, session):
    """Hello from a program that has just opened the port: all it hears."""
    board.read()
    board.write(encode(Hello(PROTOCOL, session, "again")))
    board.run_for(5_000)
    return Decoder().feed(board.read())


def test_it_is_enumerated_answers_and_moves_gates(host):
    """Hello, gates, arm, an opening by USB alone; on the UART there is boot, told before anybody was there."""
    host.set_up()
    start = host.tick + 60_000
    assert host.command(Plan(0, start, start + 700, 7)).status is Status.OK
    host.wait(60_000)

    assert [(pin, level) for pin, level, _ in host.edges] == [(GATE_PINS[0], True), (GATE_PINS[0], False)]
    assert all(0 <= at - tick < WITHIN_US for (*_, at), tick in zip(host.edges, (start, start + 700), strict=True))
    assert [one.part for one in host.told(Opened) + host.told(Closed)] == [7, 7]
    assert {type(frame.message) for frame in Decoder().feed(EmulatedRp2040.read(host.board))} == {Boot}


def test_hello_on_the_other_line_is_refused_while_gates_are_armed(host):
    """With the word busy, and the opening is made; once the board has stopped, the other line may have it."""
    host.set_up()
    uart = uart_of(host.board)
    start = host.tick + 40_000
    host.command(Plan(0, start, start + 1000, 1))
    (word,) = [one for one in uart(Hello(PROTOCOL, OTHER_SESSION, "other")) if isinstance(one, Identity)]
    assert (word.status, word.session, word.state, word.board) == (Status.BUSY, OTHER_SESSION, State.ARMED, "rp2040")
    assert uart(Heartbeat(OTHER_SESSION)) == []
    host.wait(40_000)
    assert [level for _, level, _ in host.edges] == [True, False]

    host.command(Halt())
    (word,) = [one for one in uart(Hello(PROTOCOL, OTHER_SESSION, "other")) if isinstance(one, Identity)]
    assert (word.status, word.state) == (Status.OK, State.GREETED)
    heard = len(host.heard)
    host.call(Heartbeat(1))
    assert len(host.heard) == heard


@pytest.mark.slow
def test_the_line_that_armed_it_is_the_uart_then_usb_is_refused(board):
    """The same the other way round: a program that only opens the port, or says hello there, disturbs nobody."""
    board.run_for(1000)
    uart = uart_of(board)
    (identity,) = [one for one in uart(Hello(PROTOCOL, 3, "uart")) if isinstance(one, Identity)]
    assert [one.status for one in uart(Arm(60_000_000, identity.latch), 1) if isinstance(one, Ack)] == [Status.OK]
    board.set_port(is_open=False)
    board.set_port(is_open=True)
    board.write(b"AT\r\n" * 50)
    (answer,) = greet_again(board, OTHER_SESSION)

    assert (answer.message.status, answer.message.session) == (Status.BUSY, OTHER_SESSION)
    assert [type(one) for one in uart(Heartbeat(3))] == [DeviceStatus]


@pytest.mark.slow
def test_a_pulled_cable_means_rest_in_time_and_stays_so(host):
    """The gate falls within the heartbeat time and two milliseconds; put back, it is enumerated, stopped, unarmed."""
    host.set_up(heartbeat=30_000)
    host.command(Plan(0, host.tick + 5_000, host.tick + 1_900_000, 1))
    host.call(Heartbeat(1))
    spoke = host.board.us
    host.board.unplug()
    host.wait(40_000)
    (_, opened, _), (_, closed, at) = host.edges
    assert (opened, closed) == (True, False)
    assert at - spoke < 32_000

    host.board.plug()
    (identity,) = [one.message for one in greet_again(host.board, 2) if isinstance(one.message, Identity)]
    assert (identity.status, identity.state, identity.latch) == (Status.OK, State.GREETED, 1)
    host.number = 0
    assert host.command(Plan(0, host.tick + 10_000, host.tick + 20_000, 2)).status is Status.NOT_ARMED


@pytest.mark.slow
def test_what_nobody_reads_while_the_port_is_closed_is_dropped(host):
    """As on a wire that leads nowhere: who opens it next hears the answer to its own hello first."""
    host.set_up(heartbeat=30_000)
    host.board.set_port(is_open=False)
    given = len(host.board.packets)
    host.board.run_for(60_000)  # the stop is told, and told again
    assert len(host.board.packets) == given
    host.board.set_port(is_open=True)
    first, *_ = greet_again(host.board, 2)

    assert (type(first.message), first.message.session) == (Identity, 2)


@pytest.mark.slow
def test_a_host_that_does_not_read_is_waited_for(host):
    """The port is open and nothing is fetched: the gate falls all the same, and no event is lost."""
    host.set_up(heartbeat=30_000)
    host.command(Plan(0, host.tick + 5_000, host.tick + 1_900_000, 1))
    host.board.reads = False
    given = len(host.board.packets)
    host.board.write(encode(Heartbeat(1)) * 30)
    host.board.run_for(50_000)
    assert len(host.board.packets) - given <= 1
    assert [level for _, level, _ in host.edges] == [True, False]

    host.board.resume()
    host.wait(60_000)
    events = {frame.number: type(frame.message) for frame in host.heard if frame.number}
    assert events == {1: Opened, 2: Closed, 3: Latched}


@pytest.mark.slow
def test_more_than_the_board_can_hold_waits_on_the_bus(host):
    """2 kB at once, eight times its ring: each ping among them is heard, nothing is lost."""
    host.set_up()
    before = host.command(AskStats()) and host.told(Stats)[-1]
    host.board.write(b"".join(encode(Ping(token)) for token in range(200)) + encode(Heartbeat(1)))
    host.wait(25_000)
    host.command(AskStats())
    after = host.told(Stats)[-1]

    assert after.overruns == before.overruns == 0
    assert after.good - before.good == 202
    assert host.told(Pong)[-1].token == 199  # the last question is the one that is answered
    assert host.told(DeviceStatus)


@pytest.mark.slow
def test_a_whole_packet_is_followed_by_an_empty_one(host):
    """So that the host's driver does not wait for more before it hands over what it has."""
    host.set_up()
    host.board.reads = False
    host.board.write(encode(Heartbeat(1)))  # its answer is given, and not fetched
    host.wait(1_500)
    said = [encode(Hello(PROTOCOL, 2, "test")), encode(Rest(), 1), encode(Rest(), 2)]
    host.board.write(b"".join(said))  # their answers: 40, 12 and 12 bytes
    host.wait(1_500)
    host.board.resume()
    host.wait(3_000)

    assert [size for _, size in host.board.packets][-2:] == [PACKET, 0]


def test_alarm_and_inputs_interrupt_both_lines(board):
    """So no byte delays an edge; and neither line interrupts the other."""
    priorities = board.chip.core.interrupt_priorities
    urgent, serial = (1 << 0 | 1 << 13), (1 << 5 | 1 << 20 | 1 << 26)

    assert priorities[0] & (urgent | serial) == urgent
    assert priorities[1] & (urgent | serial) == serial


@pytest.mark.slow
def test_after_a_reset_of_the_bus_nothing_is_given_until_it_is_configured(host):
    """The port is closed then, whatever was before."""
    host.set_up(heartbeat=20_000)
    host.board.usb.on_reset_received = None  # this host goes no further
    host.board.usb.reset_device()
    host.board.run_for(12_000)
    given = len(host.board.packets)
    host.board.run_for(30_000)  # the stop is told, and told again

    assert len(host.board.packets) == given


@pytest.mark.slow
def test_no_packet_is_given_late_in_a_frame(host):
    """Erratum RP2040-E15: what would be fetched across the end of a frame waits for the next one."""
    host.call(Hello(PROTOCOL, 1, "test"))
    host.board.drive(12, False)
    host.command(SetSensor(0, 12, Pull.DOWN, 3, 0))
    for i in range(100):
        host.board.drive(12, not i % 2)
        host.wait(391)
        host.board.write(host.acknowledgement())
    host.wait(5_000)
    given = [at for at, _ in host.board.packets]
    ages = [at - max(frame for frame in host.board.frames if frame <= at) for at in given]

    assert len(given) > 50
    assert len(host.told(Edge)) == 101
    assert max(ages) < LATE_IN_FRAME_US + 25  # copying it takes its time, too
    assert min(ages) < 100  # those that waited


@pytest.mark.slow
def test_the_emergency_stop_is_told(host):
    """Gate at rest within ten microseconds, and the host hears why."""
    host.set_up()
    host.command(Halt())
    host.command(SetEstop(10, 0, Pull.UP))
    host.board.drive(10, True)
    host.wait(1000)
    assert host.command(Arm(60_000_000, 1)).status is Status.OK
    host.command(Plan(0, host.tick + 10_000, host.tick + 1_900_000, 1))
    host.wait(20_000)
    pressed = host.board.us
    host.board.drive(10, False)
    host.wait(5_000)

    assert host.edges[-1][:2] == (GATE_PINS[0], False)
    assert host.edges[-1][2] - pressed < 10
    assert host.told(Latched)[-1].reason.name == "ESTOP"


@pytest.mark.slow
def test_after_the_watchdog_it_is_enumerated_again(host):
    """And says why it has started, to whoever greets it."""
    host.set_up()
    stop_dead(host.board, interrupts_off=True)
    host.board.run_for(100_000)
    assert host.board.resets == 1
    answers = greet_again(host.board, 2)

    assert answers[-1].message.reset is Reset.WATCHDOG


def noise(rng):
    """Garbage, in pieces no longer than a frame may be."""
    return b"\0".join(rng.randbytes(30).replace(b"\0", b"\1") for _ in range(20)) + b"\0"


@pytest.mark.slow
def test_a_flood_on_both_lines_delays_no_edge(board):
    """30 openings in a flood by USB, five times what a UART carries, and the UART busy without a pause."""
    host = BoardHost(board)
    EmulatedRp2040.write(board, bytes(range(256)) * 40)

    assert keep_openings(host, 30, 60_000, noise) < WITHIN_US
