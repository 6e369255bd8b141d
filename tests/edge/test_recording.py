"""A recording gives back the very frames and moments, and is good up to its last whole frame whatever ended it."""

from __future__ import annotations

import functools
import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.bundle import open_bundle
from edge.camera_recording import RecordingCamera
from edge.cli import cli
from edge.clocks import ManualClock
from edge.emulate import run_emulated
from edge.emulated_world import EmulateOptions, packaged_bundle
from edge.errors import CameraError, DataError
from edge.gate_tables import McuTable
from edge.machine import Machine
from edge.parts import Frame
from edge.record import RecordLimits, record, record_emulated, record_machine
from edge.recorder import Recorder
from edge.recording import FRAMES_FILE, Recording, RecordingFacts
from edge.replay_run import replay_run

FACTS = RecordingFacts(
    width_px=96,
    height_px=64,
    mm_per_px=1.0,
    frame_rate_hz=10.0,
    camera="emulated",
    machine_sha256="m",
    started_at_utc="2026-01-05T06:00:00+00:00",
)


def noise(seed):
    return np.random.default_rng(seed).integers(0, 256, (64, 96, 3), dtype=np.uint8)


def write(folder, count=3, times=None):
    times = times or [7.0 + number / 10 for number in range(count)]
    with Recorder(folder, FACTS) as recorder:
        for number, at in enumerate(times):
            recorder.add(Frame(noise(number), at, number), at + 0.01)
        recorder.because = "limit"
    return folder


def play(folder, clock=None):
    return list(RecordingCamera(folder, size=(96, 64), mm_per_px=1.0, clock=clock or ManualClock()).frames())


@settings(max_examples=20)
@given(st.lists(st.floats(1e-3, 1e6), min_size=1, max_size=5, unique=True))
def test_pixels_and_moments_come_back_to_the_bit(tmp_path_factory, times):
    """Also those that have no short decimal form."""
    times = sorted(times)
    frames = play(write(tmp_path_factory.mktemp("r") / "recording", times=times))
    assert [frame.taken_at for frame in frames][-1] == times[-1]
    assert {frame.taken_at for frame in frames} <= set(times)
    assert all(np.array_equal(frame.image, noise(frame.number)) for frame in frames)


def test_on_a_later_clock_all_moments_shift_by_the_same(tmp_path):
    """The distances between frames are what the belt's arithmetic needs."""
    frames = play(write(tmp_path / "r"), ManualClock(1000.0))
    assert np.diff([frame.taken_at for frame in frames]) == pytest.approx([0.1, 0.1])
    assert frames[0].taken_at > 1000.0


def test_frames_that_nobody_fetched_in_time_are_dropped(tmp_path):
    """As by a real camera."""
    clock = ManualClock()
    numbers = []
    for frame in RecordingCamera(write(tmp_path / "r", 5), size=(96, 64), mm_per_px=1.0, clock=clock).frames():
        numbers.append(frame.number)
        clock.sleep_until(clock.now() + 0.25)
    assert numbers == [0, 2, 4]


def test_a_changed_pixel_is_found(tmp_path):
    """A replay on other pixels proves nothing."""
    folder = write(tmp_path / "r")
    (folder / "00000001.png").write_bytes((folder / "00000000.png").read_bytes())
    with pytest.raises(DataError, match=r"00000001\.png: expected the pixels that were recorded"):
        play(folder)


@settings(max_examples=20)
@given(st.data())
def test_a_list_cut_anywhere_gives_the_whole_frames_before_the_cut(tmp_path_factory, data):
    """As a kill or a full disk leaves it."""
    folder = write(tmp_path_factory.mktemp("r") / "recording", 4)
    whole = (folder / FRAMES_FILE).read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    (folder / FRAMES_FILE).write_bytes(whole[:cut])
    lines = whole[:cut].count(b"\n")
    if lines == 0:
        with pytest.raises(CameraError, match="expected recorded frames, found none"):
            Recording(folder)
        return
    recording = Recording(folder)
    assert recording.cut_short
    assert len(recording.frames) == lines


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: lines[1:], "expected 3 frames as its last line says, found 2"),
        (lambda lines: [lines[0], b'{"x": 1}', *lines[2:]], "expected a frame in line 2"),
        (lambda lines: [lines[0].replace(b"00000000.png", b"../../etc.png"), *lines[1:]], "in line 1"),
    ],
)
def test_a_list_that_was_tampered_with_is_refused(tmp_path, change, message):
    """Missing lines, other lines, files outside of the folder."""
    path = write(tmp_path / "r") / FRAMES_FILE
    path.write_bytes(b"\n".join([*change(path.read_bytes().splitlines()), b""]))
    with pytest.raises(CameraError, match=message):
        Recording(tmp_path / "r")


def test_a_folder_that_is_no_recording_is_said(tmp_path):
    """With the command that makes one."""
    with pytest.raises(CameraError, match=r"recording\.json: expected the facts of a recording.*edge-sort record"):
        Recording(tmp_path)


def test_another_size_or_scale_than_the_machine_s_is_refused(tmp_path):
    """Millimetres would be wrong."""
    folder = write(tmp_path / "r")
    for size, scale in (((64, 96), 1.0), ((96, 64), 0.5)):
        with pytest.raises(CameraError, match="found 96x64 of 1 mm"):
            RecordingCamera(folder, size=size, mm_per_px=scale, clock=ManualClock())


def record_five(recorder):
    for number in range(5):
        recorder.add(Frame(noise(number), 7.0 + number, number), 7.0 + number)


def test_a_disk_that_fills_up_ends_the_recording_with_whole_frames(tmp_path):
    """Before it is full: others need the disk too."""
    free = iter([10**9, 10**9, 10**6])
    recorder = Recorder(tmp_path / "r", FACTS, keep_free_bytes=10**7, free_bytes=lambda _: next(free))
    with pytest.raises(DataError, match="found: 1 MB left; the 2 frames before it"), recorder:
        record_five(recorder)
    assert len(play(tmp_path / "r")) == 2


def test_a_disk_that_is_full_ends_the_recording_with_whole_frames(tmp_path):
    """A PNG that cannot be written is not listed: /dev/full answers like a full disk."""
    recorder = Recorder(tmp_path / "r", FACTS)
    record_five(recorder)
    (tmp_path / "r" / ".draft.png").symlink_to("/dev/full")
    with pytest.raises(DataError, match="No space left on device; the 5 frames before it are recorded"), recorder:
        record_five(recorder)
    assert len(play(tmp_path / "r")) == 5


@pytest.mark.slow
def test_a_killed_recorder_leaves_a_recording_of_whole_frames(tmp_path):
    """Every frame that is listed is whole."""
    script = """
import sys
from pathlib import Path
from edge.parts import Frame
from edge.recorder import Recorder
from tests.edge.test_recording import FACTS, noise
with Recorder(Path(sys.argv[1]), FACTS) as recorder:
    for number in range(100_000):
        recorder.add(Frame(noise(number), 7.0 + number, number), 7.0 + number)
        print(number, flush=True)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    folder = tmp_path / "r"
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)], env=environment, stdout=subprocess.PIPE, text=True
    )
    for _ in range(10):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    recording = Recording(folder)
    assert recording.cut_short
    assert len(play(folder)) == len(recording.frames) >= 10


class FewFrames:
    def __init__(self, ending):
        self._ending = ending

    def frames(self):
        for number in (0, 1, 4):
            yield Frame(noise(number), 7.0 + number / 10, number)
        self._ending()

    def close(self):
        pass


def interrupt():
    raise KeyboardInterrupt


def stall():
    raise CameraError("stalled")


@pytest.mark.parametrize(
    ("ending", "because"),
    [(lambda: None, "no more frames"), (interrupt, "interrupted"), (stall, "error")],
)
def test_a_recording_says_why_it_ended(tmp_path, table, ending, because):
    """Also when the camera failed; frames that the camera dropped are counted."""
    table["camera"] |= {"width_px": 96, "height_px": 64}
    arguments = (FewFrames(ending), Machine.model_validate(table), ManualClock(), tmp_path / "r", RecordLimits())
    if because == "error":
        with pytest.raises(CameraError):
            record(*arguments)
    else:
        done = record(*arguments)
        assert (done.frames, done.dropped, done.because) == (3, 2, because)
    assert Recording(tmp_path / "r").end.because == because


def test_a_machine_s_camera_is_recorded_in_real_time(tmp_path, table):
    """Here one that plays a recording: moments shift with the clock, pixels do not."""
    folder = write(tmp_path / "first", 4)
    table["camera"] = {"width_px": 96, "height_px": 64, "mm_per_px": 1.0, "kind": "recording", "folder": folder}
    done = record_machine(Machine.model_validate(table), tmp_path / "second", RecordLimits(frames=3), lambda _: None)
    assert (done.frames, done.because) == (3, "limit")
    first, second = Recording(folder).frames, Recording(tmp_path / "second").frames
    assert [one.sha256 for one in second] == [one.sha256 for one in first[:3]]
    assert all(one.had_at_s >= one.taken_at_s for one in second)


def unwatched(_machine, _belt):
    return lambda frame, outcomes: None


@pytest.fixture(scope="module")
def two_parts(tmp_path_factory):
    """Two parts on the emulated belt, recorded once for all who only sort them: the machine and the folder."""
    folder = tmp_path_factory.mktemp("two") / "r"
    machine, done = record_emulated(EmulateOptions(count=2, seed=5), folder, RecordLimits())
    assert done.because == "no more frames"
    return machine, folder


@pytest.mark.slow
def test_a_replay_decides_as_the_run_did_and_twice_the_same(two_parts, tmp_path):
    """The emulated belt recorded without gates and sorted afterwards: same parts, same bins, same scores."""
    machine, folder = two_parts
    bundle = open_bundle(packaged_bundle())
    told = []
    rows = []
    for name in ("first", "second"):
        path = tmp_path / f"{name}.sqlite"
        run = replay_run(bundle, machine, folder, path, unwatched, told.append)
        assert run.because == "no more frames"
        assert run.report.parts == 2
        lines = CliRunner().invoke(cli, ["journal", "export", str(path), "--format", "jsonl"]).output.splitlines()
        rows.append([{k: v for k, v in json.loads(line).items() if not k.endswith("_utc")} for line in lines])
    assert rows[0] == rows[1]
    run_emulated(EmulateOptions(count=2, seed=5, fast=True, journal=tmp_path / "run.sqlite"))
    ran = CliRunner().invoke(cli, ["journal", "tail", str(tmp_path / "run.sqlite"), "--json"]).output.splitlines()
    assert [(one["bin"], one["scores"]) for one in map(json.loads, ran)] == [
        (one["bin"], one["scores"]) for one in rows[0]
    ]


@pytest.mark.slow
def test_a_replay_needs_no_board_for_the_gates_that_one_moves(two_parts, tmp_path):
    """They move on pretend pins as the others do, also where a pin of the Pi has the number of one of the board."""
    machine, folder = two_parts
    here, *others = machine.gates
    pins = (here.pin, *range(29, 2, -1))
    there = [gate.model_copy(update={"kind": "mcu", "pin": pin}) for gate, pin in zip(others, pins, strict=False)]
    moved_there = machine.model_copy(update={"gates": (here, *there), "mcu": McuTable(port="/dev/serial0")})
    moved = []
    for one in (machine, moved_there):
        journal = tmp_path / f"{len(moved)}.sqlite"
        replay_run(open_bundle(packaged_bundle()), one, folder, journal, unwatched, print)
        rows = CliRunner().invoke(cli, ["journal", "tail", str(journal), "--json"]).output.splitlines()
        moved.append([(row["gate"], row["opened_s"], row["closed_s"]) for row in map(json.loads, rows)])
    assert moved[0] == moved[1]
    assert all(opened is not None for _gate, opened, _closed in moved[0])


@pytest.mark.slow
def test_what_was_recorded_for_a_machine_is_sorted_with_it(tmp_path):
    """edge-sort machine, record --emulate, run --replay: without hardware, with the machine's own camera table."""
    (tmp_path / "machine.toml").write_text(CliRunner().invoke(cli, ["machine"]).output)
    machine, folder = str(tmp_path / "machine.toml"), str(tmp_path / "r")
    arguments = ["record", "--emulate", "--machine", machine, "--out", folder, "--seconds", "1", "--count", "1"]
    result = CliRunner().invoke(cli, arguments)
    assert "21 frames of 640x480 in 1.0 s, 0 dropped (limit)" in result.output
    arguments = ["run", "--bundle", str(packaged_bundle()), "--machine", machine, "--replay", folder, "--json"]
    result = CliRunner().invoke(cli, arguments)
    assert json.loads(result.output)["ended_because"] == "no more frames"


def one_part_passes(folder):
    """Write a recording of 160x120 mm with a block that rides by; its last frame is damaged: return that one."""
    facts = FACTS.model_copy(update={"width_px": 160, "height_px": 120, "frame_rate_hz": 20.0})
    with Recorder(folder, facts) as recorder:
        for number in range(60):
            image = np.full((120, 160, 3), 120, np.uint8)
            left = 5 * number - 80
            image[45:75, max(0, left) : max(0, left + 30)] = (200, 190, 60)
            recorder.add(Frame(image, 7.0 + number / 20, number), 7.01 + number / 20)
        recorder.because = "limit"
    last = folder / "00000059.png"
    last.write_bytes(last.read_bytes()[:-50])
    return last


@pytest.mark.parametrize("as_json", [False, True])
def test_what_was_sorted_before_a_damaged_frame_is_reported_with_the_error(as_json, tmp_path):
    """The counts first, then the sentence and exit code 1, as for a line whose camera is lost."""
    machine, folder = tmp_path / "machine.toml", tmp_path / "r"
    text = CliRunner().invoke(cli, ["machine"]).output
    small = {"width_px = 640": "width_px = 160", "height_px = 480": "height_px = 120", "per_px = 0.25": "per_px = 1.0"}
    machine.write_text(functools.reduce(lambda done, one: done.replace(*one), small.items(), text))
    last = one_part_passes(folder)

    arguments = ["run", "--bundle", str(packaged_bundle()), "--machine", str(machine), "--replay", str(folder)]
    done = CliRunner().invoke(cli, [*arguments, "--json"] if as_json else arguments)
    assert done.exit_code == 1
    assert done.stderr.count(last.name) == 1
    if as_json:
        found = json.loads(done.stdout)
        assert (found["parts"], found["ended_because"]) == (1, "error")
        assert last.name in found["error"]
    else:
        assert "1 part in 1 run" in done.stdout


def test_an_emulated_belt_is_recorded_at_the_rate_that_was_asked_for(tmp_path, monkeypatch):
    """In parts a minute, as `run` feeds them."""
    asked = []

    def record_emulated(options, _out, _limits):
        asked.append(options.rate_per_min)
        raise DataError("enough")

    monkeypatch.setattr("edge.record.record_emulated", record_emulated)
    for rate in ((), ("--rate", "120")):
        CliRunner().invoke(cli, ["record", "--emulate", "--out", str(tmp_path / "r"), *rate])
    assert asked == [60.0, 120.0]


@pytest.mark.parametrize(
    ("option", "words"),
    [("--rate", "camera.frame_rate_hz of the machine file"), ("--count", "add it"), ("--seed", "add it")],
)
def test_what_is_the_emulated_belt_s_is_refused_for_a_camera(tmp_path, option, words):
    """It would change nothing; the one that may be meant for the camera says where that is."""
    result = CliRunner().invoke(cli, ["record", "--machine", "m.toml", "--out", str(tmp_path / "x"), option, "30"])
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_a_recording_needs_a_camera(tmp_path):
    """A machine's, or an emulated one."""
    result = CliRunner().invoke(cli, ["record", "--out", str(tmp_path / "x")])
    assert result.exit_code == 2
    assert not (tmp_path / "x").exists()
