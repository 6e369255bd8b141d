"""A board of the host's, its gates, and the clock of both."""

from __future__ import annotations

from edge.clocks import ManualClock
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits
from edge.gates import GateSpec
from firmware_bridge.board import Board
from firmware_bridge.host_board import HostBoard
from firmware_bridge.link import Link
from firmware_bridge.mcu_gates import McuGates
from firmware_bridge.pumping import pumped_by_clock

LIMITS = GateLimits(min_off_ms=20, max_on_ms=500, max_duty=0.9, late_ms=20)
SPECS = (GateSpec("nut", PinSpec(2), LIMITS), GateSpec("coin", PinSpec(3, active_high=False), LIMITS))


class Rig:
    """A board, its gates, and the clock of both."""

    def __init__(self, program, **board):
        self.clock = ManualClock(100.0)
        self.program, self.facts, self.boards = program, board, []
        self.gates = McuGates(SPECS, Board(self.open_link), self.clock)

    def open_link(self, _within_s=None):
        """Plug a board in and greet it."""
        self.boards.append(HostBoard(self.clock, program=self.program, **self.facts))
        link = Link(self.boards[-1], self.clock, draw=lambda: 1000 + len(self.boards))
        link.open()
        pumped_by_clock(link, self.clock)
        return link

    @property
    def board(self):
        """The one that is plugged in."""
        return self.boards[-1]

    def until(self, when):
        """Let time pass frame by frame and collect the moves."""
        moves = []
        while self.clock.now() < when:
            self.clock.sleep_until(min(when, self.clock.now() + 0.05))
            moves += self.gates.poll()
        return moves

    def levels(self, pin):
        """What the board did with a pin since it was set up: (moment, level)."""
        return [(one.at, one.level) for one in self.board.pins if one.pin == pin][1:]

    def end(self):
        """Let every board go."""
        self.gates.close()
        for board in self.boards:
            board.close()
