"""Somebody else's program gets its time and no more, and floods nobody."""

from __future__ import annotations

import sys
import time

import pytest

from edge.bounded_process import _Kept, run_bounded


def test_a_child_that_keeps_the_pipe_open_delays_nobody(tmp_path):
    """The program has ended: so has the wait for it."""
    started = time.monotonic()
    program = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"

    ended = run_bounded([sys.executable, "-c", program], tmp_path, 300, 1000)

    assert ended.code == 0
    assert time.monotonic() - started < 60


def test_a_program_that_closes_its_output_is_still_waited_for(tmp_path):
    """And still has no more than its time."""
    program = "import os, time; os.close(1); os.close(2); time.sleep(600)"

    assert run_bounded([sys.executable, "-c", program], tmp_path, 1.5, 1000).code is None
    assert (
        run_bounded([sys.executable, "-c", "import os; os.close(1); os.close(2); os._exit(7)"], tmp_path, 60, 9).code
        == 7
    )


def test_a_flood_of_output_is_cut_in_the_middle(tmp_path):
    """The start holds the version, the end the reason; 50 MB between them are not kept."""
    program = "import sys; print('first'); [sys.stdout.write('x' * 1000000) for _ in range(50)]; print('last')"

    ended = run_bounded([sys.executable, "-c", program], tmp_path, 120, 10_000)

    assert ended.code == 0
    assert ended.output.startswith("first")
    assert ended.output.endswith("last\n")
    assert len(ended.output) < 11_000


@pytest.mark.parametrize("chunks", [[1000], [100] * 10, [3, 5] * 100, [149], [1] * 149])
def test_what_is_kept_does_not_depend_on_how_it_came(chunks):
    """A slow machine reads in other pieces than a quick one."""
    kept, printed = _Kept(100), bytes(number % 256 for number in range(sum(chunks)))
    at = 0
    for length in chunks:
        kept.add(printed[at : at + length])
        at += length

    assert kept.text() == (printed[:50] + b"\n...\n" + printed[-50:]).decode(errors="replace")


def test_what_fits_is_kept_whole():
    """Up to the last byte."""
    kept = _Kept(100)
    kept.add(b"x" * 99)
    kept.add(b"y")

    assert kept.text() == "x" * 99 + "y"
