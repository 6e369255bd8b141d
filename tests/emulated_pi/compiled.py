"""Python's own compiled files, which Debian and pip make on a real Pi, and an emulated one would need minutes for."""

from __future__ import annotations

import compileall
import sys
from pathlib import Path

PYTHON = (3, 11)  # what the emulated Pi has


def compiled(folder: Path) -> None:
    """Compile all that is in a folder that lies at the root of a Pi's files, if this Python is of the Pi's version."""
    if sys.version_info[:2] == PYTHON:
        compileall.compile_dir(folder, quiet=2, stripdir=str(folder), prependdir="/", maxlevels=20)
