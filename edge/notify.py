"""Tell the service manager how the line is: ready, alive, stopping. The protocol of systemd's sd_notify(3).

The watchdog is fed where frames are stepped and where a lost camera is started again, and nowhere else: a loop that
hangs feeds it no more, whatever other threads do, and is started anew. Without a service manager nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Mapping
from types import TracebackType

from edge.clocks import Clock
from edge.counted import counted
from edge.line import OnOutcome
from edge.parts import REJECT_BIN, Frame
from edge.sorter import Outcome

_MICRO = 1e-6


def open_notifier(clock: Clock, environ: Mapping[str, str] = os.environ) -> Notifier:
    """Return what speaks to the service manager that has started this process, if one has."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return Notifier(clock, lambda _message: True, None)
    return Notifier(clock, Mailbox(address).send, watchdog_s(environ))


def watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return how long the service manager waits for a sign of life, in seconds; None when it does not.

    WATCHDOG_USEC in microseconds; WATCHDOG_PID, where it is given, says for which process.
    """
    interval, pid = environ.get("WATCHDOG_USEC", ""), environ.get("WATCHDOG_PID", "")
    if not interval.isdecimal() or int(interval) == 0 or pid not in ("", str(os.getpid())):
        return None
    return int(interval) * _MICRO


class Mailbox:
    """The service manager's datagram socket. A name that starts with @ is not in the file system."""

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def send(self, message: str) -> bool:
        """Send without waiting; say whether it went out. The line goes on in either case."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as mailbox:
                mailbox.sendto(message.encode(errors="replace"), self._address)
        except OSError:
            return False
        return True


class Notifier:
    """Within its block the line is ready. Frames that go all the way send its sign of life, twice per interval."""

    def __init__(self, clock: Clock, send: Callable[[str], bool], watchdog_s: float | None) -> None:
        """watchdog_s: how long the service manager waits for a sign of life; None where it does not wait."""
        self._clock, self._send = clock, send
        self._pause_s = None if watchdog_s is None else watchdog_s / 2
        self._sent_at = float("-inf")
        self._parts = self._rejected = 0

    def __enter__(self) -> Notifier:
        self._send("READY=1\nSTATUS=sorting, no part yet")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._send(f"STOPPING=1\nSTATUS=stopping; {self._counts}")

    def watching(self, on_outcome: OnOutcome) -> OnOutcome:
        """Return `on_outcome` with a sign of life after it, so one for every frame that went all the way."""

        def watch(frame: Frame | None, outcomes: list[Outcome]) -> None:
            on_outcome(frame, outcomes)
            self._parts += len(outcomes)
            self._rejected += sum(outcome.decision.bin == REJECT_BIN for outcome in outcomes)
            if self._pause_s is not None and self._clock.now() >= self._sent_at + self._pause_s:
                self.alive("sorting")

        return watch

    def alive(self, doing: str) -> None:
        """Tell now that the line goes on. What could not be sent is tried again with the next frame."""
        if self._send(f"WATCHDOG=1\nSTATUS={_one_line(doing)}; {self._counts}"):
            self._sent_at = self._clock.now()

    @property
    def _counts(self) -> str:
        return f"{counted(self._parts, 'part')}, {self._rejected} rejected"


def _one_line(text: str) -> str:
    return " ".join(text.split())
