"""A folder for as long as a run lasts. What one that was killed has left, the next one takes away."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

PREFIX = "edge-sort-run-"
_NEW_S = 60.0  # whoever has just made one may not have locked it yet


@contextmanager
def run_folder() -> Iterator[Path]:
    """Within the block there is a folder of its own, locked, and no such folder of a process that is gone."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError), _held(left) as found:
            if found.st_uid == os.getuid() and time.time() - found.st_mtime > _NEW_S:
                shutil.rmtree(left)
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, ExitStack() as held:
        with suppress(OSError):  # where nothing can be locked, nothing is taken away either
            held.enter_context(_held(Path(name)))
        yield Path(name)


@contextmanager
def _held(folder: Path) -> Iterator[os.stat_result]:
    """Lock a folder, and only a folder, for as long as the block or the process lasts. Raises OSError."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield os.fstat(opened)
    finally:
        os.close(opened)
