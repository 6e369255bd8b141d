"""Wrong tokens, bounded: after a few within a minute nobody can come in by a token for a while.

Who has a cookie is in already and notices nothing.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress

MOST_WRONG = 10
WITHIN_S = 60.0


class WrongTokens:
    """Counts them, and tells once of a burst."""

    def __init__(self, now: Callable[[], float], tell: Callable[[str], None]) -> None:
        """now: seconds of any steady clock."""
        self._now, self._tell = now, tell
        self._at = deque[float]()
        self._told = False

    @property
    def wait_s(self) -> float:
        """How long until another token is looked at; 0 when it is at once."""
        now = self._now()
        while self._at and now - self._at[0] >= WITHIN_S:
            self._at.popleft()
        self._told = self._told and bool(self._at)
        return 0.0 if len(self._at) < MOST_WRONG else WITHIN_S - (now - self._at[0])

    def note(self, whence: str) -> None:
        """One was wrong. whence: the address it came from."""
        self._at.append(self._now())
        if len(self._at) >= MOST_WRONG and not self._told:
            self._told = True
            self._tell(
                f"the page: {MOST_WRONG} wrong tokens within a minute, the last one from {whence}; more than "
                f"{MOST_WRONG} a minute are not looked at. Who has come in already stays in; the line goes on"
            )


def tell_on_stderr(sentence: str) -> None:
    """Tell whoever started the program, if anybody still listens."""
    with suppress(OSError, ValueError):
        print(sentence, file=sys.stderr, flush=True)
