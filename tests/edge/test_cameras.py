"""The contract of cameras, run on every implementation; picamera2 on a stand-in module with its real conventions."""

from __future__ import annotations

import sys
import types
from concurrent.futures import Future

import numpy as np
import pytest
from PIL import Image

from edge.belt import FixedSpeedBelt
from edge.camera_picamera2 import Picamera2Camera
from edge.cameras import FolderCamera
from edge.clocks import ManualClock
from edge.emulated_belt import EmulatedBelt, Feeder, first_mark
from edge.emulated_camera import EmulatedCamera
from edge.errors import CameraError, DataError
from edge.machine import CameraTable, Machine

WIDTH, HEIGHT = 96, 64
SETTINGS = {"width_px": WIDTH, "height_px": HEIGHT, "mm_per_px": 1.0, "frame_rate_hz": 10.0, "exposure_ms": 2.0}


class StandInRequest:
    """A finished request. The array is in the order picamera2's BGR888 has in memory: red first."""

    def __init__(self, camera, number):
        self._camera, self._number = camera, number
        self.released = False
        camera.requests.append(self)

    def get_metadata(self):
        return {"SensorTimestamp": 5_000_000_000 + self._number * 100_000_000, "ExposureTime": 2000}

    def make_array(self, name):
        assert name == "main"
        width, height = self._camera.size
        image = np.zeros((height, width, 3), dtype=np.uint8)
        image[0, 0] = (250, 100, 10)
        return image

    def release(self):
        self.released = True


class StandInPicamera2:
    """The calls of picamera2 0.3.38 that the adapter makes, and what they answer."""

    stalled = False
    missing = False

    def __init__(self):
        if type(self).missing:
            raise IndexError("list index out of range")
        self.requests, self.log, self.number = [], [], 0

    def create_video_configuration(self, main, controls):
        assert main["format"] == "BGR888", "the format that is R,G,B in memory"
        assert controls["AeEnable"] is False
        self.size = main["size"]
        return {"main": main, "controls": controls}

    def configure(self, configuration):
        self.log.append("configure")

    def start(self):
        self.log.append("start")

    def stop(self):
        self.log.append("stop")

    def close(self):
        self.log.append("close")

    def capture_request(self, wait, flush):
        assert wait is False
        assert flush > 0
        job = Future()
        if not type(self).stalled:
            job.set_result(StandInRequest(self, self.number))
        self.number += 1
        return types.SimpleNamespace(get_result=lambda timeout: job.result(timeout=timeout))


@pytest.fixture
def stand_in(monkeypatch):
    class Fresh(StandInPicamera2):
        pass

    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=Fresh))
    return Fresh


def folder_camera(tmp_path, clock):
    for number in range(4):
        Image.new("RGB", (WIDTH, HEIGHT), (10 * number, 0, 0)).save(tmp_path / f"frame_{number}.png")
    return FolderCamera(tmp_path, frame_rate_hz=10, size=(WIDTH, HEIGHT), clock=clock)


def emulated_camera(table, parts, clock):
    table["camera"] |= {"width_px": WIDTH, "height_px": HEIGHT, "mm_per_px": 1.6}
    machine = Machine.model_validate(table)
    belt = FixedSpeedBelt(150.0)
    feeder = Feeder(parts, machine=machine, rate_per_min=60, first_mark_mm=first_mark(0.2, machine, belt), seed=0)
    emulated = EmulatedBelt(machine, belt, feeder, count=1, seed=0, tiles=False)
    return EmulatedCamera(emulated, frame_rate_hz=10, clock=clock)


@pytest.fixture(params=["folder", "emulated", "picamera2"])
def camera(request, tmp_path, table, colored_parts):
    clock = ManualClock()
    if request.param == "folder":
        opened = folder_camera(tmp_path, clock)
    elif request.param == "emulated":
        opened = emulated_camera(table, colored_parts, clock)
    else:
        request.getfixturevalue("stand_in")
        opened = Picamera2Camera(CameraTable(kind="picamera2", **SETTINGS))
    yield opened
    opened.close()


def test_frames_are_rgb_of_the_stated_size_and_their_times_rise(camera):
    """Contract of every camera."""
    frames = [frame for frame, _ in zip(camera.frames(), range(4), strict=False)]
    assert len(frames) == 4
    assert all(frame.image.shape == (HEIGHT, WIDTH, 3) and frame.image.dtype == np.uint8 for frame in frames)
    assert np.all(np.diff([frame.taken_at for frame in frames]) > 0)
    assert np.all(np.diff([frame.number for frame in frames]) >= 1)


def test_the_pi_camera_gives_red_first_and_the_middle_of_the_exposure(stand_in):
    """SensorTimestamp is the end of the exposure: half of it earlier is its middle."""
    camera = Picamera2Camera(CameraTable(kind="picamera2", **SETTINGS))
    frame = next(camera.frames())
    assert tuple(frame.image[0, 0]) == (250, 100, 10)
    assert frame.taken_at == pytest.approx(5.0 - 0.001)
    assert all(request.released for request in camera._camera.requests)


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_the_pi_camera_turns_frames_clockwise(stand_in, turn, corner):
    """rotate_deg turns the picture clockwise, and the size stated is that of the turned picture."""
    camera = Picamera2Camera(CameraTable(kind="picamera2", **SETTINGS, rotate_deg=turn))
    image = next(camera.frames()).image
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert tuple(image[corner]) == (250, 100, 10)


def test_the_pi_camera_is_configured_once_and_let_go(stand_in):
    """Reconfiguring leaks memory in picamera2."""
    camera = Picamera2Camera(CameraTable(kind="picamera2", **SETTINGS))
    for _, _ in zip(camera.frames(), range(3), strict=False):
        pass
    camera.close()
    assert camera._camera.log == ["configure", "start", "stop", "close"]


def test_a_stalled_pi_camera_is_an_error_not_a_wait(stand_in):
    """Every wait has a timeout."""
    stand_in.stalled = True
    camera = Picamera2Camera(CameraTable(kind="picamera2", **SETTINGS, timeout_s=0.01))
    with pytest.raises(CameraError, match="stalled"):
        next(camera.frames())


def test_no_pi_camera_connected_is_said(stand_in):
    """picamera2 raises IndexError; the user reads a sentence."""
    stand_in.missing = True
    with pytest.raises(CameraError, match="list-cameras"):
        Picamera2Camera(CameraTable(kind="picamera2", **SETTINGS))


def test_without_picamera2_the_apt_command_is_said(monkeypatch):
    """The module comes from apt, and a venv must be able to see it."""
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match=r"apt install python3-picamera2.*--system-site-packages"):
        Picamera2Camera(CameraTable(kind="picamera2", **SETTINGS))


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
