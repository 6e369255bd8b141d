"""A second opinion on the RP2040's image: rp2040js has the clock tree that rp2040py takes for granted."""

from __future__ import annotations

import pytest

from firmware_bridge.codec import Decoder, encode
from firmware_bridge.codes import PROTOCOL, State, Status
from firmware_bridge.firmware_build import BuildError, build, compiler_for
from firmware_bridge.messages import Ack, Arm, Boot, Closed, Hello, Identity, Opened, Plan, SetGate
from firmware_bridge.ready_image import IMAGES
from tests.firmware_bridge.rp2040js import run_script

pytestmark = pytest.mark.slow


def boot(image, *, ms=20, says=b""):
    """Run an image file on rp2040js; what its script has printed."""
    return run_script("second_rp2040.mjs", image, ms, says.hex())


def test_the_clocks_are_those_that_the_firmware_counts_with():
    """Crystal of 12 MHz, PLL of 125 MHz for processor and serial line, 115,200 baud to a tenth of a percent, 8 bits."""
    told = boot(IMAGES / "rp2040.bin")

    assert (told["reference"], told["pll"], told["system"], told["peripherals"]) == (12e6, 125e6, 125e6, 125e6)
    assert abs(told["baud"] / 115_200 - 1) < 0.001
    assert told["wordLength"] == 8
    (first, *_) = Decoder().feed(bytes.fromhex(told["sent"]))
    assert isinstance(first.message, Boot)


def test_another_baud_rate_is_seen(tmp_path):
    """So the figure is read from the divisor that the firmware has written."""
    try:
        image = build("rp2040", compiler_for("rp2040"), "-DES_BAUD=57600")
    except BuildError as error:
        pytest.skip(str(error))
    path = tmp_path / "image.bin"
    path.write_bytes(image)

    assert abs(boot(path)["baud"] / 57_600 - 1) < 0.001


def test_it_answers_and_moves_a_gate_there_too():
    """Hello, a gate, arm, an opening: the same exchange, the pin within the microseconds of its ticks."""
    commands = [SetGate(0, 2, 0, 200_000, 0, 5_000), Arm(60_000_000, 0), Plan(0, 80_000, 90_000, 7)]
    says = encode(Hello(PROTOCOL, 7, "test")) + b"".join(encode(one, 1 + i) for i, one in enumerate(commands))
    told = boot(IMAGES / "rp2040.bin", ms=120, says=says)
    heard = [frame.message for frame in Decoder().feed(bytes.fromhex(told["sent"]))]

    assert [one.status for one in heard if isinstance(one, Identity)] == [Status.OK]
    assert [(one.number, one.status) for one in heard if isinstance(one, Ack)] == [(n, Status.OK) for n in (1, 2, 3)]
    assert [one.state for one in heard if isinstance(one, Ack)][-1] is State.ARMED
    assert {7} == {one.part for one in heard if isinstance(one, Opened)}
    assert {7} == {one.part for one in heard if isinstance(one, Closed)}
    (opened, closed) = [at for level, at in told["levels"] if at > 70_000]
    assert 0 <= opened - 80_000 < 2
    assert 0 <= closed - 90_000 < 2
