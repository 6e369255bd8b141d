"""What a pin does when everything that could bring it to rest is killed, as docs/emulated_pi.md has it."""

from __future__ import annotations

from contextlib import closing

import pytest

from tests.emulated_pi.line_inside import FALLS_WITHIN_S, LONG_S, PINS, RUN, at_rest, rows
from tests.emulated_pi.machine import EmulatedPi
from tests.emulated_pi.pin_log import wait_for_level, wait_until_released

pytestmark = pytest.mark.emulated_pi

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
    assert wait_until_released(pi.monitor, PIN, LONG_S)


@pytest.fixture(scope="module")
def keeping(image):
    """A Pi whose kernel keeps pins as Raspberry Pi's own does."""
    with closing(EmulatedPi(image, kernel_options="pinctrl_bcm2835.persist_gpio_outputs=1")) as booted:
        yield booted


def test_a_kernel_that_keeps_pins_leaves_the_gate_away_until_it_is_told_to_rest(keeping):
    """Raspberry Pi's way: it stays high, the doctor says so, and `gate rest`, as the service calls it, mends it."""
    kill_everything(keeping)
    assert keeping.monitor.is_output(PIN)
    assert keeping.monitor.level(PIN)
    done = keeping.run("edge-sort", "gate", "rest", "--machine", "/root/line.toml", timeout_s=LONG_S)
    assert done.code == 0, done.err
    assert not keeping.monitor.level(PIN)


def test_a_sorter_brings_to_rest_what_its_killed_gate_process_left_away(keeping):
    """The kernel would keep it away. The sorter drives every pin to rest itself, ends, and says which gates rest."""
    sorter = keeping.start(*RUN, "/root/line.toml", "--journal", "/tmp/alone.sqlite")
    assert wait_for_level(keeping.monitor, PINS["round"], True, LONG_S), keeping.read("/tmp/out")
    (gates,) = keeping.processes("spawn_main")
    keeping.kill(gates)
    assert wait_for_level(keeping.monitor, PINS["round"], False, FALLS_WITHIN_S)
    assert keeping.wait(sorter, LONG_S) == 1
    assert at_rest(keeping)
    told = keeping.read("/tmp/out")
    assert "brought to rest in its place: 'round', 'long', 'machined'; start again" in told
    assert "Traceback" not in told
    assert len(rows(keeping, "/tmp/alone.sqlite")) == 1
