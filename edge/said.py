"""Print what is said to a person, unless nobody reads any more; and, while parts ride, without waiting for a reader."""

from __future__ import annotations

import errno
import os
import select
import sys
from pathlib import Path
from typing import TextIO

import click

_NOBODY_READS = (errno.EPIPE, errno.EIO)  # a pipe that was closed, a terminal that is gone


def say(line: str, *, err: bool = False) -> bool:
    """Print a line; say whether somebody may have read it. A log that was closed must not stop a line of parts."""
    try:
        click.echo(line, err=err)
    except OSError as error:
        if error.errno not in _NOBODY_READS:
            raise
        nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - until the process ends
        if err:
            sys.stderr = nowhere
        else:
            sys.stdout = nowhere
        return False
    return True


class PassingWords:
    """Lines to one stream that wait for no reader: a terminal held by Ctrl-S must not hold a line of parts.

    What could not be printed is counted, and told with the next line that can.
    """

    def __init__(self, *, err: bool = False) -> None:
        self._err, self._left_out, self._heard = err, 0, True

    def say(self, line: str) -> None:
        """Print a line, or leave it out."""
        if not self._heard:
            return
        if would_wait(sys.stderr if self._err else sys.stdout):
            self._left_out += 1
            return
        if self._left_out:
            line = f"({self._left_out} lines left out here, which nobody took)\n{line}"
            self._left_out = 0
        self._heard = say(line, err=self._err)


def would_wait(stream: int | TextIO) -> bool:
    """Whether a line written to a descriptor or stream now would wait until somebody reads, as from a full pipe."""
    try:
        return not select.select([], [stream], [], 0)[1]
    except (OSError, ValueError, TypeError):
        return False  # closed, or of a kind that cannot be asked
