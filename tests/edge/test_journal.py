"""Every part has exactly one row, on the disk once it is decided."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from edge.gate_limits import Window
from edge.gate_process import HEARTBEAT_TIMEOUT_S
from edge.gates import GateMove
from edge.journal import WAIT_S, Journal, JournalError, Planned
from edge.parts import Decision, Reason
from edge.tracker import Track

DECISION = Decision("nut", Reason.SORTED, "nut", 0.9, (0.9, 0.1))


def track(number=1):
    votes = [np.array([0.9, 0.1], dtype=np.float32)]
    return Track(number, 120.0, 5.0, 20.0, 15.0, first_seen_at=1.0, last_seen_at=2.0, scores=votes)


def open_journal(path):
    return Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual")


@pytest.fixture
def journal(tmp_path):
    with closing(open_journal(tmp_path / "journal.sqlite")) as journal:
        yield journal


def test_a_row_holds_what_was_decided_and_why(journal):
    """Label, score, bin, reason and the planned opening can be read back."""
    journal.decided(track(), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
    (row,) = journal.rows()
    assert (row["label"], row["score"], row["bin"], row["reason"], row["votes"]) == ("nut", 0.9, "nut", "sorted", 1)
    assert (row["opens_s"], row["closes_s"], row["opened_s"], row["closed_s"]) == (3.0, 3.4, None, None)


def test_a_gate_s_moves_complete_the_row(journal):
    """Scheduled and actual moments stand side by side."""
    journal.decided(track(), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
    journal.moved(GateMove("nut", "opened", 3.0002, 3.0, 1))
    journal.moved(GateMove("nut", "closed", 3.4001, 3.4, 1))
    (row,) = journal.rows()
    assert (row["opened_s"], row["closed_s"]) == (3.0002, 3.4001)


def test_parts_that_share_an_opening_are_all_completed(journal):
    """A gate held open for two parts closes once, for both."""
    journal.decided(track(1), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
    journal.decided(track(2), DECISION, 2.6, Planned("nut", Window(3.42, 3.8)))
    journal.moved(GateMove("nut", "opened", 3.0, 3.0, 1))
    journal.moved(GateMove("nut", "closed", 3.8, 3.8, 1))
    assert [row["closed_s"] for row in journal.rows()] == [3.8, 3.8]


def test_a_part_later_in_the_queue_is_not_completed_early(journal):
    """Moves of an earlier opening leave later parts alone."""
    journal.decided(track(1), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
    journal.decided(track(2), DECISION, 2.6, Planned("nut", Window(9.0, 9.4)))
    journal.moved(GateMove("nut", "opened", 3.0, 3.0, 1))
    journal.moved(GateMove("nut", "closed", 3.4, 3.4, 1))
    assert [row["opened_s"] for row in journal.rows()] == [3.0, None]


def test_a_second_run_adds_to_the_file(tmp_path):
    """Earlier runs stay, and each run sees its own rows."""
    for expected_run in (1, 2):
        with closing(open_journal(tmp_path / "journal.sqlite")) as journal:
            assert journal.run == expected_run
            journal.decided(track(), DECISION, 2.5, None)
            assert len(journal.rows()) == 1


def test_a_part_cannot_be_recorded_twice(journal):
    """One part, one record."""
    journal.decided(track(), DECISION, 2.5, None)
    with pytest.raises(JournalError):
        journal.decided(track(), DECISION, 2.6, None)


@pytest.mark.parametrize("content", [b"this is no database, " * 100, b"\x00" * 5000])
def test_a_file_that_is_no_journal_is_refused(tmp_path, content):
    """Another file is not overwritten."""
    path = tmp_path / "journal.sqlite"
    path.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.sqlite"):
        open_journal(path)
    assert path.read_bytes() == content


def test_a_journal_of_another_version_is_refused(tmp_path):
    """A file from a later edge-sort is not written to."""
    path = tmp_path / "journal.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="version 1, found version 99"):
        open_journal(path)


def test_another_program_s_database_is_left_as_it_is(tmp_path):
    """A file with tables of its own is refused before anything is written to it."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE runs (theirs TEXT)")
    before = path.read_bytes()
    with pytest.raises(JournalError, match="another program's database"):
        open_journal(path)
    assert path.read_bytes() == before


def test_a_journal_somebody_else_is_writing_to_is_said(journal, tmp_path):
    """A lock is not mistaken for a full disk, and the wait is shorter than the gates' heartbeat."""
    with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="end the other program"):
            journal.decided(track(), DECISION, 2.5, None)
    assert WAIT_S < HEARTBEAT_TIMEOUT_S


def test_a_folder_that_is_missing_is_an_error(tmp_path):
    """The message names the path."""
    with pytest.raises(JournalError, match="nowhere"):
        open_journal(tmp_path / "nowhere" / "journal.sqlite")


def test_a_killed_process_loses_no_part_it_had_decided(tmp_path):
    """After SIGKILL the journal opens and holds every row that had been written."""
    script = """
import os, signal, sys
from pathlib import Path
from tests.edge.test_journal import DECISION, open_journal, track
journal = open_journal(Path(sys.argv[1]))
for number in range(1, 21):
    journal.decided(track(number), DECISION, 2.5, None)
os.kill(os.getpid(), signal.SIGKILL)
"""
    path = tmp_path / "journal.sqlite"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", script, str(path)], env=environment, check=False)
    assert done.returncode == -9
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM parts").fetchone() == (20,)
    with closing(open_journal(path)) as journal:
        assert journal.run == 2


def test_a_run_s_notes_are_kept_also_in_a_journal_from_before_there_were_notes(tmp_path):
    """What classified is one of them; the last word on a matter counts."""
    path = tmp_path / "journal.sqlite"
    with closing(open_journal(path)):
        pass
    with closing(sqlite3.connect(path)) as db:
        db.execute("DROP TABLE notes")

    with closing(open_journal(path)) as journal:
        journal.note("classifier", "classifying on the Edge TPU")
        journal.note("classifier", "classifying on the CPU")

    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM notes").fetchall() == [(2, "classifier", "classifying on the CPU")]
