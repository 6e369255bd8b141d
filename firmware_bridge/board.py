"""One board and what hangs on it: gates, sensors and encoders share its link, its clock and its settings."""

from __future__ import annotations

import threading
from collections.abc import Callable

from edge.errors import GateError
from firmware_bridge.codes import Status
from firmware_bridge.link import GREET_WITHIN_S, Link
from firmware_bridge.messages import Identity
from firmware_bridge.session import Done
from firmware_bridge.wire import Command, Event

GREET_AGAIN_WITHIN_S = 2.0  # less than the heartbeat of gates that are not on the board
REPLY_WITHIN_S = 1.0

OpenLink = Callable[[float], Link]
"""Opens a link within so many seconds. Raises GateError."""


class Board:
    """A board that is greeted. What is set is set again after it was lost. Any thread may call."""

    def __init__(self, open_link: OpenLink) -> None:
        """open_link: gives a link that is open, and again after it was lost. Raises GateError."""
        self._open_link = open_link
        self._settings: list[tuple[Command, str]] = []
        self._hearers: list[Callable[[Event | Done], None]] = []
        self.lock = threading.RLock()
        self.link = open_link(GREET_WITHIN_S)
        self.greetings = 1  # so far; what a board counts begins anew with each

    @property
    def identity(self) -> Identity:
        """Who answered."""
        return self.link.identity

    @property
    def events_lost(self) -> int:
        """Events the board had no room for, as of the last heartbeat."""
        return self.link.status.lost if self.link.status is not None else 0

    def hear(self, hearer: Callable[[Event | Done], None]) -> None:
        """Have everything that `take` takes in told to somebody else, too."""
        self._hearers.append(hearer)

    def set(self, command: Command, what: str) -> None:
        """Have a setting made now, and again whenever the board is set up again. Raises GateError, naming `what`."""
        with self.lock:
            self.must(command, what)
            self._settings.append((command, what))

    def set_up_again(self) -> None:
        """Greet the board anew if it was lost, and make every setting again. Raises GateError, LinkLost."""
        with self.lock:
            if self.link.failure is not None:
                self.link.close()
                self.link = self._open_link(GREET_AGAIN_WITHIN_S)
                self.greetings += 1
            for command, what in self._settings:
                self.must(command, what)

    def must(self, command: Command, what: str) -> None:
        """Have a command carried out before this returns. Raises GateError, naming `what`, when it is not; LinkLost."""
        self.link.send(command)
        self.link.settle(REPLY_WITHIN_S)
        answers = [one for one in self.take() if isinstance(one, Done) and one.command is command]
        if not answers:
            raise GateError(
                f"expected the board to answer {what} within {REPLY_WITHIN_S:g} s, found silence; {self.link.if_silent}"
            )
        if answers[0].status is not Status.OK:
            raise GateError(refusal(what, answers[0].status))

    def take(self) -> list[Event | Done]:
        """Take in what has come since the last call, tell whoever hears, and return it."""
        with self.lock:
            heard = self.link.take()
            for one in heard:
                for hearer in self._hearers:
                    hearer(one)
        return heard

    def host_s(self, tick: int) -> float:
        """Return the host's moment of one of the board's ticks."""
        return self.link.device_clock.host_at(tick)[0]

    def error_s(self, at: float) -> float:
        """Return by how much, at most, a moment of the host is off on the board's clock."""
        return self.link.device_clock.ticks_at(at).error_us / 1e6

    def close(self) -> None:
        """Let the board go. May be called twice."""
        self.link.close()


def refusal(what: str, status: Status) -> str:
    """Say that a board does not do something, and why, as far as its code tells."""
    reasons = {
        Status.BAD_VALUE: "it has no such pin, or may not use it; docs/microcontrollers.md lists those it has",
        Status.ESTOP: "its e-stop is pressed; release it",
        Status.WRONG_LATCH: "it has stopped once more meanwhile; look why, and try again",
        Status.BUSY: "it is armed already; start it anew",
    }
    return f"expected the board to accept {what}, found {status.name}: {reasons.get(status, 'see docs/protocol.md')}"
