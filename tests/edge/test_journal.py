"""Every part has exactly one row, on the disk once it is decided."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from edge.corrections import correct
from edge.end_signals import Stopped
from edge.gate_limits import Window
from edge.gate_process import HEARTBEAT_TIMEOUT_S
from edge.gates import GateMove
from edge.journal import WAIT_S, Journal, JournalError, Planned, RunFacts, is_sampled
from edge.journal_file import open_to_read
from edge.journal_schema import _TABLES, SCHEMA_VERSION
from edge.journal_snapshot import snapshot_journal
from edge.parts import Decision, Reason
from edge.picture_store import PictureStore
from edge.pictures import read_picture
from edge.track import Track

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


def watched_journal(path, wrote, before=lambda _sql: None):
    """A journal that notes of each write how SQLite waits for the disk: 2 until it is there, 1 not at all."""

    class Watched(sqlite3.Connection):
        def execute(self, sql, parameters=(), /):
            before(sql)
            if sql.startswith(("INSERT", "UPDATE")):
                level = super().execute("PRAGMA synchronous").fetchone()[0]
                wrote.append((sql.split()[0], level))
            return super().execute(sql, parameters)

    return Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual", factory=Watched)


def test_only_an_opening_does_not_wait_for_the_disk(tmp_path):
    """A decision does, whatever came before it, and a closing, which brings the opening with it."""
    wrote = []
    with closing(watched_journal(tmp_path / "journal.sqlite", wrote)) as journal:
        for number in (1, 2):
            journal.decided(track(number), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
            journal.moved(GateMove("nut", "opened", 3.0, 3.0, number))
        journal.moved(GateMove("nut", "closed", 3.4, 3.4, 1))
        journal.moved(GateMove("nut", "opened", 3.0, 3.0, 3))
        journal.rejected(2, Reason.BELT)
        journal.moved(GateMove("nut", "opened", 3.0, 3.0, 3))
        correct(journal.database, journal.path, 1, "nut", run=journal.run, by="Ada", note="")
        journal.ended("limit")
    assert [level for _, level in wrote] == [2, 2, 1, 2, 1, 2, 1, 2, 1, 2, 2]


@pytest.mark.parametrize(
    "breaks_off", ["PRAGMA synchronous=NORMAL", "UPDATE parts SET opened_s", "PRAGMA synchronous=FULL"]
)
def test_a_signal_in_between_makes_no_decision_less_durable(tmp_path, breaks_off):
    """Wherever the way to an opening, or back from it, is broken off."""
    wrote, broken = [], []

    def before(sql):
        if sql.startswith(breaks_off) and len(wrote) > 1 and not broken:
            broken.append(sql)
            raise Stopped

    with closing(watched_journal(tmp_path / "journal.sqlite", wrote, before)) as journal:
        journal.decided(track(1), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
        with contextlib.suppress(Stopped):
            journal.moved(GateMove("nut", "opened", 3.0, 3.0, 1))
            journal.decided(track(2), DECISION, 2.5, None)
        journal.decided(track(3), DECISION, 2.5, None)
    assert broken
    assert wrote[-1] == ("INSERT", 2)


def test_parts_that_share_an_opening_are_all_completed(journal):
    """A gate held open for two parts closes once, for both."""
    journal.decided(track(1), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
    journal.decided(track(2), DECISION, 2.6, Planned("nut", Window(3.42, 3.8)))
    journal.moved(GateMove("nut", "opened", 3.0, 3.0, 1))
    journal.moved(GateMove("nut", "closed", 3.8, 3.8, 1))
    assert [row["closed_s"] for row in journal.rows()] == [3.8, 3.8]


def test_a_gate_brought_to_rest_ends_the_openings_that_had_begun(journal):
    """An emergency rest has no due moment, and comes before the planned one."""
    journal.decided(track(1), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
    journal.decided(track(2), DECISION, 2.6, Planned("nut", Window(9.0, 9.4)))
    journal.moved(GateMove("nut", "opened", 3.0, 3.0, 1))
    journal.moved(GateMove("nut", "closed", 3.2, None, 1))
    assert [row["closed_s"] for row in journal.rows()] == [3.2, None]


def test_a_closing_that_a_limit_cut_is_recorded(journal):
    """The belt stopped, so the window was to last; the gate fell at its max_on_ms all the same."""
    journal.decided(track(1), DECISION, 2.5, Planned("nut", Window(3.0, 3.4)))
    journal.decided(track(2), DECISION, 2.6, Planned("nut", Window(9.0, 9.4)))
    journal.moved(GateMove("nut", "opened", 3.0, 3.0, 1))
    journal.replanned(1, Window(3.0, 7.0))
    journal.moved(GateMove("nut", "closed", 3.5, 3.5, 1))
    assert [row["closed_s"] for row in journal.rows()] == [3.5, None]


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
    with closing(open_journal(path)):
        pass
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="version 1 to 3, found version 99 of a later edge-sort"):
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


def old_journal(path):
    """A file as version 1 left it, with one part."""
    with closing(sqlite3.connect(path)) as db:
        db.executescript(_TABLES + "PRAGMA user_version = 1;")
        db.execute("INSERT INTO runs VALUES (1, '2026-01-05T06:00:00+00:00', 'b', 'm', 'monotonic', 'interrupted')")
        row = (1, 1, 50.0, 51.0, 120.0, 5.0, 20.0, 15.0, 1, "nut", 0.9, "[0.9, 0.1]", "nut", "sorted", *[None] * 5)
        db.execute(f"INSERT INTO parts VALUES ({', '.join('?' * 19)})", row)
        db.commit()


def test_a_journal_of_version_1_is_brought_up_to_date(tmp_path):
    """Its rows stay as they were, and new ones are added."""
    path = tmp_path / "journal.sqlite"
    old_journal(path)
    with closing(open_journal(path)) as journal:
        assert journal.run == 2
        journal.decided(track(), DECISION, 2.5, None)
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT run, label, frame_scores, sampled, picture FROM parts ORDER BY run").fetchall()
        assert rows[0] == (1, "nut", "[]", 0, None)
        assert rows[1][:2] == (2, "nut")
        assert db.execute("SELECT started_s FROM runs WHERE run = 1").fetchone() == (50.0,)
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_journal_that_cannot_be_brought_up_to_date_stays_as_it_was(tmp_path):
    """All of it or nothing: here a table of the new version is there already, so its creation fails half-way."""
    path = tmp_path / "journal.sqlite"
    old_journal(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE incidents (theirs TEXT)")
    with pytest.raises(JournalError, match="incidents already exists"):
        open_journal(path)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert len(db.execute("SELECT * FROM parts").fetchone()) == 19


def test_every_frame_s_scores_are_recorded(journal):
    """The frame's number and moment, and a score for each label, beside their mean."""
    seen = track()
    seen.scores.append(np.array([0.7, 0.3], dtype=np.float32))
    seen.voted_in += [(7, 1.25), (8, 1.3)]
    journal.decided(seen, DECISION, 2.5, None)
    (row,) = journal.rows()
    assert json.loads(row["frame_scores"]) == [
        {"frame": 7, "taken_at_s": 1.25, "scores": [0.9, 0.1]},
        {"frame": 8, "taken_at_s": 1.3, "scores": [0.7, 0.3]},
    ]


def test_confirmations_and_incidents_are_recorded(journal):
    """What an eye saw of the part, and what went wrong in the run."""
    journal.decided(track(), DECISION, 2.5, None)
    journal.confirmed(1, 4.5, "seen")
    journal.incident(5.0, "camera", "the camera stalled")
    (row,) = journal.rows()
    assert (row["confirmed_s"], row["confirmation"]) == (4.5, "seen")


def test_a_gate_that_was_brought_to_rest_early_is_recorded(journal):
    """Its closing has no due moment: the row of the part it was open for says when, that of a later part nothing."""
    for number, opens_at in ((1, 3.0), (2, 9.0)):
        journal.decided(track(number), DECISION, 2.5, Planned("nut", Window(opens_at, opens_at + 0.4)))
    journal.moved(GateMove("nut", "opened", 3.001, 3.0, 1))
    journal.moved(GateMove("nut", "closed", 3.1, None, 1))
    assert [(row["opened_s"], row["closed_s"]) for row in journal.rows()] == [(3.001, 3.1), (None, None)]


def pictured_journal(tmp_path, audit_share=0.0):
    facts = RunFacts(("nut", "screw"), {"nut": "nut", "screw": "screw"}, 0.0, audit_share)
    pictures = PictureStore(tmp_path / "pictures", 1_000_000)
    path = tmp_path / "journal.sqlite"
    return Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual", facts=facts, pictures=pictures)


def test_doubtful_parts_leave_a_picture(tmp_path):
    """One below its threshold does, one whose frames disagree does, a clear one does not."""
    doubted = Decision("reject", Reason.BELOW_THRESHOLD, "nut", 0.4, (0.4, 0.3))
    parts = [track(number) for number in (1, 2, 3)]
    for part in parts:
        part.crop = np.full((20, 20, 3), 10 * part.number, dtype=np.uint8)
    parts[2].scores.append(np.array([0.2, 0.8], dtype=np.float32))
    with closing(pictured_journal(tmp_path)) as journal:
        for part, decision in zip(parts, (DECISION, doubted, DECISION), strict=True):
            journal.decided(part, decision, 2.5, None)
        pictures = [row["picture"] for row in journal.rows()]
    assert pictures[0] is None
    assert [int(read_picture(tmp_path / "pictures" / name)[0, 0, 0]) for name in pictures[1:]] == [20, 30]


def test_parts_to_audit_are_drawn_by_number_alone(tmp_path):
    """About the stated share of them, each with its picture."""
    with closing(pictured_journal(tmp_path, audit_share=0.1)) as journal:
        journal._db.execute("PRAGMA synchronous=OFF")
        for number in range(1, 301):
            part = track(number)
            part.crop = np.zeros((9, 9, 3), dtype=np.uint8)
            journal.decided(part, DECISION, 2.5, None)
        rows = journal.rows()
    drawn = [row["part"] for row in rows if row["sampled"]]
    assert 15 <= len(drawn) <= 45
    assert drawn == [row["part"] for row in rows if row["picture"]]
    assert drawn == [number for number in range(1, 301) if is_sampled(1, number, 0.1)]
    assert not any(is_sampled(1, number, 0.0) for number in range(100))
    assert all(is_sampled(1, number, 1.0) for number in range(100))


def test_a_run_s_last_word_on_a_matter_counts(tmp_path):
    """Notes are kept by run and name."""
    path = tmp_path / "journal.sqlite"
    with closing(open_journal(path)) as journal:
        journal.note("classifier", "classifying on the Edge TPU")
        journal.note("classifier", "classifying on the CPU")
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT * FROM notes").fetchall() == [(1, "classifier", "classifying on the CPU")]


@pytest.mark.parametrize("bytes_kept", [0, 20_000])
def test_who_only_reads_makes_no_journal_and_leaves_nothing_beside_a_damaged_one(tmp_path, bytes_kept):
    """Neither tables in an empty file, nor the files of a write-ahead log."""
    path = tmp_path / "j.sqlite"
    with closing(Journal(path, bundle_sha256="", machine_sha256="", clock="manual")):
        pass
    held = path.read_bytes()[:bytes_kept]
    path.write_bytes(held)

    for reading in (open_to_read, lambda journal: snapshot_journal(journal, tmp_path / "copy.sqlite")):
        with pytest.raises(JournalError, match="found an empty file" if not held else "expected a whole journal"):
            reading(path)

    assert path.read_bytes() == held
    assert list(tmp_path.iterdir()) == [path]
