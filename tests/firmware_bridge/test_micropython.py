"""The twin of the gate controller in MicroPython, run by MicroPython itself: it says what the firmware says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edge.gate_limits import MoveRefused, Window
from edge.parts import Reason
from firmware_bridge.codes import PROTOCOL, State
from firmware_bridge.micropython_table import PATH, table
from tests.firmware_bridge.mcu_rig import Rig

ROOT = Path(__file__).parents[2]
MICROPYTHON = ROOT / ".tools/node_modules/@micropython/micropython-webassembly-pyscript/micropython.mjs"
PASS_S = 0.0003  # between two passes of its main loop here


def test_the_table_is_the_one_of_messages():
    """Written anew by its own command, nothing changes."""
    assert PATH.read_text() == table()


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """A program that is a board: MicroPython with the twin's files."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node; sh scripts/test-tools.sh installs it")
    if not MICROPYTHON.is_file():
        pytest.skip("needs MicroPython for node; sh scripts/test-tools.sh installs it into .tools")
    path = tmp_path_factory.mktemp("twin") / "board"
    script = Path(__file__).with_name("micropython_board.mjs")
    path.write_text(f"#!/bin/sh\nexec '{node}' '{script}' '{MICROPYTHON}' '{PATH.parent}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def rig(program):
    """The host's own gates on it, its counter about to wrap."""
    one = Rig(program, first_tick=2**32 - 500_000)
    yield one
    one.end()


@pytest.mark.slow
def test_the_hosts_gates_work_with_it(rig):
    """Greeted, set and armed as any board; what is planned is on the pins, within a pass of its main loop."""
    identity = rig.gates._board.identity
    assert (identity.protocol, identity.board, identity.state) == (PROTOCOL, "mpython", State.GREETED)
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.2, now + 0.3), 1, hold=True)
    rig.gates.move_at("coin", Window(now + 0.25, now + 0.4), 2, hold=True)
    moves = rig.until(now + 0.6)

    assert [(move.gate, move.kind, move.part) for move in moves] == [
        ("nut", "opened", 1),
        ("coin", "opened", 2),
        ("nut", "closed", 1),
        ("coin", "closed", 2),
    ]
    for pin, due in ((2, (0.2, 0.3)), (3, (0.25, 0.4))):
        assert [level for _at, level in rig.levels(pin)] == ([1, 0] if pin == 2 else [0, 1])
        stated_s = rig.gates.clock_error_s(now + 0.4)
        assert all(abs(at - now - one) < PASS_S + stated_s for (at, _), one in zip(rig.levels(pin), due, strict=True))


@pytest.mark.slow
def test_it_refuses_and_rests_as_the_firmware_does(rig):
    """Late openings are missed, a moved belt moves them, and a sorter that hangs lets every gate fall."""
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.001, now + 0.1), 1, hold=True)
    assert [(move.kind, move.part) for move in rig.until(now + 0.2)] == [("missed", 1)]
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.2, now + 0.3), 2, hold=False)
    assert rig.gates.replan("nut", {2: Window(now + 0.3, now + 0.5)}) == {}
    rig.until(now + 0.7)
    assert [round(at - now, 2) for at, _level in rig.levels(2)] == [0.3, 0.5]
    now = rig.clock.now()
    rig.gates.move_at("nut", Window(now + 0.9, now + 1.3), 3, hold=True)
    rig.clock.sleep_until(now + 1.6)
    assert rig.levels(2)[-1][1] == 0
    assert rig.levels(2)[-1][0] < now + 1.05
    rig.gates.poll()
    with pytest.raises(MoveRefused) as refused:
        rig.gates.move_at("nut", Window(now + 2.0, now + 2.1), 4, hold=True)
    assert refused.value.reason is Reason.NOT_ARMED
    assert rig.gates.rearm()
