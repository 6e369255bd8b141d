"""A process we start can crash, hang or be missing; how it ended is told, and nothing of it is left."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from edge.children import run_within


def python(code, timeout_s=10.0):
    return run_within([sys.executable, "-S", "-c", code], timeout_s)


@pytest.mark.parametrize(
    ("code", "how"),
    [
        ("import os; os.kill(os.getpid(), 11)", "it was ended by SIGSEGV"),
        ("import os; os.abort()", "it was ended by SIGABRT"),
        ("import sys; sys.exit('first\\nlast')", "exit code 1: last"),
        ("raise SystemExit(3)", "exit code 3"),
    ],
)
def test_how_a_command_ended_is_told(code, how):
    """By signal's name, or exit code and last words."""
    assert python(code).how == how


def test_what_it_said_comes_back():
    """stdout and stderr, apart."""
    ran = python("import sys; print('yes'); print('no', file=sys.stderr)")
    assert (ran.code, ran.out, ran.err) == (0, "yes\n", "no\n")


def test_a_missing_command_is_no_error():
    """It says so."""
    ran = run_within(["/no/such/command"], 1.0)
    assert (ran.missing, ran.how) == (True, "it is not installed")


def test_a_folder_is_no_command_and_no_error():
    """Nor is anything else the system refuses to start."""
    assert run_within(["/"], 1.0).code == 126


def test_a_command_that_hangs_is_ended_with_its_children(tmp_path):
    """The child of a child does not live on, and does not keep us waiting."""
    note = tmp_path / "pid"
    began = time.monotonic()
    ran = run_within(["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], 0.3)
    assert time.monotonic() - began < 5
    assert (ran.code, ran.how) == (None, "it did not come to an end in time")
    pid = int(note.read_text())
    until = time.monotonic() + 5
    while time.monotonic() < until and _runs(pid):
        os.sched_yield()
    assert not _runs(pid)


def _runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
