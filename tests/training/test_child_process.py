"""Work in a child process: what it gives, says and prints comes through, and no end of it is a mystery."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from edge.errors import DataError
from tests.training.child_works import add, end_by, fail, hold, leave
from training.child_process import WorkFailed, in_child_process

ROOT = Path(__file__).resolve().parents[2]


class Ear:
    """Keeps what it hears."""

    def __init__(self):
        self.heard = []

    def say(self, line):
        self.heard.append(line)


class Interrupting:
    """Meets Ctrl-C as soon as it hears a word."""

    def say(self, line):
        raise KeyboardInterrupt


def wait_until_let_go(lock):
    """Return when nobody holds the lock; the alarm ends a test that waits in vain."""
    signal.signal(signal.SIGALRM, lambda *_: pytest.fail("the child process outlived its parent"))
    signal.alarm(30)
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
    finally:
        signal.alarm(0)


def test_result_words_and_prints_come_through(tmp_path):
    """The result comes back, the reporter hears, and prints are in the log and not on the terminal."""
    ear = Ear()

    assert in_child_process(partial(add, 2, 3), ear, tmp_path / "log") == 5
    assert ear.heard == ["adding"]
    assert "written by a native library" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (DataError("parts: expected pictures, found none"), "parts: expected pictures, found none"),
        (MemoryError(), "memory ran out; use a smaller --batch or --size"),
        (OSError(28, "No space left on device", "runs/x"), "the disk is full at runs/x; free some space"),
        (ZeroDivisionError("by zero"), "ZeroDivisionError: by zero; "),
    ],
)
def test_an_error_is_told_with_its_reason(tmp_path, error, told):
    """The user's errors keep their sentence; memory and disk say what to do; for the rest there is the log."""
    with pytest.raises(WorkFailed) as failed:
        in_child_process(partial(fail, error), Ear(), tmp_path / "log")

    assert told in str(failed.value)
    if isinstance(error, ZeroDivisionError):
        assert "Traceback" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    ("work", "told"),
    [
        (partial(end_by, signal.SIGKILL), "killed by the system, most likely because memory ran out"),
        (partial(end_by, signal.SIGSEGV), "crashed (SIGSEGV)"),
        (leave, "ended without a result (exit code 3)"),
    ],
)
def test_a_crash_is_told_by_its_signal(tmp_path, work, told):
    """Nothing that happens to the child brings its parent down."""
    with pytest.raises(WorkFailed) as failed:
        in_child_process(work, Ear(), tmp_path / "log")

    assert told in str(failed.value)


def test_ctrl_c_ends_the_child(tmp_path):
    """The parent hears Ctrl-C, and when it goes on the child is gone."""
    with pytest.raises(KeyboardInterrupt):
        in_child_process(partial(hold, tmp_path / "lock"), Interrupting(), tmp_path / "log")

    wait_until_let_go(tmp_path / "lock")


def test_the_child_does_not_outlive_a_killed_parent(tmp_path):
    """Otherwise a study begun again would meet the old one still writing."""
    script = (
        "from functools import partial\nfrom pathlib import Path\n"
        "from tests.training.child_works import hold\n"
        "from training.child_process import in_child_process\n"
        "class Printer:\n    def say(self, line): print(line, flush=True)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "in_child_process(partial(hold, folder / 'lock'), Printer(), folder / 'log')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout.readline() == "held\n"
        parent.kill()

    wait_until_let_go(tmp_path / "lock")
