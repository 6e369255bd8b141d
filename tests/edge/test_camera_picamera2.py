"""The Pi camera's adapter on a stand-in with picamera2's real conventions (stand_in_picamera2.py)."""

from __future__ import annotations

import sys
import threading
import types

import pytest

from edge.camera_picamera2 import Picamera2Camera
from edge.camera_tables import CameraTable
from edge.errors import CameraError, CameraLost
from tests.edge.stand_in_picamera2 import BLUE, GREEN, RED, StandInPicamera2

SETTINGS = {
    "kind": "picamera2",
    "width_px": 96,
    "height_px": 64,
    "mm_per_px": 1.0,
    "frame_rate_hz": 10.0,
    "exposure_ms": 2.0,
    "colour_gains": (2.0, 1.5),
}


@pytest.fixture
def stand_in(monkeypatch):
    class Fresh(StandInPicamera2):
        pass

    monkeypatch.setitem(sys.modules, "picamera2", types.SimpleNamespace(Picamera2=Fresh))
    return Fresh


@pytest.fixture
def open_pi(stand_in):
    """Open the camera on the stand-in's time."""

    def open_it(told=None, **changes):
        table = CameraTable(**SETTINGS | changes)
        tell = (told if told is not None else []).append
        return Picamera2Camera(table, tell, now_ns=lambda: stand_in.latest.now_ns)

    return open_it


def test_frames_are_red_first_and_timed_at_the_middle_of_the_exposure(stand_in, open_pi):
    """SensorTimestamp is the end of the exposure: half of it earlier is its middle."""
    camera = open_pi()
    frame = next(camera.frames())
    request = camera._camera.requests[-1]
    assert tuple(frame.image[0, 0]) == (RED, GREEN, BLUE)
    assert frame.taken_at == pytest.approx(request.stamp_ns / 1e9 - request.get_metadata()["ExposureTime"] / 2e6)
    assert all(request.released for request in camera._camera.requests)


def test_a_format_that_is_not_red_first_is_refused(stand_in, open_pi):
    """libcamera may give another format than the one asked for, and says so."""
    stand_in.gives_format = "RGB888"
    with pytest.raises(CameraError, match="found that the camera gives 96x64 in RGB888"):
        open_pi()


def test_another_size_than_the_scale_was_measured_for_is_refused(stand_in, open_pi):
    """libcamera may round a size."""
    stand_in.gives_size = (128, 64)
    with pytest.raises(CameraError, match="128x64"):
        open_pi()


def test_a_slow_sorter_gets_fresh_frames_and_the_gap_shows_in_their_numbers(stand_in, open_pi):
    """Frames that finished long before they were asked for are passed over."""
    camera = open_pi()
    frames = camera.frames()
    first = next(frames)
    camera._camera.pass_time(1.0)
    asked_at_s = camera._camera.now_ns / 1e9
    second = next(frames)
    assert second.taken_at > asked_at_s - 0.16
    assert second.number - first.number == round((second.taken_at - first.taken_at) * 10)
    assert second.number - first.number >= 9


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_frames_are_turned_clockwise(open_pi, turn, corner):
    """The size stated is that of the turned picture."""
    image = next(open_pi(rotate_deg=turn).frames()).image
    assert image.shape == (64, 96, 3)
    assert tuple(image[corner]) == (RED, GREEN, BLUE)


def test_it_is_configured_once_with_everything_locked_and_a_small_picture(stand_in, open_pi):
    """Configuring twice leaks memory."""
    camera = open_pi()
    for _, _ in zip(camera.frames(), range(3), strict=False):
        pass
    camera.close()
    camera.close()
    assert camera._camera.log == ["configure", "start", "cancel", "stop", "close"]
    assert camera._camera.configuration["main"]["size"] == (96, 64)
    controls = camera._camera.configuration["controls"]
    assert (controls["AeEnable"], controls["AwbEnable"], controls["ColourGains"]) == (False, False, (2.0, 1.5))
    assert (controls["ExposureTime"], controls["FrameDurationLimits"]) == (2000, (100_000, 100_000))


def test_a_camera_that_keeps_its_automatic_exposure_is_refused(stand_in, open_pi):
    """Some versions ignore AeEnable, and a long exposure blurs."""
    stand_in.ignores_auto_exposure_off = True
    with pytest.raises(CameraError, match=r"camera\.exposure_ms: expected 2000 us, found 16008 us"):
        open_pi()
    assert stand_in.opened == 1


def test_a_camera_that_leaves_its_exposure_later_is_lost(stand_in, open_pi):
    """Every frame's metadata is looked at; starting again locks it again."""
    stand_in.unlocks_after = 12
    with pytest.raises(CameraLost, match=r"camera\.exposure_ms.*had kept to it"):
        for _ in open_pi().frames():
            pass


def test_a_frame_rate_the_sensor_cannot_give_is_refused(stand_in, open_pi):
    """The time from frame to frame is in the metadata too."""
    stand_in.shortest_frame_us = 200_000
    with pytest.raises(CameraError, match=r"camera\.frame_rate_hz: expected 100000 us, found 200000 us"):
        open_pi()


def test_the_white_balance_is_measured_once_told_and_locked(stand_in, open_pi):
    """Without colour_gains: wait until it stands still, lock it, say what to write into the machine file."""
    told = []
    stand_in.balance = staticmethod(lambda frame: (1.0, 1.0) if frame < 20 else (1.93, 1.41))
    camera = open_pi(told, colour_gains=None)
    assert "colour_gains = [1.930, 1.410]" in told[0]
    assert camera.settings.colour_gains == (1.93, 1.41)
    stand_in.balance = staticmethod(lambda frame: (3.0, 3.0))
    for _, _ in zip(camera.frames(), range(10), strict=False):
        pass
    assert camera._camera.requests[-1].get_metadata()["ColourGains"] == (1.93, 1.41)


def test_a_white_balance_that_never_stands_still_is_an_error(stand_in, open_pi):
    """Flickering light does that."""
    stand_in.balance = staticmethod(lambda frame: (1.5 + 0.1 * (frame % 2), 1.4))
    with pytest.raises(CameraError, match=r"camera\.colour_gains.*light the belt evenly"):
        open_pi(colour_gains=None)


def test_a_stalled_camera_is_an_error_not_a_wait(stand_in, open_pi):
    """Every wait has a timeout."""
    camera = open_pi()
    stand_in.lost_after = camera._camera.made + 2
    frames = camera.frames()
    next(frames)
    next(frames)
    with pytest.raises(CameraLost, match="stalled"):
        next(frames)


def test_a_camera_that_hangs_while_it_is_stopped_is_given_up(stand_in, open_pi):
    """libcamera's stop does not return when the cable came loose."""
    told = []
    stand_in.hangs_on_stop = threading.Event()
    camera = open_pi(told, timeout_s=0.01)
    camera.close()
    stand_in.hangs_on_stop.set()
    assert "did not stop in time" in told[0]


def test_a_frame_timed_on_another_clock_is_refused(stand_in, open_pi):
    """A time stamp from the future, or from long ago, would send every gate wrong."""
    stand_in.clock_offset_ns = 3_600_000_000_000
    with pytest.raises(CameraError, match="monotonic clock"):
        open_pi()


def test_no_camera_connected_is_said(stand_in, open_pi):
    """picamera2 raises IndexError; the user reads a sentence."""
    stand_in.missing = True
    with pytest.raises(CameraError, match="list-cameras"):
        open_pi()


def test_without_picamera2_the_apt_command_is_said(monkeypatch):
    """The module comes from apt, and a venv must be able to see it."""
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match=r"apt install python3-picamera2.*--system-site-packages"):
        Picamera2Camera(CameraTable(**SETTINGS))
