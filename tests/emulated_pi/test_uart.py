"""The emulated Pi with an emulated Pico at its serial line: both run what real ones would."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.emulated_pi.machine import EmulatedPi
from tests.emulated_pi.pico import Pico

pytestmark = pytest.mark.emulated_pi

PORT = "/dev/ttyAMA0"
LONG_S = 240.0
MOST_LOAD = 2.0  # for each core, before the emulation begins


@pytest.fixture(scope="module")
def wired(image):
    """An emulated Pico, and an emulated Pi that has booted with it at its serial line."""
    pytest.importorskip("rp2040py", reason="needs rp2040py, the emulated RP2040")
    if os.getloadavg()[0] > MOST_LOAD * (os.cpu_count() or 1):
        pytest.skip("needs a computer with less to do: a board waits a second for its host, and that is a real one")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "uart"
        with closing(Pico(path)) as pico, closing(EmulatedPi(image, serial=f"unix:{path}")) as pi:
            yield pi, pico


def test_the_pi_knows_the_board_on_its_serial_line(wired):
    """Greeting, statistics and a clock that is known within what it says."""
    pi, _ = wired
    done = pi.run("edge-sort", "mcu", "info", "--port", PORT, "--json", timeout_s=LONG_S)
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said["identity"]["board"] == "rp2040"
    assert said["bad_frames"] == said["stats"]["bad"] == 0


def test_the_pi_moves_a_pin_of_the_board(wired):
    """What it says of the moves is what is seen at the board's pin; one that came too late is not made at all.

    An emulated Pi on a busy computer may be silent for longer than a board waits. Then it has to say so, and the pin
    is at rest.
    """
    pi, pico = wired
    seen = len(pico.changes)
    command = ("edge-sort", "mcu", "test", "--port", PORT, "--pin", "7", "--times", "2", "--yes")
    done = pi.run(*command, "--open-ms", "500", "--pause-ms", "3000", timeout_s=LONG_S)
    words = [line.split()[0].removesuffix(":") for line in done.out.splitlines() if line.strip()]
    made = [word == "opened" for word in words if word in ("opened", "closed")]
    levels = [level for pin, level in pico.changes[seen:] if pin == 7]
    if done.code == 0 or "of 4 missed" in done.err:
        assert levels == [False, *made]
        assert "opened" in words
        assert (len(made) == 4) == (done.code == 0)
    else:
        assert "has brought its gates to rest" in done.err
        assert levels[: len(made) + 1] == [False, *made]
        assert levels[-1] is False
