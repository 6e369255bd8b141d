"""Ask the system to let this process be punctual: real-time priority, and memory that is never swapped or paged in."""

from __future__ import annotations

import ctypes
import gc
import os
from dataclasses import dataclass

PRIORITY = 50
_MCL_CURRENT, _MCL_FUTURE = 1, 2


@dataclass(frozen=True)
class RealTime:
    """What the system allowed. Each is None where it did, else why not."""

    priority_refused: str | None = None
    lock_refused: str | None = None

    @property
    def full(self) -> bool:
        """Whether everything was allowed."""
        return self.priority_refused is None and self.lock_refused is None

    @property
    def sentence(self) -> str:
        """Say it for a person, with the remedy."""
        if self.full:
            return "the gate process runs with real-time priority and locked memory"
        missing = []
        if self.priority_refused is not None:
            missing.append(f"real-time priority ({self.priority_refused})")
        if self.lock_refused is not None:
            missing.append(f"locked memory ({self.lock_refused})")
        return (
            f"the gate process runs without {' and without '.join(missing)}, so a busy computer may delay the gates; "
            f"run as root, or allow it in /etc/security/limits.conf: rtprio {PRIORITY} and memlock unlimited"
        )


def claim_real_time() -> RealTime:
    """Ask for both, for this process, and keep the garbage collector away from what is loaded already."""
    gc.collect()
    gc.freeze()
    return RealTime(_priority(), _lock())


def _priority() -> str | None:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except AttributeError:
        return "this system has none"
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return None


def _lock() -> str | None:
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.mlockall(_MCL_CURRENT | _MCL_FUTURE) != 0
    except (OSError, AttributeError):
        return "this system has none"
    return os.strerror(ctypes.get_errno()).lower() if failed else None
