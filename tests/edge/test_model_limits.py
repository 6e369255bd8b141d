"""One place says how much a model from anywhere may take."""

import resource
import subprocess
import sys

from edge.model_limits import MOST_TRIAL_BYTES, trial_bytes

SCRIPT = """
import resource, signal
resource.setrlimit(resource.RLIMIT_DATA, ({soft}, {hard}))
from edge.model_limits import limit_this_process
limit_this_process()
print(*resource.getrlimit(resource.RLIMIT_DATA), *resource.getrlimit(resource.RLIMIT_CORE), signal.alarm(0))
"""


def limits(soft, hard):
    """Return what a process under these limits of its own ends up with, and in how many seconds it would be ended."""
    script = SCRIPT.format(soft=soft, hard=hard)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return [int(number) for number in done.stdout.split()]


def test_a_trial_takes_no_more_memory_than_it_may():
    """4 GiB, or what is sensible on a small machine; no core dump, and not for ever."""
    unlimited = resource.RLIM_INFINITY

    assert limits(unlimited, unlimited) == [trial_bytes(), trial_bytes(), 0, 0, 125]
    assert trial_bytes() <= MOST_TRIAL_BYTES


def test_a_lower_limit_of_the_machine_stays():
    """It cannot be raised, and is no fault of the model."""
    assert limits(1 << 29, 1 << 29)[:2] == [1 << 29, 1 << 29]


def test_a_small_machine_keeps_some_of_its_memory(monkeypatch):
    """On a Pi with 1 GiB the processes that move gates need some too."""
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": (1 << 30) // 4096}
    monkeypatch.setattr("edge.model_limits.os.sysconf", sizes.__getitem__)

    assert trial_bytes() == 3 << 28
