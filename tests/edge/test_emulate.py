"""The whole line on the manual clock: conservation, repeatability, and no part in a wrong bin by the runtime."""

from __future__ import annotations

import dataclasses
import sqlite3
from contextlib import closing

import numpy as np
import pytest

from edge import emulate
from edge.clocks import ManualClock
from edge.emulate import emulate_line, run_emulated
from edge.emulated_world import EmulateOptions, emulated_machine
from edge.errors import MachineError
from edge.gates import GateMove
from edge.line_report import report_text
from edge.machine import Machine
from edge.machine_checks import check_machine
from edge.watched_gates import WatchedGates


def run(machine, model, parts, **options):
    return emulate_line(EmulateOptions(**{"fast": True, "count": 30, **options}), machine, model, parts, "digest")


def accounted(report):
    return report.sorted_right + report.sorted_wrong + sum(report.rejected.values()) + report.on_belt


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 4))])
def test_every_part_is_accounted_for_and_none_is_misled(machine, color_model, colored_parts, seed):
    """Fed = sum of all outcomes; with a perfect classifier nothing lands in a wrong bin, nothing is struck."""
    report = run(machine, color_model, colored_parts, seed=seed).report
    assert report.fed == accounted(report) == 30
    assert (report.sorted_wrong, report.wrong_by_runtime, report.struck) == (0, 0, 0)
    assert (report.on_belt, report.strays, report.ghosts) == (0, 0, 0)
    assert set(report.rejected) <= {"crowded", "too_long", "odd_size"}  # the rectangles of a colour differ much in size
    assert report.sorted_right > 23


@pytest.mark.parametrize(
    ("speed_mm_s", "rate_per_min"),
    [pytest.param(50, 30, marks=pytest.mark.slow), pytest.param(300, 120, marks=pytest.mark.slow), (500, 200)],
)
def test_speed_is_no_excuse(color_model, colored_parts, speed_mm_s, rate_per_min):
    """At other speeds the emulated machine is another one, and its line is as right."""
    machine = emulated_machine(colored_parts.labels, speed_mm_s=speed_mm_s, tiles=False)
    report = run(machine, color_model, colored_parts, rate_per_min=rate_per_min).report
    assert (report.sorted_wrong, report.wrong_by_runtime, report.struck) == (0, 0, 0)
    assert report.sorted_right > 20


def test_the_same_seed_gives_the_same_run(machine, color_model, colored_parts):
    """Everything reported, and every journal row, repeats to the bit."""
    options = EmulateOptions(fast=True, seed=7)
    first, second = (run(machine, color_model, colored_parts, seed=7, count=10).as_dict(options) for _ in range(2))
    assert first == second


def test_a_part_classified_too_late_goes_to_reject(machine, color_model, colored_parts):
    """When classifying takes seconds, gates are not moved late: parts are late, and no other part suffers."""
    report = run(machine, color_model, colored_parts, latency_ms=900.0).report
    assert report.rejected.get("late", 0) + report.rejected.get("lost", 0) + report.rejected.get("unseen", 0) > 4
    assert (report.sorted_wrong, report.wrong_by_runtime, report.struck) == (0, 0, 0)
    assert report.fed == accounted(report)


def test_a_wrong_label_is_not_the_runtime_s_fault(machine, color_model, colored_parts):
    """A model that always says red sorts wrongly, and the report keeps the two kinds apart."""

    class AlwaysRed:
        def scores(self, image):
            return np.array([0.99, 0.005, 0.005], dtype=np.float32)

    model = dataclasses.replace(color_model, scorer=AlwaysRed())
    report = run(machine, model, colored_parts, count=15).report
    assert report.sorted_wrong > 7
    assert report.wrong_by_runtime == 0
    assert report.bins["red"].purity < 0.5


def test_a_line_of_servos_is_as_right(table, color_model, colored_parts):
    """Gates that take 100 ms to move are away in time, and strike no part on their way."""
    for gate in table["gates"]:
        servo = {"kind": "servo", "rest_us": 1000.0, "away_us": 2000.0, "move_ms": 100.0, "min_off_ms": 100.0}
        gate |= servo | {"dwell_ms": 300.0}
    machine = Machine.model_validate(table)
    check_machine(machine)
    report = run(machine, color_model, colored_parts, rate_per_min=50, count=25).report
    assert (report.sorted_wrong, report.wrong_by_runtime, report.struck) == (0, 0, 0)
    assert report.sorted_right > 17


def test_each_gate_takes_only_the_parts_it_acts_long_enough_for(table, color_model, colored_parts):
    """30 mm of belt, less the guard on both sides: of the red parts those up to 24 mm, of the others all."""
    table["gates"][0] |= {"dwell_ms": 200.0}
    line = run(Machine.model_validate(table), color_model, colored_parts, rate_per_min=50, count=40)
    assert (line.report.wrong_by_runtime, line.report.struck) == (0, 0)
    assert line.report.rejected["too_long"] > 3
    assert line.report.bins["red"].total > 3


def test_a_part_too_long_for_the_first_gate_of_its_bin_goes_to_the_next(table, color_model, colored_parts):
    """The first red gate catches up to 24 mm, the second all."""
    short = table["gates"][0] | {"name": "short", "pin": 5, "dwell_ms": 200.0, "travel_mm": 120.0}
    table["gates"].insert(0, short)
    report = run(Machine.model_validate(table), color_model, colored_parts, rate_per_min=50, count=40).report
    assert (report.wrong_by_runtime, report.struck) == (0, 0)
    assert "too_long" not in report.rejected
    assert report.bins["red"].total > 10


def test_a_second_gate_takes_what_the_first_may_not(table, color_model, colored_parts):
    """Several gates per class: when one is at its duty limit the next one for that class takes over."""
    table["gates"] = [
        table["gates"][0] | {"labels": ["red", "green"], "bin": "warm", "max_duty": 0.05},
        table["gates"][1] | {"labels": ["red", "green"], "bin": "warm"},
        table["gates"][2],
    ]
    machine = Machine.model_validate(table)
    check_machine(machine)
    report = run(machine, color_model, colored_parts).report
    assert report.rejected.get("gate_resting", 0) == 0
    assert (report.sorted_wrong, report.wrong_by_runtime, report.struck) == (0, 0, 0)
    assert report.bins["warm"].right > 14


def test_a_class_without_a_gate_goes_to_reject(table, color_model, colored_parts):
    """Fewer gates than classes: the others ride on, with their reason."""
    table["gates"] = table["gates"][:2]
    machine = Machine.model_validate(table)
    report = run(machine, color_model, colored_parts, count=15).report
    assert report.rejected["no_bin"] > 2
    assert report.sorted_wrong == 0


def test_gates_that_open_at_the_wrong_place_are_found_out(machine, color_model, colored_parts, monkeypatch):
    """The physics is not told what was decided: a gate timed 60 mm off shows as the runtime's fault."""
    import edge.line

    honest = edge.line.gate_places

    def wrong(machine):
        places = honest(machine).items()
        return {
            label: [dataclasses.replace(one, travel_mm=one.travel_mm + 60) for one in those] for label, those in places
        }

    monkeypatch.setattr(edge.line, "gate_places", wrong)
    report = run(machine, color_model, colored_parts, count=15).report
    assert report.wrong_by_runtime > 5
    assert report.fed == accounted(report)


def test_the_journal_holds_every_part_and_its_gate_s_moments(machine, color_model, colored_parts, tmp_path):
    """One row per part seen; a sorted part's gate opened and closed when it should."""
    path = tmp_path / "journal.sqlite"
    report = run(machine, color_model, colored_parts, journal=path, count=15).report
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        rows = db.execute("SELECT * FROM parts").fetchall()
        assert db.execute("SELECT ended_because FROM runs").fetchone()[0] == "no more frames"
    assert len(rows) == report.fed
    for row in rows:
        if row["bin"] != "reject":
            assert row["opened_s"] <= row["opens_s"] + 1e-9
            assert row["closed_s"] >= row["closes_s"] - 1e-9


ENCODER = {"kind": "encoder", "mm_per_step": 0.5, "pin": 5, "pin_b": 6}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_belt_that_stops_and_changes_its_speed_misleads_no_part(table, color_model, colored_parts, seed):
    """Deadlines move with the belt; who stood at a gate when it stopped is given up, the others are sorted."""
    table["belt"] |= ENCODER
    machine = Machine.model_validate(table)
    check_machine(machine)
    done = run(machine, color_model, colored_parts, seed=seed, count=40, unsteady=True)
    report = done.report
    assert report.fed == accounted(report) == 40
    assert (report.sorted_wrong, report.wrong_by_runtime, report.strays, report.ghosts) == (0, 0, 0, 0)
    assert done.summary.incidents["belt_stopped"] >= 2
    assert report.sorted_right > 26
    windows = done.summary.windows.as_dict()
    assert windows["on_time"] > 26
    assert windows["late"] == 0
    assert windows["most_late_mm"] < 1.5


@pytest.mark.slow
def test_an_unsteady_belt_repeats_to_the_bit(table, color_model, colored_parts):
    """The belt's whims, its steps and every reaction follow from the seed."""
    table["belt"] |= ENCODER
    machine, options = Machine.model_validate(table), EmulateOptions(fast=True, seed=5)
    first, second = (
        run(machine, color_model, colored_parts, seed=5, count=10, unsteady=True).as_dict(options) for _ in range(2)
    )
    assert first == second


@pytest.mark.slow
def test_an_unsteady_belt_on_the_real_clock(table, color_model, colored_parts):
    """A thread follows the belt, the gate process is told the new windows: perhaps late, never wrong."""
    table["belt"] |= ENCODER | {"speed_mm_s": 300.0}
    for gate in table["gates"]:
        gate["dwell_ms"] = 185.0
    table["camera"]["frame_rate_hz"] = 20.0
    machine = Machine.model_validate(table)
    done = run(machine, color_model, colored_parts, fast=False, count=6, rate_per_min=200, unsteady=True, seed=3)
    assert done.report.fed == accounted(done.report) == 6
    assert done.report.sorted_wrong == 0


def test_a_belt_faster_than_configured_is_found_out_by_the_camera(machine, color_model, colored_parts):
    """8 % too fast, and no encoder: an incident says so, and what to do."""
    told = []
    options = EmulateOptions(fast=True, count=20, belt_error=0.08)
    done = emulate_line(options, machine, color_model, colored_parts, "digest", tell=told.append)
    assert done.summary.incidents["belt_speed"] >= 1
    assert any("parts move 1.08 times as fast" in line for line in told)


def test_a_belt_without_an_encoder_cannot_be_unsteady(machine, color_model, colored_parts):
    """Asked for by name."""
    with pytest.raises(MachineError, match="leave --unsteady out"):
        run(machine, color_model, colored_parts, unsteady=True)


def test_on_the_real_clock_every_part_is_accounted_for(color_model, colored_parts):
    """The same line on the monotonic clock with the gates in their own process: perhaps late, never wrong."""
    machine = emulated_machine(colored_parts.labels, speed_mm_s=500, tiles=False)
    done = run(machine, color_model, colored_parts, fast=False, count=3, rate_per_min=200)
    assert done.report.fed == accounted(done.report) == 3
    assert done.report.sorted_wrong == 0
    assert done.as_dict(EmulateOptions())["clock"] == "monotonic"


def test_the_text_says_what_the_clock_can_prove(machine, color_model, colored_parts):
    """On the manual clock the gates are exact by construction, and the report does not pretend to have measured."""
    done = run(machine, color_model, colored_parts, count=10)
    assert "by construction" in report_text(done.report, done.gate_error, exact_clock=True)


@pytest.mark.parametrize("speed_mm_s", [10, 75, 150, 400, 1000, 3000])
def test_the_emulated_machine_passes_the_checks_of_a_real_one(speed_mm_s):
    """At every speed that can be asked for."""
    check_machine(emulated_machine(("a", "b", "c"), speed_mm_s=speed_mm_s, tiles=False))


def test_crops_that_are_too_blurred_do_not_vote(table, color_model, colored_parts):
    """Where the machine file sets a limit no crop reaches, every lone part goes to reject as blurred."""
    table["decision"] = {"min_sharpness": 1e6}
    report = run(Machine.model_validate(table), color_model, colored_parts, count=15).report
    assert report.sorted_right == 0
    assert report.rejected["blurred"] > 10


def test_gate_error_counts_planned_moves_only():
    """An emergency rest has no due moment."""

    class Told:
        def __init__(self, moves):
            self.moves = moves

        def poll(self, *, alive=True):
            return self.moves

        def note(self, move):
            """Nobody rides on this belt."""

    planned = [GateMove("g", "opened", 1.001, 1.0, 1), GateMove("g", "closed", 2.003, 2.0, 1)]
    rest = GateMove("g", "closed", 9.0, None, 1)
    watched = WatchedGates(Told([*planned, rest]), Told([]), ManualClock())
    watched.poll()
    assert watched.error_ms() == {"p50": 2.0, "p99": 2.98, "max": 3.0}
    only_rest = WatchedGates(Told([rest]), Told([]), ManualClock())
    only_rest.poll()
    assert only_rest.error_ms() == {"p50": None, "p99": None, "max": None}
    assert only_rest.last == {"g": "closed"}


@pytest.mark.parametrize("fast", [True, False])
def test_the_model_is_warm_before_the_first_part_where_time_is_real(monkeypatch, fast):
    """On the manual clock nothing is asked of it beside the parts: a run is the same to the bit."""
    asked = []
    monkeypatch.setattr("edge.emulate.measure_latency", lambda machine, scorer, runs: asked.append("warmed"))
    monkeypatch.setattr("edge.emulate.emulate_line", lambda *_arguments, **_options: asked.append("line"))
    run_emulated(EmulateOptions(fast=fast))
    assert asked == (["line"] if fast else ["warmed", "line"])


def test_inputs_that_nobody_could_press_are_left_out_and_told_of(table):
    """On the real clock; without a word the line would seem to ignore its start button."""
    told = []
    table["inputs"] = {"start": {"pin": 22, "active_high": False}}
    wired = Machine.model_validate(table)
    assert emulate._unwired(wired, told.append).inputs.start is None
    assert told[0].startswith("[inputs], [stack_light] and confirm eyes are left out")
    told.clear()
    bare = emulate._unwired(wired, lambda _line: None)
    assert emulate._unwired(bare, told.append) == bare
    assert told == []
