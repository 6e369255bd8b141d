"""`edge-sort gate test` moves one gate, within its limits, when nobody else drives the machine."""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
from click.testing import CliRunner

from edge.cli import cli
from edge.errors import GateError
from edge.gates import GateMove
from edge.machine_command import machine_text
from edge.machine_lock import gates_of


@pytest.fixture
def machine_file(tmp_path):
    text = machine_text(("nut", "coin")).replace('"lgpio"', '"mock"')
    path = tmp_path / "machine.toml"
    path.write_text(text)
    return path


def gate_test(*arguments, **options):
    return CliRunner().invoke(cli, ["gate", "test", *map(str, arguments)], **options)


def test_a_gate_is_moved_after_it_was_said_what_will_happen(machine_file):
    """Pin, resting level, times and length come first; then each move with how late it was."""
    done = gate_test("nut", "--machine", machine_file, "--open-ms", 20, "--times", 2, "--pause-ms", 60, "--yes")
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == ("gate 'nut': pin 17 (BCM), low at rest; goes away from rest for 20 ms, 2 times, 60 ms apart")
    assert [line.split(",")[0] for line in lines[2:-1]] == ["opened", "closed", "opened", "closed"]
    assert all(re.fullmatch(r"\w+, \d+\.\d\d ms after its moment", line) for line in lines[2:-1])
    assert lines[-1] == "gate 'nut' is at rest"


def test_nothing_moves_without_a_yes(machine_file, monkeypatch):
    """The question comes before the pins are taken."""
    monkeypatch.setattr("edge.gate_test.GateProcess", lambda *_: pytest.fail("pins were opened"))
    done = gate_test("nut", "--machine", machine_file, input="n\n")
    assert done.exit_code == 1
    assert "Is everybody clear of it?" in done.output
    nobody = gate_test("nut", "--machine", machine_file, input="")
    assert nobody.exit_code == 2
    assert "found the end of the input; give --yes where you know" in nobody.output


def test_no_gate_moves_while_the_e_stop_is_open(machine_file):
    """Here its wire has come off: nothing is connected to the pin."""
    machine_file.write_text(machine_file.read_text() + "\n[inputs.estop]\npin = 2\n")
    done = gate_test("nut", "--machine", machine_file, "--open-ms", 20, "--yes")
    assert done.exit_code == 1
    assert "expected the circuit of the e-stop to be closed, found it open; release it" in done.output
    assert "opened" not in done.output


@pytest.fixture
def board_file(machine_file):
    """The machine, with its first gate on a board."""
    text = machine_file.read_text().replace('kind = "output" ', 'kind = "mcu" ', 1).replace("pin = 17", "pin = 2", 1)
    machine_file.write_text(text + '\n[mcu]\nport = "emulated"\n')
    return machine_file


def test_a_gate_on_a_board_is_said_to_be_there(board_file):
    """Its pin is the board's, and what pins of this computer are pretended says nothing of it."""
    lines = gate_test("nut", "--machine", board_file, input="n\n").output.splitlines()
    assert lines[0].startswith("gate 'nut': pin 2 (of the board on emulated), low at rest; goes away")
    assert lines[1].startswith("Is everybody clear of it?")


def test_no_gate_on_a_board_moves_while_the_e_stop_is_open(board_file, monkeypatch):
    """The e-stop's wire is on this computer, and holds for all gates."""
    monkeypatch.setattr("edge.gate_test.open_board", lambda *_: pytest.fail("the board was armed"))
    board_file.write_text(board_file.read_text() + "\n[inputs.estop]\npin = 2\n")
    done = gate_test("nut", "--machine", board_file, "--open-ms", 20, "--yes")
    assert done.exit_code == 1
    assert "expected the circuit of the e-stop to be closed, found it open; release it" in done.output
    assert "opened" not in done.output


def test_a_move_that_was_missed_is_a_failure(machine_file, monkeypatch):
    """The gate did not move, so nothing was shown of it."""

    class Busy:
        stopped = None

        def move_at(self, gate, window, part, *, hold):
            self.moves = [GateMove(gate, "missed", window.opens_at, window.opens_at, part)]

        def poll(self):
            moves, self.moves = self.moves, []
            return moves

        def rest(self):
            pass

        def close(self):
            pass

    monkeypatch.setattr("edge.gate_test._opened", lambda *_: Busy())
    done = gate_test("nut", "--machine", machine_file, "--open-ms", 20, "--yes")
    assert done.exit_code == 1
    assert "missed: it could not be made in time" in done.output
    assert "gate 'nut': expected every move to be made, found 1 missed" in done.output


def test_pins_that_cannot_be_used_do_not_keep_a_board_s_gates_from_resting(board_file, monkeypatch):
    """Both are tried, and what failed is said at the end."""

    def broken(_name):
        raise GateError("no pins here")

    monkeypatch.setattr("edge.pins.open_pin_factory", broken)
    monkeypatch.setattr("edge.boards.rest_board", lambda _machine, _clock, tell: tell("the board's gates rest"))
    done = CliRunner().invoke(cli, ["gate", "rest", "--machine", str(board_file)])
    assert done.exit_code == 1
    assert "the board's gates rest" in done.output
    assert "no pins here" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nut", "--open-ms", "3000"], "it would stay open longer than 2000 ms"),
        (["nut", "--times", "2", "--open-ms", "20", "--pause-ms", "10"], "it rests 50 ms between openings"),
        (["nut", "--times", "100", "--open-ms", "1900", "--pause-ms", "60"], "more than 80% of a minute"),
        (["screw"], "expected the name of a gate of the machine file (nut, coin), found 'screw'"),
    ],
)
def test_a_test_beyond_the_limits_is_refused(machine_file, arguments, message):
    """One sentence, exit code 1."""
    done = gate_test(*arguments, "--machine", machine_file, "--yes")
    assert done.exit_code == 1
    assert message in done.output
    assert "opened" not in done.output
    assert "goes away from rest" not in done.output


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 1), (signal.SIGTERM, 143)])
def test_a_test_that_a_signal_ends_says_that_the_gate_is_at_rest(machine_file, monkeypatch, number, code):
    """It has been brought there, though more signals came meanwhile."""
    done = []

    class Away:
        stopped = None

        def move_at(self, gate, window, part, *, hold):
            os.kill(os.getpid(), number)

        def rest(self):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
            done.append("rest")

        def close(self):
            done.append("close")

    monkeypatch.setattr("edge.gate_test._opened", lambda *_: Away())
    ended = gate_test("nut", "--machine", machine_file, "--yes")
    assert (done, ended.exit_code) == (["rest", "close"], code)
    assert "gate 'nut' is at rest\n" in ended.stdout


def test_nothing_is_said_to_rest_that_could_not_be_brought_there(machine_file, monkeypatch):
    """The error says what may be energised."""

    class Gone:
        stopped = None

        def move_at(self, gate, window, part, *, hold):
            raise KeyboardInterrupt

        def rest(self):
            raise GateError("may be energised: 'nut'")

        def close(self):
            pass

    monkeypatch.setattr("edge.gate_test._opened", lambda *_: Gone())
    ended = gate_test("nut", "--machine", machine_file, "--yes")
    assert ended.exit_code == 1
    assert "Error: may be energised: 'nut'" in ended.stderr
    assert "is at rest" not in ended.output


def test_no_gate_is_moved_by_hand_while_the_line_runs(machine_file):
    """And neither is a line started while a gate is under test."""
    with gates_of(machine_file):
        done = gate_test("nut", "--machine", machine_file, "--yes")
        line = CliRunner().invoke(cli, ["run", "--bundle", "b", "--machine", str(machine_file)])
    for one in (done, line):
        assert one.exit_code == 1
        assert "found another program at it" in one.output
    assert json.dumps(str(machine_file))[1:-1] in done.output
