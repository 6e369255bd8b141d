"""The RP2040's own image, on an emulated RP2040."""

from __future__ import annotations

import pytest

from firmware_bridge.codec import encode, next_number
from firmware_bridge.codes import PROTOCOL, Pull, Reset, Status
from firmware_bridge.emulated_rp2040 import EmulatedRp2040
from firmware_bridge.firmware_build import BuildError, boot_checksum, build, compiler_for, with_boot_checksum
from firmware_bridge.messages import (
    Arm,
    AskStats,
    Boot,
    Count,
    DeviceStatus,
    Edge,
    Halt,
    Heartbeat,
    Hello,
    Latched,
    Nack,
    Opened,
    Ping,
    Plan,
    Pong,
    SetEncoder,
    SetEstop,
    SetGate,
    SetSensor,
    Stats,
)
from firmware_bridge.ready_image import ready_image
from tests.firmware_bridge.board_host import GATE_PINS, BoardHost
from tests.firmware_bridge.flood import WITHIN_US, check_edges, keep_openings
from tests.firmware_bridge.stopped_dead import stop_dead

WATCHDOG_US = 50_000


def image_by(name):
    """The image as a compiler makes it from the sources, or skip."""
    try:
        return build("rp2040", compiler_for("rp2040", name), "-Werror")
    except BuildError as error:
        if "not installed" in str(error):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="session")
def image():
    """The image that comes with the package."""
    return ready_image("rp2040")


@pytest.fixture
def host(image):
    """A host with a board that has just started."""
    pytest.importorskip("rp2040py", reason="needs rp2040py, the emulated RP2040")
    return BoardHost(EmulatedRp2040(image))


def check_image(image):
    """What the boot ROM and the flash ask for."""
    assert boot_checksum(image[:252]) == int.from_bytes(image[252:256], "little")
    stack, entry = (int.from_bytes(image[at : at + 4], "little") for at in (256, 260))
    assert stack == 0x20042000
    assert entry % 2 == 1
    assert 0x10000108 <= entry < 0x10000200
    assert len(image) < 16_000


def test_the_image_is_one_that_the_boot_rom_starts(image):
    """The checksum of the second boot stage is right (real silicon looks, no emulator does), and it is below 16 kB."""
    check_image(image)


def test_the_boot_checksum_is_the_boot_roms():
    """CRC-32/MPEG-2: its published check value; and what is too long for the boot ROM is refused."""
    assert boot_checksum(b"123456789") == 0x0376E6E7
    with pytest.raises(BuildError, match="longer than 252 bytes"):
        with_boot_checksum(b"\1" * 300)


def test_a_board_nobody_knows_is_named():
    """The error lists those there are."""
    with pytest.raises(BuildError, match=r"expected one of rp2040.*got 'pdp11'"):
        compiler_for("pdp11")


def test_it_starts_and_answers(host):
    """Boot with its reason, identity with what it can hold; its line is within a tenth of a percent of 115,200 baud."""
    assert host.told(Boot)[0].reset is Reset.POWER
    host.set_up()

    assert host.command(Plan(0, host.tick, host.tick + 1, 1)).status is Status.PAST
    assert abs(host.board.chip.uart[0].baud_rate / 115_200 - 1) < 0.001


def test_edges_are_within_two_microseconds(host):
    """Openings of several gates, some at the same microsecond, seen on the pins."""
    host.set_up()
    start = host.tick + 100_000
    plans = [Plan(i % 4, start + i // 2 * 777, start + i // 2 * 777 + 400, i) for i in range(8)]
    assert all(host.command(plan).status is Status.OK for plan in plans)
    host.wait(100_000)

    check_edges(host, plans)


def test_all_sixteen_gates_move_at_once(host):
    """In one write, each edge within two microseconds."""
    host.call(Hello(PROTOCOL, 1, "test"))
    for gate in range(16):
        assert host.command(SetGate(gate, 2 + gate, gate % 2, 10_000, 0, 0)).status is Status.OK
    host.command(Arm(60_000_000, 0))
    host.edges.clear()
    start = host.tick + 250_000
    for gate in range(16):
        assert host.command(Plan(gate, start, start + 1000, gate)).status is Status.OK
    host.wait(100_000)

    assert len(host.edges) == 32
    assert all(0 <= at - start < WITHIN_US for _, _, at in host.edges[:16])
    assert all(0 <= at - start - 1000 < WITHIN_US for _, _, at in host.edges[16:])


def test_a_silent_host_means_rest_in_time(host):
    """The gate falls within the heartbeat time and two milliseconds after the last heartbeat."""
    host.set_up(heartbeat=50_000)
    host.command(Plan(0, host.tick + 10_000, host.tick + 1_900_000, 1))
    host.call(Heartbeat(1))
    spoke = host.board.now_ns / 1000
    host.wait(60_000)

    (_, opened, _), (_, closed, at) = host.edges
    assert (opened, closed) == (True, False)
    assert at - spoke < 52_000
    assert host.told(Latched)


@pytest.mark.parametrize("interrupts_off", [pytest.param(False, marks=pytest.mark.slow), True])
def test_a_hung_program_lets_go_within_the_watchdog_time(host, interrupts_off):
    """Stopped dead, or its main loop alone: the pin falls, the board starts anew and says why, and moves nothing."""
    host.set_up()
    host.command(Plan(0, host.tick + 10_000, host.tick + 1_900_000, 1))
    host.wait(20_000)
    assert host.board.level(GATE_PINS[0]) is True
    stop_dead(host.board, interrupts_off=interrupts_off)
    hung = host.board.now_ns / 1000
    host.wait(WATCHDOG_US + 10_000)

    assert host.board.resets == 1
    assert host.edges[-1][1] is None or host.board.level(GATE_PINS[0]) is None
    fell = next(at for pin, level, at in host.edges if pin == GATE_PINS[0] and level is not True)
    assert fell - hung <= WATCHDOG_US + 1000
    assert host.told(Boot)[-1].reset is Reset.WATCHDOG
    host.board.write(encode(Plan(0, 0, 1, 1), next_number(host.number)))
    assert isinstance(host.wait(6_000)[-1], Nack)


def test_the_emergency_stop_acts_within_ten_microseconds(host):
    """From the input's edge to the gate's: in the input's own interrupt."""
    host.set_up()
    host.command(Halt())
    host.command(SetEstop(10, 0, Pull.UP))
    host.board.drive(10, True)
    host.wait(1000)
    assert host.command(Arm(60_000_000, 1)).status is Status.OK
    host.command(Plan(0, host.tick + 10_000, host.tick + 1_900_000, 1))
    host.wait(20_000)
    pressed = host.board.now_ns / 1000
    host.board.drive(10, False)
    host.wait(20_000)

    assert host.edges[-1][:2] == (GATE_PINS[0], False)
    assert host.edges[-1][2] - pressed < 10
    assert host.told(Latched)[-1].reason.name == "ESTOP"


def test_inputs_are_stamped_to_the_microsecond(host):
    """A photo-eye's edges and an encoder's counts carry the time they had."""
    host.set_up()
    host.command(Halt())
    host.board.drive(12, True)
    for pin in (14, 15):
        host.board.drive(pin, False)
    host.command(SetSensor(0, 12, Pull.UP, 3, 0))
    host.command(SetEncoder(0, 14, 15, Pull.DOWN, 1))
    driven = []
    for pin, level in [(12, False), (14, True), (12, True), (15, True), (14, False)]:
        host.wait(313)
        driven.append(host.board.now_ns / 1000)
        host.board.drive(pin, level)
    host.wait(10_000)

    told = [one.tick for one in host.told(Edge)[1:]] + [one.tick for one in host.told(Count)]
    truth = [driven[0], driven[2], driven[1], driven[3], driven[4]]
    assert all(-1 <= tick - at < WITHIN_US for tick, at in zip(told[:5], truth, strict=True))
    assert [one.count for one in host.told(Count)][:3] == [1, 2, 3]


def test_ping_tells_the_devices_time(host):
    """Half the round trip less what the device kept it is the time on the line: the bound is below 10 us."""
    asked = host.board.now_ns / 1000
    host.board.write(encode(Ping(9)))
    while not host.told(Pong):
        host.wait(20)
    heard = host.board.now_ns / 1000 - 10  # within the last 20 us
    pong = host.told(Pong)[0]

    assert abs((asked + heard) / 2 - (pong.received + pong.sent) / 2) < 12


def run_flood(image, count, ahead=300_000):
    """The flood, over the wrap of the device's counter; the worst edge, in microseconds."""
    pytest.importorskip("rp2040py", reason="needs rp2040py, the emulated RP2040")
    host = BoardHost(EmulatedRp2040(image, start_us=2**32 - 180_000 - ahead))
    return keep_openings(host, count, ahead)


def test_a_flood_delays_no_edge(image):
    """A few openings with the line full of late plans, garbage and pings."""
    assert run_flood(image, 8, ahead=60_000) < WITHIN_US


@pytest.mark.slow
def test_a_thousand_openings_are_kept_in_a_flood(image):
    """1,000 scheduled openings, 2,000 edges, each within two microseconds."""
    assert run_flood(image, 1000) < WITHIN_US


@pytest.mark.slow
@pytest.mark.parametrize("compiler", ["gcc", "zig"])
def test_either_compiler_makes_a_board_that_is_punctual(compiler):
    """The image fits its flash and the boot ROM, and 100 openings are kept in a flood."""
    image = image_by(compiler)
    check_image(image)

    assert run_flood(image, 100) < WITHIN_US


@pytest.mark.slow
def test_both_compilers_make_the_same_device():
    """GCC's image and zig's answer the same script with the same messages and the same edges."""
    hosts = []
    for name in ("gcc", "zig"):
        pytest.importorskip("rp2040py", reason="needs rp2040py, the emulated RP2040")
        host = BoardHost(EmulatedRp2040(image_by(name)))
        host.set_up()
        for i in range(10):
            host.command(Plan(i % 4, 200_000 + i * 3000, 202_000 + i * 3000, i))
        host.command(AskStats())
        host.wait(100_000)
        hosts.append(host)
    told = [
        [frame.message for frame in host.heard if not isinstance(frame.message, (Boot, Stats, DeviceStatus))]
        for host in hosts
    ]

    assert len(told[0]) > 20
    assert [type(one) for one in told[0]] == [type(one) for one in told[1]]
    assert [(one.gate, one.tick) for one in told[0] if isinstance(one, Opened)] == [
        (one.gate, one.tick) for one in told[1] if isinstance(one, Opened)
    ]
    assert [edge[:2] for edge in hosts[0].edges] == [edge[:2] for edge in hosts[1].edges]
    assert hosts[0].told(Boot)[0].protocol == PROTOCOL
