"""Calibrations find what the pretend belt and gate really do, and say when they found nothing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from click.testing import CliRunner

from edge.belt import FixedSpeedBelt
from edge.calibrate_belt import BeltMeasurement, PassTimer
from edge.calibrate_emulated import measure_emulated_belt, sweep_emulated_gate
from edge.calibrate_gate import BestOffset, SweepPoint, best_offset, points_of, sweep_offsets
from edge.calibrate_machine import FALL_S, EyeAnswers, OperatorAnswers
from edge.cli import cli
from edge.errors import DataError, MachineError
from edge.gate_limits import Window
from edge.machine import Machine
from edge.machine_command import machine_text
from edge.parts import Sighting
from edge.pins import open_pin_factory

CROP = np.zeros((4, 4, 3), dtype=np.uint8)


def sighting(x_mm, **facts):
    return Sighting(x_mm, 0.0, 20.0, 20.0, CROP, **facts)


def passes(frames):
    timer = PassTimer(FixedSpeedBelt(100.0), 160.0)
    found = [timer.see(number * 0.1, seen) for number, seen in enumerate(frames)]
    return [one for one in found if one is not None]


def test_a_part_s_pass_is_timed_once_it_is_gone():
    """11 mm a frame at ten frames a second are 110 mm/s, 1.1 times the belt's travel."""
    (done,) = passes([[], *([sighting(-50.0 + 11 * number)] for number in range(9)), []])
    assert (done.speed_mm_s, done.ratio) == (pytest.approx(110), pytest.approx(1.1))


@pytest.mark.parametrize(
    "frames",
    [
        [[sighting(-50.0)], [sighting(-39.0)], []],
        [[sighting(-50.0 + number)] for number in range(9)] + [[]],
        [[sighting(-50.0 + 11 * number), sighting(20.0)] for number in range(9)] + [[]],
        [[sighting(-50.0 + 11 * number, cut_upstream=True)] for number in range(9)] + [[]],
    ],
    ids=["too few frames", "too short a way", "two parts", "cut off"],
)
def test_what_is_no_clean_pass_is_not_timed(frames):
    """Better no figure than a wrong one."""
    assert passes(frames) == []


def test_the_speed_of_a_pretend_belt_is_found(machine, colored_parts):
    """Within half a per cent, whatever the seed has made of it."""
    for seed in (1, 2):
        measured, real_mm_s = measure_emulated_belt(machine, colored_parts, 4, seed, lambda _line: None)
        assert measured.speed_mm_s == pytest.approx(real_mm_s, rel=0.005)
        assert abs(real_mm_s - 150) > 1


def test_an_encoder_s_step_is_corrected_by_what_parts_do(table):
    """Parts go 1.02 times as far as counted: so is the step."""
    table["belt"] |= {"kind": "pulses", "pin": 5, "mm_per_step": 0.5}
    belt = Machine.model_validate(table).belt
    (timed,) = passes([[], *([sighting(-50.0 + 10.2 * number)] for number in range(9)), []])
    measured = BeltMeasurement(belt, (timed,))
    assert measured.suggestion() == "[belt]\nspeed_mm_s = 102.0\nmm_per_step = 0.5100"


def points(hits, step_ms=20.0):
    half = len(hits) // 2
    return [SweepPoint((index - half) * step_ms, 2, one) for index, one in enumerate(hits)]


@pytest.mark.parametrize(
    ("hits", "offset_ms"),
    [
        ([0, 2, 2, 2, 0], 0.0),
        ([0, 0, 2, 2, 0], 10.0),
        ([0, 1, 2, 2, 2, 1, 0], 0.0),
        ([1, 0, 0, 2, 2, 1, 2, 2, 0], 20.0),
    ],
)
def test_the_middle_of_what_works_is_best(hits, offset_ms):
    """A miss within and a lucky hit outside do not move it."""
    assert best_offset(points(hits)).offset_ms == offset_ms


@pytest.mark.parametrize(("hits", "message"), [([0, 0, 0], "found none"), ([2, 2, 0], "still catching"), ([], "none")])
def test_a_sweep_that_shows_no_middle_is_an_error(hits, message):
    """With what to do."""
    with pytest.raises(DataError, match=message):
        best_offset(points(hits))


def test_a_lag_below_zero_is_not_suggested(machine):
    """The distance is then the one to correct."""
    gate = machine.gates[0]
    assert BestOffset(10.0, -90.0, 110.0).suggestion(gate, machine).startswith("lag_ms = 30 ")
    assert BestOffset(-30.0, -90.0, 30.0).suggestion(gate, machine).startswith("travel_mm = 204.5 ")


def test_a_pretend_gate_s_lag_is_found(table, color_model, colored_parts):
    """Within a step of the sweep: parts and gate are followed through the whole line."""
    for gate in table["gates"]:
        gate["dwell_ms"] = 300.0
    machine = Machine.model_validate(table)
    only = dataclasses.replace(color_model)
    colored_parts.labels = ("red",)
    gate = machine.gates[0]
    found = sweep_emulated_gate(machine, gate, only, colored_parts, sweep_offsets(270, 30, 1), 3)
    assert gate.lag_ms + best_offset(found.points).offset_ms == pytest.approx(found.real_lag_ms, abs=30)
    assert abs(found.real_lag_ms - gate.lag_ms) > 1


def test_answers_are_counted_by_offset():
    """In the order of the offsets."""
    assert points_of([(20.0, True), (0.0, False), (20.0, False)]) == [SweepPoint(0.0, 1, 0), SweepPoint(20.0, 2, 1)]


def test_an_eye_in_the_chute_knows_what_fell(monkeypatch):
    """A beam broken within FALL_S of the opening is a catch; silence is none, but only afterwards."""
    factory = open_pin_factory("mock")
    eye = EyeAnswers(20, factory)
    monkeypatch.setattr("edge.calibrate_machine.time.monotonic", lambda: 5.5)
    factory.pin(20).drive_low()
    assert eye.of(1, Window(5.0, 5.3), 5.6) is True
    assert eye.of(2, Window(6.0, 6.3), 6.4) is None
    assert eye.of(2, Window(6.0, 6.3), 6.31 + FALL_S) is False
    eye.close()


def test_an_operator_is_asked_once_for_each_part(monkeypatch, tmp_path):
    """The line does not wait: no answer yet is no answer; nonsense is asked again; the end of input is an error."""
    answers = tmp_path / "answers"
    answers.write_text("perhaps\ny\n")
    told = []
    operator = OperatorAnswers(told.append)
    window = Window(1.0, 1.3)
    with answers.open() as stdin:
        monkeypatch.setattr("edge.calibrate_machine.sys.stdin", stdin)
        monkeypatch.setattr("edge.calibrate_machine.select.select", lambda r, w, x, t: (r, w, x))
        assert operator.of(1, window, 1.4) is None
        assert told == []
        assert operator.of(1, window, 9.0) is None
        assert operator.of(2, window, 9.0) is None
        assert operator.of(1, window, 9.1) is True
        assert told == ["part 1: did it fall into the bin? y or n, and Enter", "expected y or n"]
        with pytest.raises(MachineError, match="give --eye"):
            operator.of(2, window, 9.2)


def test_the_belt_command_prints_lines_for_the_machine_file(tmp_path):
    """As a user meets it."""
    path = tmp_path / "machine.toml"
    path.write_text(machine_text(("nut", "coin")).replace('"lgpio"', '"mock"'))
    done = CliRunner().invoke(cli, ["calibrate", "belt", "--machine", str(path), "--emulate", "--count", "2"])
    assert done.exit_code == 0, done.output
    assert "2 parts: " in done.output
    assert "suggestion for" in done.output
    assert "[belt]\nspeed_mm_s = " in done.output


def test_the_gate_command_takes_no_photo_eye_of_an_emulated_belt():
    """The option would have been ignored without a word."""
    done = CliRunner().invoke(cli, ["calibrate", "gate", "nut", "--machine", "any.toml", "--emulate", "--eye", "4"])
    assert done.exit_code == 2
    assert "--eye: expected a real gate, found --emulate" in done.output
