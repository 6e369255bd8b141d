"""`edge-sort mcu test`: what a board did of what it was asked, and what the command makes of it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from edge.cli import cli
from edge.gate_limits import MoveRefused
from edge.gates import GateMove
from edge.parts import Reason
from firmware_bridge import board_test

COMMAND = [
    "mcu",
    "test",
    "--port",
    "nowhere",
    "--pin",
    "7",
    "--times",
    "2",
    "--open-ms",
    "1",
    "--pause-ms",
    "1",
    "--yes",
]


class Gates:
    """Moves at once what it is asked to; what is named late or refused is missed."""

    stopped = None

    def __init__(self, late, refused):
        self._late, self._refused, self._moves = late, refused, []

    def move_at(self, gate, window, part, *, hold):
        assert not hold
        if part in self._refused:
            raise MoveRefused(Reason.LATE, "its moment has passed")
        if part in self._late:
            self._moves.append(GateMove(gate, "missed", window.opens_at, window.opens_at, part))
            return
        self._moves.append(GateMove(gate, "opened", window.opens_at, window.opens_at, part))
        self._moves.append(GateMove(gate, "closed", window.closes_at, window.closes_at, part))

    def poll(self):
        moves, self._moves = self._moves, []
        return moves

    def clock_error_s(self, _at):
        return 0.0

    def close(self):
        """Nothing is held."""


@pytest.fixture
def tested(monkeypatch):
    """The command on a board that misses or refuses these openings."""

    def run(late=(), refused=()):
        monkeypatch.setattr(board_test, "LEAD_S", 0.0)
        monkeypatch.setattr(board_test, "open_board", lambda *_: SimpleNamespace(close=lambda: None))
        monkeypatch.setattr(board_test, "McuGates", lambda *_: Gates(late, refused))
        return CliRunner().invoke(cli, COMMAND)

    return run


def test_a_board_that_makes_every_move_ends_with_0(tested):
    """And says so."""
    done = tested()
    assert done.exit_code == 0
    assert "4 of 4 moves made" in done.stdout


@pytest.mark.parametrize("which", ["late", "refused"])
def test_a_missed_opening_ends_with_1(tested, which):
    """As `gate test` does: what went wrong is said after what was made, whoever would not make it."""
    done = tested(**{which: (2,)})
    assert done.exit_code == 1
    assert "missed: " in done.stdout
    assert "2 of 4 moves made" in done.stdout
    assert "found 2 of 4 missed" in done.stderr
