"""The contract of cameras, run on every implementation, and what is particular to folders of frames."""

from __future__ import annotations

import sys
import threading
import time
import types
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from edge.belt import FixedSpeedBelt
from edge.camera_kinds import open_camera
from edge.camera_opencv import UsbCamera, VideoFileCamera
from edge.camera_picamera2 import Picamera2Camera
from edge.camera_recording import RecordingCamera
from edge.camera_restart import RestartingCamera, RestartRule
from edge.camera_tables import LONGEST_WAIT_S, CameraTable
from edge.cameras import FolderCamera
from edge.clocks import ManualClock
from edge.emulated_belt import EmulatedBelt, Feeder, first_mark
from edge.emulated_camera import EmulatedCamera
from edge.errors import CameraError, CameraLost, DataError, MissingPackageError
from edge.gate_process import HEARTBEAT_TIMEOUT_S
from edge.machine import Machine
from edge.parts import Frame
from edge.recorder import Recorder
from tests.edge.stand_in_picamera2 import StandInPicamera2
from tests.edge.test_recording import FACTS

WIDTH, HEIGHT = 96, 64
SETTINGS = {"width_px": WIDTH, "height_px": HEIGHT, "mm_per_px": 1.0, "frame_rate_hz": 10.0, "exposure_ms": 2.0}


class StandInCapture:
    """What cv2.VideoCapture shows of a camera of Video4Linux: BGR, driver's time in ms, -1 for what it lacks."""

    fixed: dict[int, float] = {}  # noqa: RUF012 - a fixture makes a subclass of its own for each test
    frames_left = None
    unplugged = False

    def __init__(self, device, backend):
        self.values, self.released, self._tick = {}, False, threading.Event()

    def isOpened(self):
        return not type(self).unplugged

    def set(self, name, value):
        self.values[name] = type(self).fixed.get(name, value)
        return name not in type(self).fixed

    def get(self, name):
        import cv2

        return time.monotonic() * 1000 if name == cv2.CAP_PROP_POS_MSEC else self.values.get(name, -1.0)

    def read(self):
        self._tick.wait(0.002)  # the thread that reads must leave the processor to others
        if type(self).frames_left is not None:
            type(self).frames_left -= 1
            if type(self).frames_left < 0:
                return False, None
        image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
        image[0, 0] = (10, 100, 250)
        return True, image

    def release(self):
        self.released = True


@pytest.fixture
def capture(monkeypatch):
    cv2 = pytest.importorskip("cv2", reason="OpenCV (the extra 'usb') is not installed")

    class Fresh(StandInCapture):
        fixed: dict[int, float] = {}  # noqa: RUF012

    monkeypatch.setattr(cv2, "VideoCapture", Fresh)
    return Fresh


def usb_camera(**changes):
    return UsbCamera(CameraTable(kind="usb", **SETTINGS | changes))


def folder_camera(tmp_path, clock):
    for number in range(4):
        Image.new("RGB", (WIDTH, HEIGHT), (10 * number, 0, 0)).save(tmp_path / f"frame_{number}.png")
    return FolderCamera(tmp_path, frame_rate_hz=10, size=(WIDTH, HEIGHT), clock=clock)


def recording_camera(tmp_path, clock):
    with Recorder(tmp_path / "recording", FACTS) as recorder:
        for number in range(4):
            image = np.full((HEIGHT, WIDTH, 3), number, dtype=np.uint8)
            recorder.add(Frame(image, 7.0 + number / 10, number), 7.02 + number / 10)
    return RecordingCamera(tmp_path / "recording", size=(WIDTH, HEIGHT), mm_per_px=1.0, clock=clock)


def emulated_camera(table, parts, clock):
    table["camera"] |= {"width_px": WIDTH, "height_px": HEIGHT, "mm_per_px": 1.6}
    machine = Machine.model_validate(table)
    belt = FixedSpeedBelt(150.0)
    feeder = Feeder(parts, machine=machine, rate_per_min=60, first_mark_mm=first_mark(0.2, machine, belt), seed=0)
    emulated = EmulatedBelt(machine, belt, feeder, count=1, seed=0, tiles=False)
    return EmulatedCamera(emulated, frame_rate_hz=10, clock=clock)


def video_camera(tmp_path, clock):
    cv2 = pytest.importorskip("cv2", reason="OpenCV (the extra 'usb') is not installed")
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10.0, (WIDTH, HEIGHT))
    for _ in range(6):
        writer.write(np.full((HEIGHT, WIDTH, 3), (10, 100, 250), dtype=np.uint8))
    writer.release()
    return VideoFileCamera(CameraTable(kind="video", file=path, **SETTINGS), path, clock)


def pi_camera(monkeypatch):
    fresh = type("Fresh", (StandInPicamera2,), {})
    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=fresh))
    table = CameraTable(kind="picamera2", colour_gains=(2.0, 1.5), **SETTINGS)
    return Picamera2Camera(table, now_ns=lambda: fresh.latest.now_ns)


class LosesFrames:
    """A camera that is lost after two frames."""

    def __init__(self, clock):
        self._clock = clock
        self.closed = 0

    def frames(self):
        for number in range(2):
            self._clock.sleep_until(self._clock.now() + 0.1)
            yield Frame(np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8), self._clock.now(), number)
        raise CameraLost("it stalled")

    def close(self):
        self.closed += 1


def restarting_camera(clock, told=None, alive=lambda: None, reopen=None, most=3):
    rule = RestartRule(most, within_s=600.0, pause_s=1.0)
    tell = (told if told is not None else []).append
    return RestartingCamera(
        LosesFrames(clock), reopen or (lambda: LosesFrames(clock)), clock, rule, tell=tell, alive=alive
    )


@pytest.fixture(params=["folder", "recording", "emulated", "picamera2", "usb", "video", "restarting"])
def camera(request, tmp_path, table, colored_parts, monkeypatch):
    clock = ManualClock()
    makers = {
        "folder": lambda: folder_camera(tmp_path, clock),
        "recording": lambda: recording_camera(tmp_path, clock),
        "emulated": lambda: emulated_camera(table, colored_parts, clock),
        "picamera2": lambda: pi_camera(monkeypatch),
        "usb": lambda: request.getfixturevalue("capture") and usb_camera(),
        "video": lambda: video_camera(tmp_path, clock),
        "restarting": lambda: restarting_camera(clock),
    }
    opened = makers[request.param]()
    yield opened
    opened.close()


def test_frames_are_rgb_of_the_stated_size_and_their_times_rise(camera):
    """Contract of every camera."""
    frames = [frame for frame, _ in zip(camera.frames(), range(4), strict=False)]
    assert len(frames) == 4
    assert all(frame.image.shape == (HEIGHT, WIDTH, 3) and frame.image.dtype == np.uint8 for frame in frames)
    assert np.all(np.diff([frame.taken_at for frame in frames]) > 0)
    assert np.all(np.diff([frame.number for frame in frames]) >= 1)


def test_a_camera_may_be_closed_twice(camera):
    """Contract of every camera; also before its first frame."""
    camera.close()
    camera.close()


def test_no_wait_for_a_frame_lets_the_gates_think_the_sorter_is_gone():
    """The longest timeout a machine file may ask for is shorter than their heartbeat."""
    assert LONGEST_WAIT_S < HEARTBEAT_TIMEOUT_S


def test_a_usb_camera_gives_red_first_and_the_middle_of_the_exposure(capture):
    """OpenCV's order is blue, green, red, and its time that of the frame's end."""
    camera = usb_camera()
    before = time.monotonic()
    frame = next(camera.frames())
    assert tuple(frame.image[0, 0]) == (250, 100, 10)
    assert before - 1 < frame.taken_at < time.monotonic() - 0.001
    camera.close()
    assert camera._capture.released


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("CAP_PROP_AUTO_EXPOSURE", "exposure_ms"),
        ("CAP_PROP_EXPOSURE", "exposure_ms"),
        ("CAP_PROP_AUTO_WB", "white_balance_k"),
        ("CAP_PROP_FRAME_WIDTH", "width_px"),
        ("CAP_PROP_FPS", "frame_rate_hz"),
        ("CAP_PROP_GAIN", "usb_gain"),
    ],
)
def test_a_usb_camera_that_cannot_be_set_is_refused(capture, name, key):
    """OpenCV ignores what the camera lacks in silence, so every setting is read back."""
    import cv2

    capture.fixed[getattr(cv2, name)] = -1.0
    with pytest.raises(CameraError, match=rf"camera\.{key}: expected .* found -1"):
        usb_camera(usb_gain=4)


def test_a_usb_camera_that_is_unplugged_is_lost_not_waited_for(capture):
    """A read that fails ends the frames with a sentence."""
    capture.frames_left = 1
    camera = usb_camera(timeout_s=0.2)
    with pytest.raises(CameraLost, match=r"/dev/video0 within 0\.2 s"):
        for _ in camera.frames():
            pass
    camera.close()


def test_no_usb_camera_is_said(capture):
    """The device is named."""
    capture.unplugged = True
    with pytest.raises(CameraError, match=r"camera\.device: expected a camera at /dev/video0"):
        usb_camera()


def test_without_opencv_the_extra_is_said(monkeypatch):
    """It is no part of the base install."""
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(MissingPackageError, match=r"pip install '\.\[usb\]'"):
        usb_camera()


def test_a_video_gives_its_colours_and_drops_frames_that_nobody_fetched(tmp_path):
    """At its own pace, whether or not the sorter keeps up."""
    clock = ManualClock()
    numbers = []
    for frame in video_camera(tmp_path, clock).frames():
        assert np.abs(frame.image[5, 5].astype(int) - (250, 100, 10)).max() < 12
        numbers.append(frame.number)
        clock.sleep_until(clock.now() + 0.25)
    assert numbers == [0, 2, 4]


def test_a_file_that_is_no_video_is_said(tmp_path):
    """The key is named."""
    pytest.importorskip("cv2", reason="OpenCV (the extra 'usb') is not installed")
    (tmp_path / "x.avi").write_text("no video")
    with pytest.raises(CameraError, match=r"camera\.file"):
        VideoFileCamera(CameraTable(kind="video", **SETTINGS), tmp_path / "x.avi", ManualClock())


def test_a_lost_camera_is_started_again_and_each_time_told():
    """Numbers leave a gap, times go on rising, and the old camera is let go first."""
    clock, told, opened = ManualClock(), [], []

    def reopen():
        opened.append(LosesFrames(clock))
        return opened[-1]

    camera = restarting_camera(clock, told, reopen=reopen)
    frames = list(islice(camera.frames(), 6))
    assert [frame.number for frame in frames] == [0, 1, 3, 4, 6, 7]
    assert sum("is lost: it stalled" in line for line in told) == 2
    assert sum("started again" in line for line in told) == 2
    assert opened[0].closed == 1


def test_a_camera_is_started_again_only_so_often():
    """Then the run ends, and the message says what the last trouble was."""
    clock = ManualClock()
    with pytest.raises(CameraError, match=r"after 3 starts within 10 minutes, found: it stalled"):
        for _ in restarting_camera(clock).frames():
            pass


def test_starts_long_ago_are_forgotten():
    """A camera lost once a day goes on for years."""
    clock, count = ManualClock(), 0
    for _ in islice(restarting_camera(clock, most=1).frames(), 20):
        count += 1
        clock.sleep_until(clock.now() + 400.0)
    assert count == 20


def test_a_camera_that_does_not_open_again_counts_too():
    """Each try is a start, with a pause before the next, in which the gates hear that the sorter lives."""
    clock, told, beats = ManualClock(), [], []

    def reopen():
        raise CameraError("busy")

    with pytest.raises(CameraError, match="after 3 starts within 10 minutes, found: busy"):
        for _ in restarting_camera(clock, told, lambda: beats.append(clock.now()), reopen).frames():
            pass
    assert sum("cannot be started: busy" in line for line in told) == 3
    assert clock.now() == pytest.approx(0.2 + 3.0)
    assert np.diff([beat for beat in beats if beat > 0.2]).max() <= 0.2 + 1e-9


def test_an_error_that_no_start_can_mend_is_passed_on():
    """A frame of the wrong size stays wrong."""

    class Wrong(LosesFrames):
        def frames(self):
            raise CameraError("another size")
            yield

    clock, told = ManualClock(), []
    camera = RestartingCamera(Wrong(clock), lambda: Wrong(clock), clock, RestartRule(3, 600.0), tell=told.append)
    with pytest.raises(CameraError, match="another size"):
        next(camera.frames())
    assert told == []


def test_recorded_frames_that_nobody_fetched_in_time_are_dropped(tmp_path):
    """A folder plays at its rate, whether or not the sorter keeps up."""
    clock = ManualClock()
    numbers = []
    for frame in folder_camera(tmp_path, clock).frames():
        numbers.append(frame.number)
        clock.sleep_until(clock.now() + 0.25)
    assert numbers == [0, 2, 3]


def test_an_empty_or_missing_folder_of_frames_is_an_error(tmp_path):
    """The key that is wrong is named."""
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(CameraError, match=r"camera\.folder"):
            FolderCamera(folder, frame_rate_hz=10, size=(WIDTH, HEIGHT), clock=ManualClock())


def test_a_recorded_frame_of_another_size_is_an_error(tmp_path):
    """mm_per_px would be wrong for it."""
    Image.new("RGB", (50, 50)).save(tmp_path / "frame.png")
    camera = FolderCamera(tmp_path, frame_rate_hz=10, size=(WIDTH, HEIGHT), clock=ManualClock())
    with pytest.raises(CameraError, match="96x64"):
        next(camera.frames())


def test_a_recorded_frame_that_is_damaged_is_an_error(tmp_path):
    """It is named rather than passed over: frames in a row matter."""
    (tmp_path / "frame.png").write_bytes(b"no picture")
    camera = FolderCamera(tmp_path, frame_rate_hz=10, size=(WIDTH, HEIGHT), clock=ManualClock())
    with pytest.raises(DataError, match=r"frame\.png"):
        next(camera.frames())


def test_the_machine_file_picks_the_camera(tmp_path, table, monkeypatch):
    """By kind; what is emulated sees no real part."""
    recording_camera(tmp_path, ManualClock()).close()
    folder = tmp_path / "recording"
    kinds = {"recording": {"folder": folder}, "folder": {"folder": folder}, "usb": {}, "video": {"file": folder}}
    pytest.importorskip("cv2", reason="OpenCV (the extra 'usb') is not installed")
    found = {}
    for kind, more in kinds.items():
        machine = Machine.model_validate(table | {"camera": SETTINGS | {"kind": kind} | more})
        try:
            found[kind] = type(open_camera(machine, ManualClock())).__name__
        except CameraError as error:
            found[kind] = str(error).split(":")[0]
    assert found == {
        "recording": "RecordingCamera",
        "folder": "FolderCamera",
        "usb": "camera.device",
        "video": "camera.file",
    }
