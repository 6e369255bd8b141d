"""A link that a thread keeps going, seen by those that wait for it."""

from __future__ import annotations

import threading
import time

from edge.clocks import MonotonicClock
from firmware_bridge.host_board import HostBoard
from firmware_bridge.link import Link
from firmware_bridge.messages import AskStats
from firmware_bridge.pumping import pumped_by_thread

LONG_S = 10.0


class HeldPort:
    """A board's port, at which whoever reads can be kept."""

    if_silent = "let go"

    def __init__(self, board):
        self._board = board
        self.held, self.reached, self.let_go = False, threading.Event(), threading.Event()

    def read(self, wait_s):
        """What has come; nothing while it is held."""
        if self.held:
            self.reached.set()
            self.let_go.wait(LONG_S)
            return b""
        return self._board.read(wait_s)

    def write(self, data):
        """Send."""
        self._board.write(data)

    def close(self):
        """Let the board go."""
        self._board.close()


def test_who_waits_for_an_answer_waits_no_longer_than_it_said(core):
    """Also while the thread that keeps the link going is at the port: its turn is not waited for."""
    clock = MonotonicClock()
    port = HeldPort(HostBoard(clock, program=core))
    link = Link(port, clock)
    try:
        link.open()
        pumped_by_thread(link)
        port.held = True
        assert port.reached.wait(LONG_S)
        link.send(AskStats())
        began = time.monotonic()
        assert not link.settle(0.05)
        assert time.monotonic() - began < LONG_S / 2
        port.held = False
        port.let_go.set()
        assert link.settle(LONG_S)
    finally:
        link.close()
