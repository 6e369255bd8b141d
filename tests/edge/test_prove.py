"""`edge-sort prove`: faults between world and line, and what must hold whatever they are."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import json
import multiprocessing
import os
import shutil
import signal

import pytest
from click.testing import CliRunner

from edge import chunks, judged, prove_chunk, two_lives
from edge import prove as proving
from edge.between import Between
from edge.cli import cli
from edge.coloured_parts import ColouredParts, colour_model
from edge.emulate import emulate_line
from edge.faults import FaultRates
from edge.gate_limits import WindowPlan
from edge.journal import Journal
from edge.prove import CHUNK_PARTS, chunks_of, default_jobs, prove

NO_FAULTS = FaultRates(**{one.name: 0.0 for one in dataclasses.fields(FaultRates)})
KILLED = dataclasses.replace(NO_FAULTS, process_killed=1.0)


@pytest.fixture
def short_chunks(monkeypatch):
    """Two chunks of 25 parts, one on a steady belt, one on a belt that stops."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 25)


def test_no_fault_misleads_a_part(short_chunks):
    """Conservation: every part has one account, none is in a wrong bin, no gate left its limits."""
    found = prove(50, 3, "colours").as_dict()
    assert found["ok"], found["wrong"]
    assert (found["wrong_by_runtime"], found["unaccounted"], found["limit_violations"]) == (0, 0, 0)
    assert found["fed"] == sum(found[one] for one in ("own_row", "in_another_row", "unseen", "undecided")) == 50
    happened = {kind for kind, count in found["faults"].items() if count}
    assert happened >= {"belt_stopped", "frame_late", "frame_repeated", "frames_dropped"}


@pytest.mark.slow
def test_the_same_seed_replays_to_the_byte(monkeypatch):
    """Also one chunk alone is the one that ran among the others."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 5)
    first, again = (prove(10, 5, "colours") for _ in range(2))
    assert json.dumps(first.as_dict()) == json.dumps(again.as_dict())
    alone = [prove(10, 5, "colours", only_chunk=index) for index in range(2)]
    assert sum(one.sums["sorted_right"] for one in alone) == first.sums["sorted_right"]
    assert alone[0].faults + alone[1].faults == first.faults


ENDINGS = ("process_killed", "disk_full")
QUICK = ("frames_dropped", "frame_garbled", "steps_lost", "gate_refused", "estop_pressed")  # one of a sort; slow: all
KINDS = [one.name for one in dataclasses.fields(FaultRates) if one.name not in ENDINGS]


@pytest.mark.parametrize("kind", [one if one in QUICK else pytest.param(one, marks=pytest.mark.slow) for one in KINDS])
def test_each_kind_of_fault_is_injected_and_counted(kind, monkeypatch):
    """With one kind alone, and often, it happens, no other does, and the promises hold."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 12)
    often = dataclasses.replace(NO_FAULTS, **{kind: 0.02 if kind == "camera_stalled" else 0.1})
    # an encoder is on the belt that stops, of the second chunk; the third has the contacts for a hand
    chunk = 1 if kind.startswith("steps") else 2 if kind in ("estop_pressed", "line_stopped", "bin_filled") else 0
    proof = prove(12 * (chunk + 1), 1, "colours", rates=often, only_chunk=chunk)
    assert {one for one, count in proof.faults.items() if count} - {"belt_stopped"} == {kind}
    assert proof.ok, proof.wrong


@pytest.fixture
def ended_by(tmp_path):
    """What proves one chunk that ends before its time in a folder of its own."""
    return functools.partial(prove_ended, tmp_path)


def prove_ended(folder, kind, seed):
    """Prove one chunk of 25 parts that ends before its time, and goes wrong in no other way."""
    (chunk,) = chunks_of(25, seed)
    return prove_chunk.prove_chunk(
        chunk, prove_chunk.proof_line("colours"), dataclasses.replace(NO_FAULTS, **{kind: 1.0}), folder
    )


@pytest.mark.parametrize(("kind", "seed"), [("process_killed", 4), ("disk_full", 5)])
def test_a_line_that_ends_before_its_time_goes_on_with_the_same_journal(kind, seed, ended_by):
    """Every part has one account over both lives, and those left on the belt rode to reject."""
    found = ended_by(kind, seed)
    assert found.wrong == ()
    assert found.faults[kind] == 1
    assert found.sums["fed"] == 25
    assert 0 < found.sums["cut_short"] + found.sums["undecided"] < 12
    assert found.sums["sorted_right"] > 10


def test_a_row_that_a_killed_process_lost_is_found_out(ended_by, monkeypatch):
    """The proof can fail: a journal that were not on the disk yet would have lost what was promised."""

    def without_its_log(journal, folder):
        return shutil.copy(journal, folder / journal.name)

    monkeypatch.setattr(two_lives, "copy_journal", without_its_log)
    found = ended_by("process_killed", 1)
    assert any("promised to be on the disk" in one for one in found.wrong)


def test_gates_that_an_ending_leaves_away_are_found_out(ended_by, monkeypatch):
    """The proof can fail: gates that do not rest are seen, where one was away at that moment."""
    monkeypatch.setattr(two_lives.WatchedGates, "rest", lambda _self: None)
    assert any("away from rest when the line had ended" in one for one in ended_by("disk_full", 1).wrong)


@pytest.mark.slow
def test_several_processes_find_what_one_finds(monkeypatch):
    """Nothing depends on --jobs."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 8)
    alone, shared = (prove(24, 2, "colours", jobs=jobs).as_dict() for jobs in (1, 2))
    assert json.dumps(shared) == json.dumps(alone)


@pytest.mark.slow
def test_a_worker_that_dies_breaks_off_its_chunk_alone(monkeypatch):
    """Another one takes its place, and the proof says what happened."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 100)
    killed = []

    def kill_one(_proof):
        if not killed:
            victim = multiprocessing.active_children()[0]
            os.kill(victim.pid, signal.SIGKILL)
            killed.append(victim.pid)

    proof = prove(600, 2, "colours", jobs=2, told=kill_one)
    assert killed
    assert len(proof.failing_chunks) == 1
    assert "exit code -9" in proof.wrong[0]
    assert proof.sums["fed"] == 500


@pytest.mark.slow
def test_an_interrupted_proof_ends_its_workers(tmp_path, monkeypatch):
    """Whoever stops listening leaves no process and no file behind."""
    monkeypatch.setattr(prove_chunk, "IN_MEMORY", tmp_path)
    monkeypatch.setattr(proving, "CHUNK_PARTS", 50)

    def interrupted(_proof):
        assert multiprocessing.active_children()
        raise KeyboardInterrupt

    proof = prove(1000, 2, "colours", jobs=2, told=interrupted)
    assert proof.stopped_by == signal.SIGINT
    assert proof.sums["fed"] == 50
    assert not multiprocessing.active_children()
    assert not list(tmp_path.iterdir())


def test_a_wrong_label_is_the_model_s_and_counted_apart(monkeypatch):
    """A scorer that is often wrong misleads parts; none of them is the runtime's."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 25)
    proof = prove(25, 1, "colours", rates=dataclasses.replace(NO_FAULTS, wrong_label=0.3))
    assert proof.sums["wrong_by_model"] > 2
    assert proof.ok, proof.wrong


def test_a_line_that_times_its_gates_wrongly_is_found_out(monkeypatch):
    """The proof can fail: gates 80 mm off take other parts than decided, or none."""
    import edge.line

    honest = edge.line.gate_places

    def wrong(machine):
        return {
            label: [dataclasses.replace(one, travel_mm=one.travel_mm + 80) for one in places]
            for label, places in honest(machine).items()
        }

    monkeypatch.setattr(edge.line, "gate_places", wrong)
    monkeypatch.setattr(proving, "CHUNK_PARTS", 20)
    proof = prove(20, 1, "colours")
    assert not proof.ok
    assert proof.sums["wrong_by_runtime"] > 3
    assert "ended elsewhere than decided" in proof.wrong[0]


def test_a_gate_without_its_limits_is_found_out(monkeypatch):
    """The proof can fail: the witness of the pins does not ask the plan."""
    monkeypatch.setattr(WindowPlan, "_check_duty", lambda _self, _windows: None)
    monkeypatch.setattr(proving, "CHUNK_PARTS", 40)
    monkeypatch.setattr(chunks, "_MAX_DUTY", (0.02, 0.03))
    proof = prove(40, 1, "colours", rates=NO_FAULTS)
    assert not proof.ok
    assert proof.sums["limit_violations"] > 0
    assert "max_duty" in proof.wrong[0]


@pytest.mark.parametrize(
    ("number", "rates"),
    [
        (signal.SIGINT, NO_FAULTS),
        (signal.SIGTERM, KILLED),
        pytest.param(signal.SIGTERM, NO_FAULTS, marks=pytest.mark.slow),
        pytest.param(signal.SIGINT, KILLED, marks=pytest.mark.slow),
    ],
)
def test_a_signal_ends_the_proof_and_fails_no_chunk(number, rates, monkeypatch, tmp_path):
    """The line under proof, with one life or two, takes it for its own end; what it cut is in no sum and no folder."""
    monkeypatch.setattr(prove_chunk, "IN_MEMORY", tmp_path)
    monkeypatch.setattr(proving, "CHUNK_PARTS", 10)
    _signal_when_fed(15, number, monkeypatch)
    proof = prove(100, 1, "colours", rates=rates)
    assert proof.stopped_by == number
    assert (proof.chunks, proof.sums["fed"], proof.failing_chunks) == (1, 10, [])
    assert not proof.ok
    assert not list(tmp_path.iterdir())


def test_a_signal_that_comes_while_a_line_ends_is_not_forgotten(monkeypatch):
    """That line is whole and counted; the next one does not begin."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 10)
    real = Journal.ended

    def ended(journal, because, at):
        real(journal, because, at)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Journal, "ended", ended)
    proof = prove(100, 1, "colours", rates=NO_FAULTS)
    assert (proof.stopped_by, proof.chunks, proof.failing_chunks) == (signal.SIGTERM, 1, [])


@pytest.mark.slow
@pytest.mark.parametrize(("broken", "exit_code"), [(False, 143), (True, 1)])
def test_a_stopped_proof_says_how_far_it_came(broken, exit_code, monkeypatch):
    """In words and in the JSON; a promise that was broken before still makes it fail."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 10)
    if broken:
        monkeypatch.setattr(judged, "accounts", _one_missing)
    _signal_when_fed(25, signal.SIGTERM, monkeypatch)
    done = CliRunner().invoke(cli, ["prove", "--parts", "100", "--jobs", "1", "--model", "colours", "--json"])
    found = json.loads(done.stdout)
    assert done.exit_code == exit_code
    assert (found["stopped"], found["ok"], found["fed"], found["parts"]) == (True, False, 20, 100)
    assert "Stopped by SIGTERM after 20 of 100 parts" in done.stderr
    assert ("replay with" in done.stderr) == broken


def test_a_line_that_forgets_what_was_on_its_way_when_it_stopped_is_found_out(monkeypatch):
    """The proof can fail: gates rest, and the records still say that the parts were sorted."""
    monkeypatch.setattr("edge.in_transit.PartsInTransit.purge", lambda _self: None)
    monkeypatch.setattr(proving, "CHUNK_PARTS", 30)
    proof = prove(90, 1, "colours", rates=dataclasses.replace(NO_FAULTS, line_stopped=0.3), only_chunk=2)
    assert proof.sums["wrong_by_runtime"] > 0


def test_a_part_the_tracker_forgets_is_found_out(monkeypatch):
    """The proof can fail: a part that frames showed whole and that has no row is missed."""

    def forgetful(options, machine, model, source, digest, between: Between):
        run = emulate_line(options, machine, model, source, digest, between=between)
        return dataclasses.replace(run, rows=run.rows[1:])

    monkeypatch.setattr(prove_chunk, "emulate_line", forgetful)
    monkeypatch.setattr(proving, "CHUNK_PARTS", 20)
    proof = prove(20, 1, "colours", rates=NO_FAULTS)
    assert proof.sums["unaccounted"] == 1
    assert any("has no row" in one for one in proof.wrong)


def test_a_line_that_breaks_off_is_a_failure_with_its_seed(monkeypatch):
    """A camera that is lost too often ends the line: said, not raised."""
    monkeypatch.setattr(chunks, "_MOST_RESTARTS", 1)
    monkeypatch.setattr(proving, "CHUNK_PARTS", 20)
    proof = prove(20, 1, "colours", rates=dataclasses.replace(NO_FAULTS, camera_stalled=0.1))
    assert proof.failing_chunks == [0]
    assert "CameraError" in proof.wrong[0]
    assert proof.as_dict()["fed"] == 0


def test_a_proof_is_cut_into_chunks_with_seeds_of_their_own():
    """Every part is in one chunk; seeds differ between chunks and between proofs."""
    cut = list(chunks_of(2 * CHUNK_PARTS + 7, 1))
    assert [one.parts for one in cut] == [CHUNK_PARTS, CHUNK_PARTS, 7]
    assert len({one.seed for one in [*cut, *chunks_of(CHUNK_PARTS, 2)]}) == 4


def test_the_command_prints_the_figures_and_fails_with_its_seed(monkeypatch):
    """JSON with the promised keys; exit code 1 and how to replay it when a promise is broken."""
    monkeypatch.setattr(proving, "CHUNK_PARTS", 20)
    arguments = ["prove", "--parts", "20", "--seed", "4", "--model", "colours", "--json"]
    done = CliRunner().invoke(cli, arguments)
    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found.keys() >= {"seed", "ok", "fed", "wrong_by_runtime", "unaccounted", "limit_violations", "faults"}
    monkeypatch.setattr(judged, "accounts", _one_missing)
    broken = CliRunner().invoke(cli, arguments)
    assert broken.exit_code == 1
    assert "Failed with seed 4" in broken.stderr
    assert "--chunk 0" in broken.stderr


def test_a_chunk_that_is_not_there_is_a_usage_error():
    """It names the chunks there are."""
    done = CliRunner().invoke(cli, ["prove", "--parts", "10", "--model", "colours", "--chunk", "1"])
    assert done.exit_code == 2
    assert "0 to 0" in done.stderr


@pytest.mark.slow
def test_the_packaged_network_is_proved_too():
    """A longer run with the bundle's own model."""
    found = prove(1000, 11, jobs=default_jobs()).as_dict()
    assert found["ok"], found["wrong"]


@pytest.mark.slow
def test_a_long_proof_keeps_every_promise():
    """Some thousand parts, every kind of fault among them."""
    found = prove(5000, 12, "colours", jobs=default_jobs()).as_dict()
    assert found["ok"], found["wrong"]
    assert all(found["faults"].values())


@pytest.mark.slow
@pytest.mark.parametrize("chunk", [89, 125, 159])
def test_chunks_of_the_long_proof_that_once_found_something_keep_every_promise(chunk):
    """89: the belt stopped with a part 0.2 mm before its gate, which max_on_ms then cut; the record had it as caught.

    125: killed while its camera stalled, the line had not yet written that a part's opening was refused.
    159: steps came 35 ms late; a gate held open for a second part closed 0.2 s late and took the next part, too.
    """
    found = prove(100_000, 1, "colours", only_chunk=chunk).as_dict()
    assert found["ok"], found["wrong"]


def _signal_when_fed(parts, number, monkeypatch):
    """Send this process a signal when so many parts have been drawn in all."""
    real, drawn = ColouredParts.sprite, itertools.count(1)

    def sprite(*args):
        if next(drawn) == parts:
            os.kill(os.getpid(), number)
        return real(*args)

    monkeypatch.setattr(ColouredParts, "sprite", sprite)


def _one_missing(*_args):
    from edge.accounts import Accounts

    return Accounts(19, 0, 0, ("part 1 (red) is nowhere",))


def test_the_coloured_parts_are_told_apart():
    """The scorer is right about each colour, and unsure of an empty crop."""
    import numpy as np

    scorer = colour_model().scorer
    for index, label in enumerate(ColouredParts.labels):
        sprite = ColouredParts().sprite(label, np.random.default_rng(0), 2.0)
        assert int(np.argmax(scorer.scores(sprite.rgb))) == index
    assert scorer.scores(np.full((9, 9, 3), 90, np.uint8)).max() < 0.5
