"""A second opinion on the RP2040's USB: rp2040js has clocks for it, and a controller and a host of its own."""

from __future__ import annotations

import json
import random

import pytest

from firmware_bridge.codec import Decoder, encode
from firmware_bridge.codes import PROTOCOL, Latch, Pull, State, Status
from firmware_bridge.messages import (
    Ack,
    Arm,
    EventAck,
    Heartbeat,
    Hello,
    Identity,
    Latched,
    Ping,
    Plan,
    Pong,
    SetEstop,
    SetGate,
)
from firmware_bridge.ready_image import IMAGES
from tests.firmware_bridge.rp2040js import run_script

pytestmark = pytest.mark.slow
IMAGE = IMAGES / "rp2040.bin"
HELLO = encode(Hello(PROTOCOL, 7, "test"))
PIN, ESTOP = 2, 10
WITHIN_US = 2.0


class Script:
    """What a host does and when, in microseconds."""

    def __init__(self):
        self._lines, self._number = [], 0

    def say(self, us, data):
        """Bytes."""
        self._lines.append([us, "say", data.hex()])

    def command(self, us, *messages):
        """Commands, numbered on."""
        first, self._number = self._number + 1, self._number + len(messages)
        self.say(us, b"".join(encode(message, first + i) for i, message in enumerate(messages)))

    def do(self, us, *words):
        """Something else."""
        self._lines.append([us, *words])

    def run(self, ms):
        """What the other side has said and done, and its messages."""
        told = run_script("second_usb.mjs", IMAGE, ms, json.dumps(self._lines))
        frames = [(at, one) for at, data in told["packets"] for one in self._decoded(bytes.fromhex(data))]
        return told, [(at, frame.message) for at, frame in frames]

    def _decoded(self, data):
        self._decoder = getattr(self, "_decoder", Decoder())
        return self._decoder.feed(data)


def test_it_is_enumerated_at_48_mhz_and_answers():
    """The PLL of 48 MHz is the clock of USB, undivided; an address, both endpoints; greeting and time are told."""
    script = Script()
    script.say(20_000, HELLO)
    script.say(30_000, encode(Ping(5)))
    told, heard = script.run(40)

    assert (told["pll"], told["control"], told["divisor"]) == (48e6, 0x800, 0x100)
    assert (told["address"], told["endpoints"]) == (1, [2, 2])
    (identity, (at, pong)) = heard
    assert (identity[1].session, identity[1].status) == (7, Status.OK)
    assert isinstance(pong, Pong)
    assert 30_000 < pong.received <= pong.sent < at


def test_openings_are_kept_in_a_flood_of_frames():
    """20 openings while garbage, late plans and pings come faster than a UART carries: each edge within 2 us."""
    script, rng = Script(), random.Random(1)
    script.say(20_000, HELLO)
    script.command(21_000, SetGate(0, PIN, 0, 200_000, 0, 5_000), Arm(100_000, 0))
    plans = [Plan(0, 60_000 + 4_000 * i, 61_000 + 4_000 * i + rng.randrange(2_000), i) for i in range(20)]
    for i, plan in enumerate(plans):
        at = 22_000 + 4_000 * i
        script.command(at, plan, Plan(0, 1, 2, 1_000 + i))
        script.say(at + 50, encode(Heartbeat(7)) + encode(EventAck(max(1, 2 * (i - 11)))))
        for j in range(10):
            noise = b"\0" + rng.randbytes(rng.randrange(1, 30)).replace(b"\0", b"\1") + b"\0"
            script.say(at + 100 + 200 * j, noise + encode(Ping(i * 10 + j)))
    script.say(120_000, encode(Heartbeat(7)))
    told, heard = script.run(145)
    statuses = [one.status for _, one in heard if isinstance(one, Ack)]

    assert statuses.count(Status.OK) == 22
    assert statuses.count(Status.PAST) == 20
    seen = [(state, at) for _, state, at in told["levels"] if at > 50_000]
    due = [edge for plan in plans for edge in ((1, plan.opens), (0, plan.closes))]
    assert [state for state, _ in seen] == [state for state, _ in due]
    assert all(0 <= at - tick < WITHIN_US for (_, at), (_, tick) in zip(seen, due, strict=True))


def test_the_emergency_stop_and_a_reset_of_the_bus_are_survived():
    """The gate falls and USB tells why; plugged in again it is enumerated again, at rest until it is armed."""
    script = Script()
    script.do(1_000, "drive", ESTOP, True)
    script.say(20_000, HELLO)
    script.command(
        21_000,
        SetGate(0, PIN, 0, 500_000, 0, 5_000),
        SetEstop(ESTOP, 0, Pull.UP),
        Arm(60_000_000, 0),
        Plan(0, 30_000, 400_000, 1),
    )
    script.do(40_000, "drive", ESTOP, False)
    script.do(50_000, "plug in again")
    script.say(70_000, encode(Hello(PROTOCOL, 8, "again")))
    told, heard = script.run(90)

    (opened, closed) = [at for _, state, at in told["levels"] if at > 29_000]
    assert opened - 30_000 < WITHIN_US
    assert closed - 40_000 < 10
    assert [one.reason for at, one in heard if isinstance(one, Latched) and at < 45_000] == [Latch.ESTOP]
    assert len(told["connectedAt"]) == 2
    again = heard[-1][1]
    assert (type(again), again.session, again.state, again.latch) == (Identity, 8, State.GREETED, 1)
