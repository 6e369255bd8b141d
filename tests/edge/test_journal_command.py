"""What is read from a journal is what was written, corrections stand beside it, and audits give honest intervals."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from edge.cli import cli
from edge.gate_limits import Window
from edge.gates import GateMove
from edge.journal import Journal, Planned, RunFacts
from edge.journal_report import audited_shares
from edge.parts import Decision, Reason
from edge.picture_store import PictureStore
from edge.states import Command, State, Transition
from edge.track import Track
from edge.wilson import wilson


def decide(journal, number, label, *, reason=Reason.SORTED, at=10.0):
    """Record a part as the sorter would; sorted ones move their gate 1 ms late."""
    scores = (0.9, 0.1) if label == "nut" else (0.1, 0.9)
    bin_name = label if reason is Reason.SORTED else "reject"
    votes = [np.array(scores, dtype=np.float32)]
    part = Track(number, 120.0, 5.0, 20.0, 15.0, at - 1, at, scores=votes, voted_in=[(7, at - 0.5)])
    window = Window(at + 1, at + 1.4)
    planned = Planned(label, window) if reason is Reason.SORTED else None
    journal.decided(part, Decision(bin_name, reason, label, 0.9, scores), at, planned)
    if planned:
        journal.moved(GateMove(label, "opened", window.opens_at + 0.001, window.opens_at, number))
        journal.moved(GateMove(label, "closed", window.closes_at + 0.001, window.closes_at, number))


@pytest.fixture
def path(tmp_path):
    """Two runs: one of a part, and one of six in 60 s, all drawn to be audited."""
    path = tmp_path / "journal.sqlite"
    for run in (1, 2):
        facts = RunFacts(("nut", "screw"), {"nut": "nut", "screw": "screw"}, 0.0, audit_share=1.0)
        with closing(Journal(path, bundle_sha256="b" * 64, machine_sha256="m", clock="manual", facts=facts)) as journal:
            decide(journal, 1, "nut", at=1.0)
            if run == 2:
                for number in (2, 3, 4):
                    decide(journal, number, "nut", at=10.0 * number)
                decide(journal, 5, "screw", at=50.0)
                decide(journal, 6, "screw", reason=Reason.BELOW_THRESHOLD, at=60.0)
            journal.ended("interrupted")
    return path


COMMANDS = (["tail"], ["report"], ["audit"], ["export"], ["correct", "1", "nut"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_damaged_journal_is_told_in_a_sentence(path, command):
    """A page that was overwritten, as by a card that wears out."""
    with closing(sqlite3.connect(path)) as db:
        page_size = db.execute("PRAGMA page_size").fetchone()[0]
        roots = [row[0] for row in db.execute("SELECT rootpage FROM sqlite_master WHERE name IN ('runs', 'parts')")]
    damaged = bytearray(path.read_bytes())
    for root in roots:
        damaged[(root - 1) * page_size : (root - 1) * page_size + 16] = b"X" * 16
    path.write_bytes(damaged)
    name, *rest = command
    done = run(name, path, *rest)
    assert done.exit_code == 1
    assert f"{path}: expected a whole journal, found: database disk image is malformed" in done.output


@pytest.mark.parametrize("command", COMMANDS[:4], ids=lambda command: command[0])
def test_a_damaged_value_is_told_in_a_sentence(path, command):
    """The pages are whole, and a list of labels is none."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE runs SET labels = '[\"nut'")
    done = run(command[0], path)
    assert done.exit_code == 1
    assert f"{path}: expected a whole journal, found" in done.output


def run(*arguments):
    result = CliRunner().invoke(cli, ["journal", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_tail_prints_the_newest_parts_oldest_first(path):
    """Run, part, label, bin and reason; JSON on demand."""
    lines = run("tail", path, "-n", 2).output.splitlines()
    assert "part     5" in lines[0]
    assert lines[1].endswith("screw          0.900  -> reject (below_threshold)")
    records = [json.loads(line) for line in run("tail", path, "--json").output.splitlines()]
    assert [(one["run"], one["part"]) for one in records] == [(1, 1), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (2, 6)]


def test_follow_goes_on_with_what_comes_in(path, monkeypatch):
    """Each part once, until Ctrl-C."""
    waits = iter([11, 12])

    def wait(_seconds):
        number = next(waits, None)
        if number is None:
            raise KeyboardInterrupt
        with closing(Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
            decide(journal, number, "screw")

    monkeypatch.setattr("edge.journal_command.time.sleep", wait)
    result = run("tail", path, "-n", 1, "--follow")
    assert [line.split()[3] for line in result.output.splitlines() if line.startswith("run")] == ["6", "11", "12"]


def test_parts_that_wait_to_be_audited_are_listed_with_their_pictures(tmp_path):
    """Until somebody has said what they are."""
    path = tmp_path / "journal.sqlite"
    facts = RunFacts(("nut", "screw"), {"nut": "nut"}, 0.0, audit_share=1.0)
    pictures = PictureStore(tmp_path / "journal-pictures", 100_000)
    with closing(
        Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual", facts=facts, pictures=pictures)
    ) as journal:
        part = Track(1, 0, 0, 9, 9, 1, 2, scores=[np.array([0.9, 0.1], dtype=np.float32)])
        part.crop = np.zeros((9, 9, 3), dtype=np.uint8)
        journal.decided(part, Decision("nut", Reason.SORTED, "nut", 0.9, (0.9, 0.1)), 2.0, None)
    assert "0000000001-run1-part1.png" in run("audit", path).output
    run("correct", path, 1, "nut")
    assert "no part waits" in run("audit", path).output


def test_jsonl_holds_everything_and_utc_beside_machine_time(path):
    """Digests, every frame's scores, scheduled and actual moments, and the same as UTC."""
    records = [json.loads(line) for line in run("export", path, "--format", "jsonl", "--run", 2).output.splitlines()]
    assert len(records) == 6
    first = records[0]
    assert first["bundle_sha256"] == "b" * 64
    assert first["frame_scores"] == [{"frame": 7, "taken_at_s": 0.5, "scores": [0.9, 0.1]}]
    assert (first["opens_s"], first["opened_s"]) == (2.0, 2.001)
    seconds = [np.datetime64(one["decided_utc"].removesuffix("+00:00")) for one in records]
    assert (seconds[-1] - seconds[0]) / np.timedelta64(1, "s") == pytest.approx(59.0)


def test_csv_is_one_line_a_part_under_a_heading(path, tmp_path):
    """Any spreadsheet can read it, and the file is there whole or not at all."""
    out = tmp_path / "parts.csv"
    assert "7 parts" in run("export", path, "--out", out).output
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["label"] for row in rows] == ["nut"] * 5 + ["screw"] * 2
    assert json.loads(rows[0]["scores"]) == [0.9, 0.1]
    again = run("export", path, "--out", out)
    assert again.exit_code == 1
    assert "choose another name" in again.output


def test_a_correction_stands_beside_the_original(path):
    """The row stays as it was; the last word counts; every word stays."""
    decided = json.loads(run("tail", path, "--json", "-n", 6).output.splitlines()[0])
    assert "truly screw" in run("correct", path, 1, "screw", "--by", "Ada", "--note", "seen in the bin").output
    run("correct", path, 1, "unknown")
    now = json.loads(run("tail", path, "--json", "-n", 6).output.splitlines()[0])
    assert now["true_label"] == "unknown"
    told = ("true_label", "corrected_at_utc", "corrected_by", "correction_note")
    assert {key: value for key, value in now.items() if key not in told} == {
        key: value for key, value in decided.items() if key not in told
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((99, "nut"), "expected part 99 in run 2, found no such part"),
        ((1, "bolt"), "expected one of the labels nut, screw, or 'unknown', found 'bolt'"),
        ((1, "nut", "--run", 7), "expected part 1 in run 7"),
    ],
)
def test_a_correction_of_what_is_not_there_is_refused(path, arguments, message):
    """Part, run and label are checked."""
    result = run("correct", path, *arguments)
    assert result.exit_code == 1
    assert message in result.output


def test_the_report_counts_the_last_run(path):
    """Counts, rate and gate error; nothing is claimed of purity before somebody has looked."""
    report = json.loads(run("report", path, "--json").output)
    assert report["parts"] == 6
    assert report["bins"] == {"nut": 4, "reject": 1, "screw": 1}
    assert report["rejected"] == {"below_threshold": 1}
    assert report["span_s"] == 60.0
    assert report["parts_per_min"] == 6.0
    assert report["moves"] == 10
    assert report["gate_error_ms"] == {"p50": 1.0, "p99": 1.0, "max": 1.0}
    assert report["purity"] == {}


def test_a_part_given_up_at_its_open_gate_does_not_disturb_the_report(tmp_path):
    """It has moved a gate, but nothing says any more when it should have."""
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        for number in (1, 2):
            decide(journal, number, "nut", at=10.0 * number)
        journal.rejected(2, Reason.LINE_STOPPED)
    report = json.loads(run("report", path, "--json").output)
    assert (report["moves"], report["rejected"]) == (2, {"line_stopped": 1})


def test_a_gate_held_open_for_the_next_part_is_one_move_each_way(tmp_path):
    """It opens for the first and closes for the last: no closing is late in between, and no opening missing."""
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        for number, window in ((1, Window(3.0, 3.4)), (2, Window(3.42, 3.8))):
            votes = [np.array((0.9, 0.1), dtype=np.float32)]
            part = Track(number, 120.0, 5.0, 20.0, 15.0, 1.0, 2.0, scores=votes)
            journal.decided(part, Decision("nut", Reason.SORTED, "nut", 0.9, (0.9, 0.1)), 2.5, Planned("nut", window))
        journal.moved(GateMove("nut", "opened", 3.001, 3.0, 1))
        journal.moved(GateMove("nut", "closed", 3.801, 3.8, 1))
    report = json.loads(run("report", path, "--json").output)
    assert (report["moves"], report["not_moved"]) == (2, 0)
    assert report["gate_error_ms"]["max"] == pytest.approx(1.0)


def test_the_report_says_how_long_the_line_was_in_each_state(tmp_path):
    """From the start to the end, or to the last thing known of a run that was killed; only what lies in the period."""
    path = tmp_path / "journal.sqlite"
    start = Transition(2.0, State.IDLE, Command.START, State.EXECUTE, "a button")
    hold = Transition(12.5, State.EXECUTE, Command.HOLD, State.HELD, "jam")
    for ended_s in (20.0, None):  # without an end: the last thing known is the gate that closed at 16.401
        facts = RunFacts(("nut",), {"nut": "nut"}, 0.0)
        with closing(Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual", facts=facts)) as journal:
            decide(journal, 1, "nut", at=15.0)
            journal.state_changed(start)
            journal.state_changed(hold)
            if ended_s is not None:
                journal.ended("terminated", ended_s)
    first, second = (json.loads(run("report", path, "--json", "--run", number).output) for number in (1, 2))
    assert first["states_s"] == {"Idle": 2.0, "Execute": 10.5, "Held": 7.5}
    assert second["states_s"] == {"Idle": 2.0, "Execute": 10.5, "Held": 3.901}
    text = run("report", path, "--run", 1).output
    assert "states: Execute 10.5 s, Held 7.5 s, Idle 2.0 s" in text
    since = json.loads(run("tail", path, "--json").output.splitlines()[0])["decided_utc"]
    late = json.loads(run("report", path, "--json", "--run", 1, "--since", since).output)
    assert late["states_s"] == {"Held": 5.0}


def test_purity_and_recovery_come_from_audited_parts_with_their_intervals(path):
    """Three nuts of four are nuts, and of four true nuts three reached their bin."""
    for part, truth in ((1, "nut"), (2, "nut"), (3, "nut"), (4, "screw"), (5, "screw"), (6, "nut")):
        run("correct", path, part, truth)
    report = json.loads(run("report", path, "--json").output)
    assert report["audited"] == 6
    assert report["purity"]["nut"]["right"] == 3
    assert report["purity"]["nut"]["total"] == 4
    assert report["recovery"]["nut"] == report["purity"]["nut"]
    assert report["recovery"]["screw"]["right"] == 1
    assert report["recovery"]["screw"]["total"] == 2
    text = run("report", path).output
    assert "3 of 4: 30.1% to 95.4%" in text


def test_corrections_of_parts_that_were_not_drawn_say_nothing_of_purity(tmp_path):
    """People look at what looks wrong; counting that would be biased."""
    path = tmp_path / "journal.sqlite"
    facts = RunFacts(("nut", "screw"), {"nut": "nut", "screw": "screw"}, 0.0, audit_share=0.0)
    with closing(Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual", facts=facts)) as journal:
        decide(journal, 1, "nut")
    assert "was not drawn" in run("correct", path, 1, "screw").output
    report = json.loads(run("report", path, "--json").output)
    assert (report["corrected"], report["audited"], report["purity"]) == (1, 0, {})


def test_a_period_takes_in_its_start_and_leaves_out_its_end(path):
    """Given in local time or with a zone."""
    records = [json.loads(line) for line in run("tail", path, "--json").output.splitlines()]
    since, until = records[2]["decided_utc"], records[4]["decided_utc"]
    report = json.loads(run("report", path, "--json", "--since", since, "--until", until, "--run", 2).output)
    assert report["parts"] == 2
    wrong = run("report", path, "--since", "yesterday")
    assert wrong.exit_code == 2
    assert "2026-01-05T06:00" in wrong.output
    turned = run("report", path, "--since", until, "--until", since)
    assert turned.exit_code == 2
    assert f"expected a moment after --since {until}, found {since}" in turned.output


@pytest.mark.parametrize("command", ["tail", "export", "report", "audit"])
def test_what_is_no_journal_is_said(tmp_path, command):
    """One sentence, for a missing file and for another program's."""
    assert "expected a journal, found none" in run(command, tmp_path / "none.sqlite").output
    (tmp_path / "text").write_text("no database" * 100)
    result = run(command, tmp_path / "text")
    assert result.exit_code == 1
    assert "Traceback" not in result.output


def test_a_run_that_is_not_there_is_said(path):
    """With the runs that are."""
    assert "expected run 9, found runs 1 to 2" in run("export", path, "--run", 9).output


@given(total=st.integers(1, 5000), share=st.floats(0, 1))
def test_the_interval_is_wilson_s(total, share):
    """The same as scipy's."""
    from scipy.stats import binomtest

    right = round(share * total)
    expected = binomtest(right, total).proportion_ci(method="wilson")
    assert wilson(right, total) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "reject"]), st.sampled_from(["a", "b", "reject"]))))
def test_audited_shares_add_up(audits):
    """What is right is within what a bin holds and within what belongs there; reject is no bin to be pure."""
    purity, recovery = audited_shares(audits)
    for name in ("a", "b"):
        held, due = sum(went == name for went, _ in audits), sum(belongs == name for _, belongs in audits)
        assert (name in purity) == (held > 0)
        assert (name in recovery) == (due > 0)
        if held and due:
            assert purity[name].right == recovery[name].right <= min(held, due)
    assert not {"reject"} & {*purity, *recovery}
