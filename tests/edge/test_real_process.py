"""`edge-sort run --emulate` as a process of its own: what it needs, and what it leaves when it ends before its time."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from benchmarks import kills

ENTRY = "from edge.cli import main; main()"


def loaded_by(module):
    """Return the RSS in MiB and the packages of a process that has imported a module."""
    code = (
        f"import sys, {module}\n"
        "print(int(open('/proc/self/status').read().split('VmRSS:')[1].split()[0]) / 1024)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    size, names = done.stdout.splitlines()
    return float(size), set(names.split())


def test_the_gate_process_locks_no_more_memory_than_it_needs():
    """It needs gpiozero and nothing that computes pictures: its memory is locked, library by library."""
    size_mib, packages = loaded_by("edge.gate_serving")
    assert not packages & {"numpy", "PIL", "pydantic", "click", "sqlite3"}
    assert size_mib < 40


@pytest.mark.slow
def test_all_that_run_needs_is_small():
    """Also on a Pi with 512 MB."""
    assert loaded_by("edge.run_machine")[0] < 100


@pytest.mark.slow
def test_a_killed_line_leaves_its_journal_whole_and_no_process(tmp_path):
    """Whenever it is killed; the next start goes on in the same file."""
    journal, found, runs = tmp_path / "journal.sqlite", kills.Found(), 0
    for parts, after_s in ((0, 0.3), (0, 1.0), (1, 0.0), (5, 0.2)):
        runs = kills.kill_once(journal, parts, after_s, runs, found)
    assert found.broken == []
    assert found.parts >= 6


@pytest.mark.slow
def test_a_terminated_line_brings_its_gates_to_rest(tmp_path):
    """Their last moves are in the journal, soon after the signal; a busy computer may need longer than the bar."""
    found = kills.Found()
    for parts, after_s in ((6, 0.0), (8, 0.1)):
        kills.terminate_once(tmp_path / "journal.sqlite", parts, after_s, found)
    assert found.broken == []
    assert all(one < 1000 for one in found.rest_ms)


@pytest.mark.slow
def test_a_journal_that_cannot_grow_ends_the_line_with_a_sentence(tmp_path):
    """A file that may not become larger is refused by the system, as a full disk is: no traceback, gates at rest."""
    journal = tmp_path / "journal.sqlite"

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    command = [*["run", "--emulate", "--fast", "--count", "400", "--rate", "120", "--json", "--journal"], str(journal)]
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, *command], capture_output=True, text=True, check=False, preexec_fn=limited
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert str(journal) in done.stderr
    assert "free some disk space" in done.stderr
    _, rows = kills.rows_of_last_run(journal, found := kills.Found())
    assert found.broken == []
    assert rows
