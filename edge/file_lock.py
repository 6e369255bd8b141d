"""A file that one process at a time holds. The lock ends with the process, whatever ends it."""

from __future__ import annotations

import fcntl
from typing import IO, Any

from edge.errors import EdgeSortError


def lock(file: IO[Any], taken: EdgeSortError) -> None:
    """Hold this open file for as long as it is open; raise `taken` when another process does.

    A file system without locks holds nothing, and nothing is refused there.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise taken from error
    except OSError:
        pass
