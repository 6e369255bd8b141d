"""What a model from anywhere may take before it is refused: one place for all who read or try one."""

from __future__ import annotations

import math
import os
import resource
import signal

MOST_MODEL_BYTES = 512 << 20  # the largest network of keras.applications takes 145 MB as integers
MOST_READ = 200_000  # tables and numbers of a file; networks have some thousands, and a hostile file shares its own
MOST_NUMBERS = 10_000  # of one list of numbers; a shape has four, an operator rarely ten inputs
MOST_OUTPUTS = 100_000  # values of an answer that a trial brings back; ImageNet has 21,841 classes

TRIAL_TIMEOUT_S = 120.0  # importing TensorFlow from a memory card takes half a minute
MOST_TRIAL_BYTES = 4 << 30  # of memory, when the machine has more than that
_SHARE_OF_MEMORY = 0.75


def trial_bytes() -> int:
    """Return how much memory the process that tries a model may take here."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(MOST_TRIAL_BYTES, int(physical * _SHARE_OF_MEMORY))


def limit_this_process() -> None:
    """Take no more memory than a trial may, live no longer than it, and leave no core dump: said in the child itself.

    A limit that is lower already stays. The alarm ends a child that outlived its parent.
    """
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_DATA, trial_bytes())):
        _, allowed = resource.getrlimit(kind)
        limit = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(kind, (limit, limit))
    signal.alarm(math.ceil(TRIAL_TIMEOUT_S) + 5)
