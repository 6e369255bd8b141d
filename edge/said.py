"""Print what is said to a person, unless nobody reads any more."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

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
