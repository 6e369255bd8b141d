"""What a pin does when everything that could bring it to rest is killed, as docs/emulated_pi.md has it."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.emulated_pi.machine import EmulatedPi
from tests.emulated_pi.pin_log import wait_for_level

pytestmark = pytest.mark.emulated_pi

LONG_S = 240.0
COMMAND = ("edge-sort", "gate", "test", "long", "--machine", "/root/line.toml", "--open-ms", "60000", "--yes")
PIN = 27


def kill_everything(pi):
    """Open a gate, then end its sorter and its gate process in one breath."""
    pi.start(*COMMAND)
    assert wait_for_level(pi.monitor, PIN, True, LONG_S), pi.read("/tmp/out")
    pi.kill(*(pid for word in ("edge-sort", "multiprocessing") for pid in pi.processes(word)))


def test_a_kernel_that_lets_pins_go_leaves_it_to_the_pull_down(pi):
    """Debian's way: the line becomes an input, which nothing drives."""
    kill_everything(pi)
    assert wait_for_level(pi.monitor, PIN, False, LONG_S) or not pi.monitor.is_output(PIN)
    assert not pi.monitor.is_output(PIN)


def test_a_kernel_that_keeps_pins_leaves_the_gate_away_until_it_is_told_to_rest(image):
    """Raspberry Pi's way: it stays high, the doctor says so, and `gate rest`, as the service calls it, mends it."""
    with closing(EmulatedPi(image, kernel_options="pinctrl_bcm2835.persist_gpio_outputs=1")) as pi:
        kill_everything(pi)
        assert pi.monitor.is_output(PIN)
        assert pi.monitor.level(PIN)
        done = pi.run("edge-sort", "gate", "rest", "--machine", "/root/line.toml", timeout_s=LONG_S)
        assert done.code == 0, done.err
        assert not pi.monitor.level(PIN)
