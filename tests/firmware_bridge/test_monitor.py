"""`edge-sort mcu monitor` on the firmware's own core, compiled here."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from edge.errors import GateError
from firmware_bridge import board_info, open_board
from firmware_bridge.host_board import HostBoard
from firmware_bridge.mcu_command import mcu_command


def test_ctrl_c_is_the_normal_end_of_monitor(core, monkeypatch):
    """Quiet, with exit code 0, and the port is let go."""
    plugged = []

    def plug(clock):
        plugged.append(HostBoard(clock, program=core))
        return plugged[-1]

    def pressed(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setitem(open_board.EMULATED, "emulated", plug)
    monkeypatch.setattr(board_info, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pressed))
    done = CliRunner().invoke(mcu_command, ["monitor", "--port", "emulated"])

    assert done.exit_code == 0
    assert done.stderr == "compiling the firmware's core for this computer\n"
    assert [line.split()[1] for line in done.stdout.splitlines()][:1] == ["Identity:"]
    assert "Aborted" not in done.output
    assert plugged[0]._child.poll() is not None


def test_ctrl_c_once_more_while_the_port_is_let_go_ends_monitor_as_quietly(core, monkeypatch):
    """A socket takes a while to be closed; a terminal and its shell may both send the signal."""
    board = None

    def plug(clock):
        nonlocal board
        board = HostBoard(clock, program=core)
        let_go = board.close

        def interrupted():
            let_go()
            raise KeyboardInterrupt

        monkeypatch.setattr(board, "close", interrupted)
        return board

    def pressed(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setitem(open_board.EMULATED, "emulated", plug)
    monkeypatch.setattr(board_info, "time", SimpleNamespace(monotonic=time.monotonic, sleep=pressed))
    done = CliRunner().invoke(mcu_command, ["monitor", "--port", "emulated"])

    assert (done.exit_code, "Aborted" in done.output) == (0, False)


def test_a_board_that_falls_silent_ends_monitor_with_an_error(core, monkeypatch):
    """Power gone behind an adapter whose port stays: nothing comes, and that is not a board with nothing to tell."""
    board = None

    def plug(clock):
        nonlocal board
        board = HostBoard(clock, program=core)
        return board

    def fall_silent(_at, _greeting):
        read = board.read
        monkeypatch.setattr(board, "read", lambda wait_s: read(wait_s) and b"")
        return "greeted"

    monkeypatch.setitem(open_board.EMULATED, "emulated", plug)
    monkeypatch.setattr(board_info, "ASK_EVERY_S", 0.05)
    monkeypatch.setattr(board_info, "_line", fall_silent)
    done = CliRunner().invoke(mcu_command, ["monitor", "--port", "emulated", "--seconds", "30"])

    assert isinstance(done.exception, GateError)
    assert "mcu.port: the board has not answered AskStats in 10 tries" in str(done.exception)


@pytest.mark.parametrize(
    ("pins", "says"),
    [
        ((31, 32), "expected the board to accept an input on pin 32, found BAD_VALUE: it has no such pin"),
        ((2, 3, 4, 5), "--sensor: expected at most the 3 inputs that pretend can watch, found 4; leave some out"),
    ],
)
def test_an_input_that_cannot_be_watched_is_told_with_its_reason(core, monkeypatch, pins, says):
    """A pin that is not there, and more inputs than the board has room for."""
    monkeypatch.setitem(open_board.EMULATED, "emulated", lambda clock: HostBoard(clock, program=core))
    watched = [word for pin in pins for word in ("--sensor", str(pin))]
    done = CliRunner().invoke(mcu_command, ["monitor", "--port", "emulated", "--seconds", "5", *watched])

    assert isinstance(done.exception, GateError | SystemExit)
    assert says in f"{done.exception} {done.output}"
