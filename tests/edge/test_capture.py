"""Photographs for training are what the classifier sees on the line, each part once, and nothing of them is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.capture import Capture, CaptureLimits
from edge.capture_advice import advice
from edge.capture_checks import PictureCheck, PictureLimits
from edge.capture_session import RECORD_FILE, Session, SessionFacts, SessionRecord, check_label
from edge.capture_sources import TriggerChoice, machine_view, recorded_view
from edge.capture_triggers import Keys, PassingParts, PressedKey, Shot
from edge.cli import cli
from edge.clocks import ManualClock
from edge.emulate import emulate_line
from edge.emulated_camera import EmulatedCamera
from edge.emulated_world import EmulateOptions, belts, emulated_belt, emulated_copy
from edge.errors import DataError, MachineError
from edge.finder import Finder
from edge.labelled import labelled_folder
from edge.line import LineModel
from edge.parts import Frame
from edge.pictures import read_picture
from edge.record import RecordLimits, record
from training.groups import group_by_name

FACTS = SessionFacts(
    label="nut",
    started_at_utc="2026-01-05T06:00:00+00:00",
    trigger="finder",
    source="emulated",
    machine_sha256="m",
    camera={},
    limits={},
    edge_sort="0",
)
SHARP = np.random.default_rng(0).integers(60, 200, (40, 40, 3), dtype=np.uint8)


class Scripted:
    """A trigger that takes what it was told to, one shot a frame."""

    ready, ended = True, False

    def __init__(self, shots):
        self.shots = list(shots)

    def see(self, _frame):
        return [self.shots.pop(0)] if self.shots else []

    def finish(self):
        return []


def frames(count, ending=None):
    for number in range(count):
        yield Frame(SHARP, number / 10, number)
    if ending is not None:
        raise ending


def captured(data, shots, *, frames=None, limits=None, keep_doubtful=False, free=None, check=None):
    session = Session(data, FACTS, **({"free_bytes": free, "keep_free_bytes": 1000} if free else {}))
    capture = Capture(session, check or PictureCheck(PictureLimits()), keep_doubtful=keep_doubtful, tell=lambda _: None)
    given_frames = frames if frames is not None else globals()["frames"](len(shots))
    return capture.run(given_frames, Scripted(shots), limits or CaptureLimits())


def record_of(folder):
    return SessionRecord.model_validate_json((folder / RECORD_FILE).read_bytes())


def pictures(folder):
    return sorted(path.name for path in folder.glob("*.png"))


def emulated(machine, parts, options):
    """A belt as the line's own emulator lays it, from the same seed."""
    clock = ManualClock()
    moving, belt = belts(options, machine, clock)
    on_belt = emulated_belt(options, machine, moving, parts, clock.now())
    return EmulatedCamera(on_belt, frame_rate_hz=machine.camera.frame_rate_hz, clock=clock), belt, clock


def test_every_passing_part_is_taken_once_and_as_the_classifier_sees_it(machine, colored_parts, tmp_path):
    """The same seed on the line: each photograph is, to the pixel, a crop that its scorer was given."""
    options = EmulateOptions(count=8, seed=3, fast=True, rate_per_min=40, latency_ms=0.01)
    seen = []

    class Watching:
        def scores(self, image):
            seen.append(image.tobytes())
            return np.array([0.9, 0.05, 0.05], dtype=np.float32)

    model = LineModel(colored_parts.labels, dict.fromkeys(colored_parts.labels, 0.5), Watching())
    run = emulate_line(options, machine, model, colored_parts, "")
    camera, belt, _ = emulated(emulated_copy(machine), colored_parts, options)
    shots = []
    trigger = TriggerChoice("finder").on(machine, belt, None)
    for frame in camera.frames():
        shots += trigger.see(frame)
    shots += trigger.finish()
    taken = [shot.image for shot in shots if shot.image is not None]
    assert isinstance(trigger, PassingParts)
    assert len(shots) == len(run.rows)
    assert len(taken) >= 7
    assert all(image.tobytes() in seen for image in taken)


def test_two_parts_in_one_crop_are_no_picture_of_either(machine, tmp_path):
    """Training on them would teach the wrong thing."""
    image = np.full((320, 480, 3), 200, dtype=np.uint8)
    trigger = PressedKey(PressedAgain(), Finder(machine.finder_settings), 0.33)
    for number in range(10):
        trigger.see(Frame(image, number / 10, number))
    assert trigger.ready
    for boxes, spoiled in (((), "no part"), (((100, 150), (150, 200)), "another part beside it")):
        shown = image.copy()
        for left, right in boxes:
            shown[100:140, left : right - 10] = (30, 170, 40)
        assert trigger.see(Frame(shown, 2.0, 20)) == [Shot(spoiled=spoiled)]
    shown = image.copy()
    shown[100:160, 200:260] = (30, 170, 40)
    (shot,) = trigger.see(Frame(shown, 3.0, 30))
    assert shot.image.shape == (69, 69, 3)  # finder.crop_margin round it


class PressedAgain:
    """Enter, again and again."""

    ended = False

    def pressed(self):
        return True


def test_sessions_of_a_class_stay_on_one_side_of_a_split(tmp_path):
    """`train` groups by sub-folder, also when two classes were begun in the same second."""
    for label in ("nut", "screw"):
        for hour in (6, 7, 8):
            facts = FACTS.model_copy(update={"label": label, "started_at_utc": f"2026-01-05T0{hour}:00:00+00:00"})
            with Session(tmp_path, facts) as session:
                session.keep(SHARP)
                session.keep(SHARP)
    found = [(one.label, one.path.relative_to(tmp_path).as_posix()) for one in labelled_folder(tmp_path)]
    groups, notes = group_by_name(found)
    assert not notes
    assert sorted(set(groups)) == [f"{label}/20260105T0{hour}0000Z" for label in ("nut", "screw") for hour in (6, 7, 8)]


def test_a_session_never_writes_over_another(tmp_path):
    """Not even when both begin in the same second."""
    first, second = captured(tmp_path, [Shot(SHARP)]), captured(tmp_path, [Shot(SHARP)])
    assert first.folder.name == "20260105T060000Z"
    assert second.folder.name == "20260105T060000Z.2"
    assert pictures(first.folder) == ["20260105T060000Z-0001.png"]
    assert np.array_equal(read_picture(first.folder / pictures(first.folder)[0]), SHARP)


@pytest.mark.parametrize(
    ("ending", "because"), [(KeyboardInterrupt(), "interrupted"), (None, "no more frames")], ids=["ctrl-c", "end"]
)
def test_whatever_ends_a_session_what_was_taken_stays(tmp_path, ending, because):
    """With a record that says how it ended."""
    done = captured(tmp_path, [Shot(SHARP)] * 3, frames=frames(3, ending))
    assert (done.kept, done.because) == (3, because)
    assert (record_of(done.folder).kept, record_of(done.folder).because) == (3, because)
    assert len(pictures(done.folder)) == 3


def test_a_full_disk_is_told_and_what_was_taken_stays(tmp_path):
    """Before it is full: others need the disk too."""
    free = iter([10**9, 10**9, 900])
    with pytest.raises(DataError, match="expected room for another picture, found: 0 MB left; the 2 pictures before"):
        captured(tmp_path, [Shot(SHARP)] * 3, free=lambda _: next(free))
    (folder,) = (tmp_path / "nut").iterdir()
    assert len(pictures(folder)) == 2
    assert record_of(folder).because == "error"


def test_a_session_without_a_picture_leaves_nothing(tmp_path):
    """An empty class folder would keep `train` from starting."""
    done = captured(tmp_path, [Shot(spoiled="no part")])
    assert done.folder is None
    assert done.skipped == {"no part": 1}
    assert not list(tmp_path.iterdir())


def dim(image, share):
    return (image * share).astype(np.uint8)


BAD = {
    "dark": dim(SHARP, 0.2),
    "clipped": np.where(np.arange(40)[:, None, None] < 20, 255, SHARP).astype(np.uint8),
    "blurred": np.repeat(np.repeat(SHARP[::8, ::8], 8, 0), 8, 1),
}


@pytest.mark.parametrize("why", BAD)
@pytest.mark.parametrize("keep", [False, True], ids=["skip", "keep"])
def test_a_bad_picture_is_skipped_or_kept_but_always_counted(tmp_path, why, keep):
    """Blur is told against the pictures before it, so that no figure of another machine is needed."""
    done = captured(tmp_path, [Shot(SHARP)] * 12 + [Shot(BAD[why])], keep_doubtful=keep)
    assert done.kept == 12 + keep
    assert done.skipped == ({} if keep else {why: 1})
    assert done.kept_doubtful == ({why: 1} if keep else {})


@settings(max_examples=12)
@given(st.integers(1, 40), st.floats(0.5, 1.2))
def test_what_is_as_sharp_as_the_others_is_never_called_blurred(count, light):
    """In dim light and in bright."""
    check = PictureCheck(PictureLimits(min_bright=0, max_clipped=1))
    rng = np.random.default_rng(count)
    for _ in range(count):
        image = np.clip(rng.integers(40, 200, (24, 24, 3)) * light, 0, 255).astype(np.uint8)
        assert check.judge(image).problem is None


def test_count_and_seconds_end_a_session(tmp_path):
    """Whichever comes first."""
    assert captured(tmp_path, [Shot(SHARP)] * 9, limits=CaptureLimits(count=2)).kept == 2
    timed = captured(tmp_path, [Shot(SHARP)] * 9, limits=CaptureLimits(seconds=0.3))
    assert (timed.kept, timed.because) == (4, "limit")


@pytest.mark.parametrize("label", ["", " ", "a/b", "..", ".nut", "-nut", "a\nb", "nut ", "x" * 101])
def test_a_label_that_cannot_be_a_folder_is_refused(label):
    """Before the camera is opened."""
    with pytest.raises(DataError, match="--label: expected the name of a class"):
        check_label(label)


def test_each_enter_is_one_press_and_q_or_the_end_ends():
    """A press is not lost when the next one comes before it is looked for."""
    reading, writing = os.pipe()
    try:
        keys = Keys(reading)
        assert not keys.pressed()
        os.write(writing, b"\n\nx\n q \n\n")
        assert [keys.pressed() for _ in range(5)] == [True, True, True, False, False]
        assert keys.ended
    finally:
        os.close(reading)
        os.close(writing)


def test_the_end_of_a_pipe_ends_the_keys():
    """As when a script has pressed Enter often enough."""
    reading, writing = os.pipe()
    os.write(writing, b"\n")
    os.close(writing)
    keys = Keys(reading)
    assert [keys.pressed(), keys.pressed(), keys.ended] == [True, False, True]
    os.close(reading)


def test_a_photo_eye_triggers_only_where_there_is_one(machine):
    """Else the machine file lacks it, and that is said."""
    with pytest.raises(MachineError, match=r"--trigger sensor: expected a photo-eye, found no table \[eye\]"):
        TriggerChoice("sensor").machine(machine)


@pytest.mark.slow
def test_a_recording_gives_the_pictures_that_the_camera_gave(machine, colored_parts, tmp_path):
    """So that parts recorded once can be taken with other limits later."""
    machine = emulated_copy(machine)
    options = EmulateOptions(count=3, seed=5, fast=True)
    camera, belt, clock = emulated(machine, colored_parts, options)
    record(camera, machine, clock, tmp_path / "recording", RecordLimits())
    live, belt, _ = emulated(machine, colored_parts, options)
    taken = {}
    with recorded_view(machine, tmp_path / "recording", TriggerChoice("finder"), lambda _: None) as view:
        for name, frames_, trigger in (
            ("live", live.frames(), TriggerChoice("finder").on(machine, belt, None)),
            ("replayed", view.camera.frames(), view.trigger),
        ):
            shots = [shot for frame in frames_ for shot in trigger.see(frame)]
            taken[name] = [shot.image.tobytes() for shot in shots if shot.image is not None]
    assert len(taken["live"]) >= 2
    assert taken["live"] == taken["replayed"]


@pytest.mark.slow
def test_the_machine_s_own_camera_gives_the_same_pictures(machine, colored_parts, tmp_path):
    """On the real clock, from whatever `camera.kind` says; no gate's pin is opened."""
    emulated_machine = emulated_copy(machine)
    options = EmulateOptions(count=1, seed=5, fast=True)
    camera, _, clock = emulated(emulated_machine, colored_parts, options)
    record(camera, emulated_machine, clock, tmp_path / "recording", RecordLimits())
    table = machine.camera.model_copy(update={"kind": "recording", "folder": tmp_path / "recording"})
    taken = []
    with machine_view(machine.model_copy(update={"camera": table}), TriggerChoice("finder"), lambda _: None) as view:
        for frame in view.camera.frames():
            taken += [shot.image for shot in view.trigger.see(frame)]
    assert len(taken) == 1
    assert taken[0] is not None
    with (
        pytest.raises(MachineError, match="'emulated' sees no real part"),
        machine_view(emulated_machine, TriggerChoice("finder"), lambda _: None),
    ):
        pass


def run(*arguments):
    return CliRunner().invoke(cli, ["capture", *map(str, arguments)])


@pytest.mark.parametrize("trigger", ["finder", "sensor"])
def test_without_hardware_it_gives_pictures_to_train_on(tmp_path, trigger):
    """Another seed for each session, so that the second one shows other parts."""
    for _ in range(2):
        done = run("--label", "nut", "--out", tmp_path / "data", "--emulate", "--trigger", trigger, "--count", 2)
        assert done.exit_code == 0, done.output
        assert "2 pictures; skipped: none (limit)" in done.output
    sessions = sorted((tmp_path / "data" / "nut").iterdir())
    shown = [read_picture(path).tobytes() for session in sessions for path in sorted(session.glob("*.png"))]
    assert len(sessions) == 2
    assert len(set(shown)) == 4
    assert json.loads((sessions[0] / RECORD_FILE).read_text())["trigger"] == trigger


def test_what_is_still_too_little_is_said(tmp_path):
    """With what to do."""
    captured(tmp_path, [Shot(SHARP)] * 4)
    assert [sentence.split(";")[0] for sentence in advice(tmp_path, "nut")] == [
        "nut has 1 session",
        "nut has 4 pictures",
        f"{tmp_path} has only nut",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected --machine, or --emulate"),
        (("--emulate", "--replay", "r"), "exclude each other"),
        (("--emulate", "--whole-frame"), "--whole-frame: expected --trigger key"),
        (("--emulate", "--parts", "nowhere"), "nowhere: expected a folder"),
        (("--machine", "nowhere.toml"), "nowhere.toml: expected a machine file"),
    ],
)
def test_wrong_input_is_one_sentence_and_leaves_nothing(tmp_path, arguments, message):
    """And no session that was not begun."""
    done = run("--label", "nut", "--out", tmp_path / "data", *arguments)
    assert done.exit_code in (1, 2)
    assert message in done.output
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_enter_takes_what_lies_under_the_camera(tmp_path):
    """On the real clock, read from a pipe; q ends."""
    code = "from edge.cli import main; main()"
    command = [sys.executable, "-c", code, "capture", "--label", "nut", "--out", str(tmp_path), "--emulate"]
    done = subprocess.run(
        [*command, "--trigger", "key", "--whole-frame"], input="\n\nq\n", capture_output=True, text=True, check=True
    )
    assert "2 pictures; skipped: none (end of the keyboard's input)" in done.stdout


@pytest.mark.slow
def test_a_killed_session_leaves_whole_pictures_and_says_that_it_is_unfinished(tmp_path):
    """SIGKILL in the middle of the work; what is half written has a name that no training reads."""
    code = "from edge.cli import main; main()"
    command = [sys.executable, "-c", code, "capture", "--label", "nut", "--out", str(tmp_path), "--emulate"]
    with subprocess.Popen([*command, "--count", "500"], stdout=subprocess.PIPE, text=True) as capturing:
        for line in capturing.stdout:
            if "0005.png" in line:
                break
        capturing.kill()
    found = labelled_folder(tmp_path, 1)
    assert len(found) >= 5
    assert all(min(read_picture(one.path).shape[:2]) > 8 for one in found)
    assert record_of(found[0].path.parent).because == "unfinished"
