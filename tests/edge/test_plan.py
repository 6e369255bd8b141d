"""What `edge-sort plan` says holds: its bounds are where the checks begin to refuse, and `run` uses its words."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from hypothesis import assume, given
from hypothesis import strategies as st

from edge import budget
from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.errors import MachineError
from edge.machine import Machine, read_machine
from edge.machine_checks import machine_problems
from edge.machine_command import machine_text
from edge.measured_latency import measure_latency
from edge.plan import Latency, make_plan, require_in_time
from tests.edge.conftest import machine_table

MS, MM, SPEED = st.floats(0.1, 2000), st.floats(1, 2000), st.floats(5, 3000)
GIVEN = Latency(find_p50=4, find_p99=6, classify_p50=10, classify_p99=20, source="given")


@st.composite
def machines(draw):
    """Machines whose values are each fine; whether they work together is what is asked."""
    table = machine_table()
    table["belt"] = {"speed_mm_s": draw(SPEED), "pitch_mm": draw(st.none() | st.floats(10, 500))}
    table["camera"] |= {"mm_per_px": draw(st.floats(0.05, 2)), "frame_rate_hz": draw(st.floats(1, 120))}
    table["camera"]["exposure_ms"] = 0.1
    table["decision"] = {"latency_ms": draw(MS), "guard_mm": draw(st.floats(0.5, 10))}
    for gate in table["gates"]:
        dwell_ms = draw(st.floats(5, 1500))
        gate |= {"travel_mm": draw(MM), "lag_ms": draw(st.floats(0, 200)), "dwell_ms": dwell_ms, "max_on_ms": 1500.0}
    return Machine.model_validate(table)


def at_speed(machine, speed_mm_s):
    return machine.model_copy(update={"belt": machine.belt.model_copy(update={"speed_mm_s": speed_mm_s})})


@given(machines())
def test_the_bounds_of_the_speed_are_where_the_checks_begin_to_refuse(machine):
    """A little inside of them the machine works, a little outside it does not."""
    plan = make_plan(machine)
    least, largest = plan.least_speed_mm_s, plan.largest_speed_mm_s
    assume(largest > 0)
    assert machine_problems(at_speed(machine, largest * 1.001))
    assert machine_problems(at_speed(machine, least * 0.999))
    if least * 1.001 < largest * 0.999:
        for speed in (least * 1.001, (least + largest) / 2, largest * 0.999):
            assert machine_problems(at_speed(machine, speed)) == []


@given(machines())
def test_a_gate_fits_exactly_where_its_distance_is_to_spare(machine):
    """The smallest distance printed is the one the check asks for."""
    plan = make_plan(machine)
    refused = {problem.split(":")[0] for problem in plan.problems if ".travel_mm" in problem}
    assert refused == {f"gates.{index}.travel_mm" for index, gate in enumerate(plan.gates) if gate.spare_mm < 0}


@given(speed=SPEED, latency=MS, lag=st.floats(0, 500), dwell=MS)
def test_distance_and_speed_are_inverse(speed, latency, lag, dwell):
    """v = s / t and s = v t."""
    travel = budget.least_travel_mm(speed, latency, lag, dwell)
    assert budget.speed_for_travel_mm_s(travel, latency, lag, dwell) == pytest.approx(speed)


@given(speed=SPEED, dwell=MS, guard=st.floats(0, 20), rate=st.floats(1, 200))
def test_view_and_speed_are_inverse(speed, dwell, guard, rate):
    """As long as the guard alone does not fill the view."""
    view = budget.least_view_mm(speed, dwell, guard, rate)
    assert budget.speed_for_view_mm_s(view, dwell, guard, rate) == pytest.approx(speed)


@given(speed=SPEED, dwell=MS, guard=st.floats(0, 20), part=MM)
def test_pitch_and_speed_are_inverse_where_the_window_is_longer_than_the_part(speed, dwell, guard, part):
    """A longer part keeps the others away by itself."""
    pitch = budget.least_pitch_mm(speed, dwell, guard, part)
    assert pitch >= part + guard
    assume(budget.way_mm(speed, dwell) > part * 1.000001)
    assert budget.speed_for_pitch_mm_s(pitch, dwell, guard, part) == pytest.approx(speed)


@given(speed=SPEED, exposure=st.floats(0.01, 100), scale=st.floats(0.01, 5))
def test_blur_and_exposure_are_inverse(speed, exposure, scale):
    """The exposure for the blur of an exposure is that exposure."""
    blurred = budget.blur_px(speed, exposure, scale)
    assert budget.exposure_for_blur_ms(speed, blurred, scale) == pytest.approx(exposure)


def test_the_known_example_of_blur():
    """One pixel at 0.156 mm/px allows 1.56 ms at 100 mm/s."""
    assert budget.exposure_for_blur_ms(100, 1, 0.156) == pytest.approx(1.56)


def test_parts_closer_than_the_pitch_are_crowded_and_further_ones_are_not(machine):
    """The formula is the tracker's own rule for two parts of one length."""
    spacing, dwell_ms = machine.spacing, max(gate.dwell_ms for gate in machine.gates)
    for part_mm in (5.0, 20.0, 49.0, 80.0):
        pitch_mm = budget.least_pitch_mm(machine.belt.speed_mm_s, dwell_ms, spacing.guard_mm, part_mm)
        assert pitch_mm - part_mm == pytest.approx(spacing.free_mm(part_mm))


def test_a_latency_that_is_measured_counts_for_every_gate(machine):
    """What is needed beyond what is allowed is a problem, and the distances are those it needs."""
    slow = Latency(5, 5, 150, 200, "given")
    plan = make_plan(machine, slow, delivery_ms=0)
    assert plan.needed_ms == pytest.approx(0.5 + 5 + 200 * 3)
    assert plan.problems[0].startswith("decision.latency_ms: expected at least the 606 ms")
    assert plan.gates[0].least_mm == pytest.approx(0.15 * (605.5 + 20 + 185))
    assert make_plan(machine, GIVEN, delivery_ms=0).fits


def test_a_machine_on_which_one_decision_takes_too_long_is_refused_by_run(machine):
    """With the words of the plan."""
    with pytest.raises(MachineError, match=r"decision\.latency_ms: expected at least the 105 ms.*raise it to 105"):
        require_in_time(machine, Latency(4, 4, 100, 100, "measured"))
    require_in_time(machine, GIVEN)


def test_what_takes_time_is_measured(machine):
    """Finding and classifying each take some, and the 99th percentile is not below the middle."""

    class Scorer:
        def scores(self, image):
            return image.astype(float).mean(axis=(0, 1))

    latency = measure_latency(machine, Scorer(), runs=5)
    assert 0 < latency.find_p50 <= latency.find_p99
    assert 0 < latency.classify_p50 <= latency.classify_p99


def plan_of(tmp_path, *options, old="", new=""):
    path = tmp_path / "machine.toml"
    text = machine_text(("nut", "coin"))
    assert old in text
    path.write_text(text.replace(old, new, 1))
    return path, CliRunner().invoke(cli, ["plan", str(path), *options])


def test_a_machine_that_fits_says_so(tmp_path):
    """Exit code 0; the JSON has the budget, the bounds and no problem."""
    _, result = plan_of(tmp_path)
    assert result.exit_code == 0
    assert result.output.endswith("It fits.\n")
    _, result = plan_of(tmp_path, "--json", "--latency-ms", "4", "6")
    found = json.loads(result.output)
    assert found["fits"]
    assert found["least_travel_mm"] == pytest.approx(40.0)
    assert found["largest_speed_mm_s"] == pytest.approx(154 / (0.56 + 0.1))
    assert found["exposure_for_one_px_ms"] == pytest.approx(2.5)
    assert found["steps_ms"]["camera to sorter"] == 50.0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("travel_mm = 200", "travel_mm = 39", "slow belt.speed_mm_s to 97.5"),
        ("width_px = 640", "width_px = 260", "slow belt.speed_mm_s to 89.3"),
        ("speed_mm_s = 100.0", "speed_mm_s = 100.0\npitch_mm = 31.0", "slow belt.speed_mm_s to 92.8"),
    ],
)
def test_an_impossible_machine_is_refused_by_plan_and_run_with_the_same_words(tmp_path, old, new, message):
    """Exit code 1, and the number that is advised works."""
    path, result = plan_of(tmp_path, old=old, new=new)
    assert result.exit_code == 1
    problem = result.output.splitlines()[-1].strip()
    assert message in problem
    ran = CliRunner().invoke(cli, ["run", "--bundle", str(packaged_bundle()), "--machine", str(path)])
    assert ran.exit_code == 1
    assert f"Error: {path}: {problem}" in ran.output
    speed = message.rpartition(" ")[2]
    path.write_text(path.read_text().replace("speed_mm_s = 100.0", f"speed_mm_s = {speed}"))
    read_machine(path)


def test_every_problem_is_listed(tmp_path):
    """Not only the first one."""
    path, _ = plan_of(tmp_path)
    path.write_text(path.read_text().replace("travel_mm = 2", "travel_mm = 0.2"))
    result = CliRunner().invoke(cli, ["plan", str(path)])
    assert result.output.count("travel_mm: expected at least") == 2


def test_an_exposure_that_blurs_is_a_warning(tmp_path):
    """It sorts worse, but it sorts."""
    _, result = plan_of(tmp_path, old="exposure_ms = 1.0", new="exposure_ms = 10.0")
    assert result.exit_code == 0
    assert "blurs by 4.0 pixels; for one pixel set 2.50" in result.output


def test_percentiles_the_wrong_way_round_are_a_usage_error(tmp_path):
    """The order is said."""
    _, result = plan_of(tmp_path, "--latency-ms", "20", "10")
    assert result.exit_code == 2
    assert "P50 before P99" in result.output


def test_the_latency_of_a_bundle_is_measured_here(tmp_path):
    """With the labels of the machine checked against the bundle's."""
    path, result = plan_of(tmp_path, "--bundle", str(packaged_bundle()), "--delivery-ms", "1", "--json")
    assert json.loads(result.output)["latency_source"] == "measured here, 100 runs"
    path.write_text(path.read_text().replace('labels = ["nut"]', 'labels = ["bolt"]'))
    result = CliRunner().invoke(cli, ["plan", str(path), "--bundle", str(packaged_bundle())])
    assert result.exit_code == 1
    assert "found 'bolt'" in result.output
