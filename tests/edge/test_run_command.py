"""`edge-sort run` as a user meets it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from click.testing import CliRunner
from PIL import Image

from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.errors import GateError
from edge.interpreter import RUNTIMES
from edge.machine_command import machine_text

LABELS = ("coin", "key", "nut", "paper_clip", "part_a", "part_b", "screw")


def run(*arguments):
    return CliRunner().invoke(cli, ["run", *map(str, arguments)])


def emulate(*arguments):
    return run("--emulate", "--fast", *arguments)


@pytest.fixture
def machine_file(tmp_path):
    """A machine of the packaged bundle's labels with mock pins and recorded frames."""

    def write(frames=None, **changes):
        text = machine_text(LABELS).replace('"lgpio"', '"mock"')
        text = text.replace('"journal.sqlite"', f'"{tmp_path / "journal.sqlite"}"')
        if frames:
            text = text.replace('kind = "picamera2"', f'kind = "folder"\nfolder = "{frames}"')
            text = text.replace("frame_rate_hz = 20.0", "frame_rate_hz = 200.0")
        for old, new in changes.items():
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "machine.toml"
        path.write_text(text)
        return path

    return write


def test_the_emulated_line_runs_with_nothing_but_the_package():
    """No configuration, no hardware: the packaged bundle sorts rendered parts, and the counts add up."""
    done = emulate("--count", 15, "--seed", 7, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["fed"] == 15
    assert found["fed"] == (
        found["sorted_right"] + found["sorted_wrong"] + sum(found["rejected"].values()) + found["on_belt"]
    )
    assert found["wrong_by_runtime"] == 0
    assert found["sorted_right"] > 7
    assert set(found["gate_error_ms"]) == {"p50", "p99", "max"}
    assert set(found["bins"]) == set(LABELS)


def test_the_same_seed_prints_the_same_bytes():
    """Twice the same command, twice the same answer; another seed, another one."""
    first, second, other = (emulate("--count", 6, "--seed", seed, "--json").stdout for seed in (7, 7, 8))
    assert first == second != other


def test_photographs_ride_on_the_emulated_belt(tmp_path):
    """--parts takes a folder per class; a file that is no picture is named, not passed over in silence."""
    for label in LABELS:
        (tmp_path / label).mkdir()
        Image.new("RGB", (90, 90), (180, 60, 60)).save(tmp_path / label / "a.png")
    (tmp_path / "nut" / "notes.jpg").write_text("no picture")
    done = emulate("--count", 10, "--parts", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["fed"] == 10
    assert "notes.jpg" in done.stderr


def test_a_machine_file_can_be_emulated(machine_file):
    """--emulate --machine tries a real machine's geometry with pretend pins."""
    done = emulate("--machine", machine_file(), "--count", 10, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["wrong_by_runtime"] == 0


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize("real", [False, True])
def test_a_run_that_an_error_ends_prints_what_it_has_sorted(machine_file, tmp_path, monkeypatch, as_json, real):
    """The report goes to stdout as ever, the error to stderr, and the exit code is 1."""
    import edge.driven_line

    def lost(*_, **__):
        raise GateError("the gates fell down")

    def broken(_sorter, _camera, gates, _journal, _watch):
        monkeypatch.setattr(type(gates), "poll", lost)  # what a line has lost cannot be asked any more
        lost()

    monkeypatch.setattr(edge.driven_line, "run_line", broken)
    frames = tmp_path / "frames"
    frames.mkdir()
    Image.new("RGB", (640, 480)).save(frames / "0.png")
    there = ["--bundle", packaged_bundle(), "--machine", machine_file(frames)]
    done = run(*(there if real else ["--emulate", "--fast"]), *(["--json"] if as_json else []))
    assert done.exit_code == 1
    assert done.stderr.endswith("Error: the gates fell down\n")
    if as_json:
        found = json.loads(done.stdout)
        assert (found["ended_because"], found["error"]) == ("error", "the gates fell down")
    else:
        assert "gate timing error: no gate moved" in done.stdout


def test_recorded_frames_run_through_a_machine_file(machine_file, tmp_path):
    """The real path: folder camera, gate process on mock pins, journal on disk, summary."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(12):
        Image.new("RGB", (640, 480), (200, 200, 200)).save(frames / f"{number:03}.png")
    done = run("--bundle", packaged_bundle(), "--machine", machine_file(frames), "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["parts"] == 0
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as db:
        assert db.execute("SELECT clock, ended_because FROM runs").fetchall() == [("monotonic", "no more frames")]


def test_saved_frames_show_the_decisions(tmp_path):
    """--save-frames writes a picture for every frame in which a part was decided."""
    assert emulate("--count", 5, "--save-frames", tmp_path / "frames").exit_code == 0
    assert 1 <= len(list((tmp_path / "frames").glob("*.png"))) <= 5


def expect_error(done, *parts):
    """One sentence, exit code 1, no traceback."""
    assert done.exit_code == 1, done.output
    assert done.output.startswith("Error: ")
    assert done.output.count("\n") == 1
    for part in parts:
        assert str(part) in done.output


def test_a_bundle_that_is_not_there_is_an_error(tmp_path):
    expect_error(emulate("--bundle", tmp_path / "none"), "expected a bundle folder")


def test_a_changed_model_is_refused(tmp_path):
    """One byte of the model is enough, and the file is named."""
    bundle = tmp_path / "bundle"
    shutil.copytree(packaged_bundle(), bundle)
    model = bytearray((bundle / "model.tflite").read_bytes())
    model[len(model) // 2] ^= 1
    (bundle / "model.tflite").write_bytes(model)
    expect_error(emulate("--bundle", bundle), bundle / "model.tflite", "changed since")


def test_a_machine_with_an_unknown_key_is_refused(machine_file):
    expect_error(emulate("--machine", machine_file(guard_mm="gaurd_mm")), "decision.gaurd_mm")


def test_without_a_tflite_runtime_the_command_that_installs_one_is_said(monkeypatch):
    for name in RUNTIMES:
        monkeypatch.setitem(sys.modules, name, None)
    expect_error(emulate(), "pip install ai-edge-litert")


def test_without_picamera2_no_pin_is_touched(machine_file, monkeypatch):
    """The camera is opened before the gates: a missing one leaves the pins alone."""
    import edge.run_machine

    monkeypatch.setitem(sys.modules, "picamera2", None)
    monkeypatch.setattr(edge.run_machine, "GateProcess", lambda *_: pytest.fail("pins were opened"))
    expect_error(run("--bundle", packaged_bundle(), "--machine", machine_file()), "python3-picamera2")


def test_without_a_pin_factory_the_missing_library_is_said(machine_file, tmp_path):
    """No silent fallback to another factory."""
    try:
        import lgpio  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("lgpio is installed here")
    frames = tmp_path / "frames"
    frames.mkdir()
    Image.new("RGB", (640, 480)).save(frames / "0.png")
    path = machine_file(frames)
    path.write_text(path.read_text().replace('"mock"', '"lgpio"'))
    expect_error(run("--bundle", packaged_bundle(), "--machine", path), "gpio.pin_factory", "pip install lgpio")


def test_an_emulated_camera_moves_no_real_pin(machine_file):
    """A machine file that names the emulated camera is for --emulate only."""
    path = machine_file()
    path.write_text(path.read_text().replace('"picamera2"', '"emulated"'))
    expect_error(run("--bundle", packaged_bundle(), "--machine", path), "camera.kind", "--emulate")


@pytest.mark.parametrize(
    "arguments", [[], ["--bundle", "b"], ["--machine", "m"], ["--fast"], ["--emulate", "--count", "0"]]
)
def test_a_call_that_makes_no_sense_is_a_usage_error(arguments):
    """Exit code 2, with the usage."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Usage" in done.output


@pytest.mark.parametrize(
    ("number", "because"),
    [(signal.SIGINT, "interrupted"), pytest.param(signal.SIGTERM, "terminated", marks=pytest.mark.slow)],
)
def test_a_signal_ends_the_run_with_its_report(tmp_path, number, because):
    """Ctrl-C and SIGTERM on the real clock: the counts so far are printed and add up, exit code 0."""
    journal = tmp_path / "journal.sqlite"
    # a shell that runs the tests in the background has its children ignore Ctrl-C
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    script = f"{heed}; from edge.cli import main; main()"
    arguments = ["run", "--emulate", "--count", "500", "--rate", "240", "--json", "--journal", str(journal)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments], stdout=subprocess.PIPE, env=environment
    ) as process:
        _wait_for_a_part(process, journal)
        process.send_signal(number)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    found = json.loads(output)
    assert found["ended_because"] == because
    assert found["fed"] == (
        found["sorted_right"] + found["sorted_wrong"] + sum(found["rejected"].values()) + found["on_belt"]
    )


def _wait_for_a_part(process, journal):
    for _ in range(2000):
        if journal.exists() and _parts(journal):
            return
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue


def _parts(journal):
    try:
        with closing(sqlite3.connect(journal)) as db:
            return db.execute("SELECT count(*) FROM parts").fetchone()[0]
    except sqlite3.Error:
        return 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--emulate", "--speed", "nan"], "--speed"),
        (["--emulate", "--rate", "nan"], "--rate"),
        (["--bundle", "b", "--machine", "m", "--count", "5"], "--count belongs to --emulate"),
        (["--emulate", "--part-mm", "20"], "--part-mm is the size of the photographs"),
        (["--emulate", "--latency-ms", "20"], "--latency-ms belongs to --fast"),
        (["--emulate", "--machine", "m", "--speed", "20"], "--speed is in the machine file"),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(arguments, message):
    """Nothing that was asked for is dropped in silence, and no number that is none gets in."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert message in done.output


def test_parts_fed_too_densely_for_the_gates_are_refused():
    """10 mm from part to part cannot be sorted by gates that act on 56 mm: said, not tried."""
    expect_error(emulate("--speed", 10), "--rate: expected at most 18 parts a minute at --speed 10", "lower it")
    expect_error(emulate("--rate", 2000), "--rate: expected at most 272 parts a minute at --speed 150", "lower it")


def test_photographs_of_other_parts_are_refused(tmp_path):
    """Not one class of --parts is known to the bundle: the folder names are wrong."""
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        Image.new("RGB", (90, 90)).save(tmp_path / label / "a.png")
    expect_error(emulate("--parts", tmp_path), "found only cat, dog")


def test_a_class_named_reject_needs_no_gate(tmp_path):
    """Parts of such a class ride on to reject; the machine made for the bundle has no gate for them."""
    from edge.emulated_world import emulated_machine

    assert [gate.bin for gate in emulated_machine(("nut", "reject"), speed_mm_s=150, tiles=False).gates] == ["nut"]
    assert 'bin = "reject"' not in machine_text(("nut", "reject"))


def test_frames_are_not_mixed_with_those_of_another_run(tmp_path):
    """--save-frames wants a new or empty folder, as every output does."""
    (tmp_path / "mine.png").write_text("x")
    expect_error(emulate("--count", 2, "--save-frames", tmp_path), "found one in use")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_both_processes_still_ends_with_the_report(tmp_path, number):
    """systemd signals all processes of a service, a closed terminal all of a job: the gates must not end first."""
    if signal.getsignal(number) == signal.SIG_IGN:
        pytest.skip("these tests were started with nohup, which a line heeds too")
    journal = tmp_path / "journal.sqlite"
    script = "from edge.cli import main; main()"
    arguments = ["run", "--emulate", "--count", "500", "--rate", "240", "--json", "--journal", str(journal)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", script, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, start_new_session=True) as process:
        _wait_for_a_part(process, journal)
        os.killpg(process.pid, number)
        output, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert json.loads(output)["ended_because"] == "terminated"
