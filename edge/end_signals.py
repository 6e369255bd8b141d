"""The signals that end what runs: the first one unwinds it, and one that comes while it unwinds breaks nothing."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from edge.said import would_wait

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ENOUGH = 3  # whoever asks so often wants to be rid of it, whatever it still does


class Stopped(BaseException):
    """SIGTERM has come, or SIGHUP because the terminal is gone: unwind as for Ctrl-C, so that every gate rests."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(number)
        self.number, self.exit_code = number, 128 + number


class EndSignals:
    """The handler. unwinding: an end has begun, by a signal or by itself. held: nothing may break in at all."""

    def __init__(self, words: str) -> None:
        """words: said as soon as a signal ends what runs."""
        self._words, self._heard, self._first = words, 0, 0
        self.unwinding = self.held = False

    def begin(self) -> None:
        """Begin something that a signal ends, held while it does not say otherwise; raise one that came before."""
        self.unwinding, self.held = False, True
        self.heed()

    def heed(self) -> None:
        """Raise a signal that has ended nothing: it came while what was before unwound, or where errors are swallowed.

        Python throws away what is raised while it collects garbage, say. Whoever works in a loop calls this in it.
        """
        if self._heard:
            self.unwinding = True
            raise _raised(self._first)

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Take in a signal. Raises KeyboardInterrupt or Stopped for the first one, and for one too many."""
        self._heard += 1
        self._first = self._first or number
        if self.unwinding and (self.held or self._heard < ENOUGH):
            self._say("it is ending already")
            return
        if not self.unwinding:
            self._say(self._words)
        self.unwinding = True
        raise _raised(number)

    def _say(self, words: str) -> None:
        if self._words and not would_wait(2):
            with contextlib.suppress(OSError):  # the terminal may be gone
                os.write(2, f"{words}\n".encode())  # not print, which may be under way


def _raised(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Stopped(number)


@contextmanager
def ended_by_signals(words: str = "") -> Iterator[EndSignals]:
    """Within the block Ctrl-C raises KeyboardInterrupt, SIGTERM and SIGHUP raise Stopped, in the main thread, once.

    Within another such block it is that one's, which goes on until that one ends. What was ignored, as SIGHUP is under
    nohup, stays so.
    """
    outer = signal.getsignal(signal.SIGTERM)
    if isinstance(outer, EndSignals):
        yield outer
        return
    signals = EndSignals(words)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = {number: handler for number, handler in before.items() if handler not in (signal.SIG_IGN, None)}
    try:
        for number in heeded:
            signal.signal(number, signals)
        yield signals
    finally:
        for number, handler in heeded.items():
            signal.signal(number, handler)


@contextmanager
def blocked() -> Iterator[None]:
    """Within the block these signals wait; a child process that is started within does not get them at all."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
