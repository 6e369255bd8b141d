"""USB cameras and video files through OpenCV (pip install '.[usb]').

Traps kept in here: OpenCV gives blue, green, red; it hands out the oldest frame it has buffered, so a thread reads all
of them and only the newest counts; a read of a camera that was unplugged can hang; a control that the camera does not
have is ignored in silence, so what is set is read back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.camera_tables import CameraTable
from edge.clocks import Clock
from edge.errors import CameraError, CameraLost
from edge.extras import need
from edge.parts import Frame

_MANUAL_EXPOSURE = 1  # V4L2_EXPOSURE_MANUAL
_EXPOSURE_UNIT_MS = 0.1  # V4L2_CID_EXPOSURE_ABSOLUTE counts in 100 microseconds
STALE_S = 10.0  # no frame can be so old, so its time stamp is of another clock


class UsbCamera:
    """A camera of Video4Linux, exposure and white balance locked, timed by its driver on the monotonic clock.

    The driver's time stamp is the moment a frame's first data arrived, taken for the end of its exposure; what the bus
    adds is a constant that calibrating a gate takes up.
    """

    def __init__(self, settings: CameraTable, now: Callable[[], float] = time.monotonic) -> None:
        """Open, lock and start. Raises CameraError for a device that is missing or cannot be locked."""
        self._cv = need("cv2", "usb", "a USB camera")
        self._settings, self._now = settings, now
        self._newest: tuple[NDArray[np.uint8], float, int] | None = None
        self._ready = threading.Condition()
        self._ended = False
        self._capture = self._cv.VideoCapture(settings.device, self._cv.CAP_V4L2)
        try:
            self._configure()
        except CameraError:
            self._capture.release()
            raise
        self._reader = threading.Thread(target=self._read_all, name="edge-sort camera", daemon=True)
        self._reader.start()

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame, each only once. Raises CameraLost when none comes in time."""
        last = -1
        while True:
            newest = self._newer_than(last)
            if newest is None:
                raise CameraLost(
                    f"camera.device: expected a frame of {self._settings.device} within {self._wait_s:g} s, "
                    "found none; check its cable and its supply"
                )
            bgr, stamp_s, last = newest
            self._check_time(stamp_s)
            yield Frame(self._upright(bgr), stamp_s - self._settings.exposure_ms / 2000, last)

    def close(self) -> None:
        """Let the camera go. Returns also when a read of it hangs."""
        with self._ready:
            self._ended = True
        self._reader.join(self._wait_s)
        if not self._reader.is_alive():
            self._capture.release()

    @property
    def _wait_s(self) -> float:
        return self._settings.timeout_s

    def _newer_than(self, number: int) -> tuple[NDArray[np.uint8], float, int] | None:
        def is_new() -> bool:
            return self._newest is not None and self._newest[2] > number

        with self._ready:
            self._ready.wait_for(lambda: is_new() or self._ended, self._wait_s)
            return self._newest if is_new() else None

    def _read_all(self) -> None:
        number = 0
        while not self._ended:
            good, bgr = self._capture.read()
            with self._ready:
                if not good:
                    self._ended = True
                else:
                    self._newest = (bgr, self._capture.get(self._cv.CAP_PROP_POS_MSEC) / 1000, number)
                self._ready.notify_all()
            number += 1

    def _configure(self) -> None:
        settings, cv = self._settings, self._cv
        if not self._capture.isOpened():
            raise CameraError(
                f"camera.device: expected a camera at {settings.device}, found none that is free; "
                "list them with: v4l2-ctl --list-devices"
            )
        sideways = settings.rotate_deg in (90, 270)
        width, height = (settings.height_px, settings.width_px) if sideways else (settings.width_px, settings.height_px)
        wanted: list[tuple[str, int, float]] = [
            ("camera.width_px", cv.CAP_PROP_FRAME_WIDTH, width),
            ("camera.height_px", cv.CAP_PROP_FRAME_HEIGHT, height),
            ("camera.frame_rate_hz", cv.CAP_PROP_FPS, settings.frame_rate_hz),
            ("camera.exposure_ms", cv.CAP_PROP_AUTO_EXPOSURE, _MANUAL_EXPOSURE),
            ("camera.exposure_ms", cv.CAP_PROP_EXPOSURE, round(settings.exposure_ms / _EXPOSURE_UNIT_MS)),
            ("camera.white_balance_k", cv.CAP_PROP_AUTO_WB, 0),
        ]
        if settings.white_balance_k is not None:
            wanted.append(("camera.white_balance_k", cv.CAP_PROP_WB_TEMPERATURE, settings.white_balance_k))
        if settings.usb_gain is not None:
            wanted.append(("camera.usb_gain", cv.CAP_PROP_GAIN, settings.usb_gain))
        for _, name, value in wanted:  # all first: one may depend on another
            self._capture.set(name, value)
        for key, name, value in wanted:
            found = self._capture.get(name)
            if abs(found - value) > max(0.02 * value, 0.5):
                raise CameraError(
                    f"{key}: expected {settings.device} to keep to {value:g} (OpenCV property {name}), "
                    f"found {found:g}; see what it offers with: v4l2-ctl --list-ctrls --list-formats-ext, correct the "
                    "key, or take a camera that can be set by hand"
                )

    def _check_time(self, stamp_s: float) -> None:
        age_s = self._now() - stamp_s
        if not 0 <= age_s < STALE_S:
            raise CameraLost(
                f"camera.device: expected frames timed on the monotonic clock, found one that is {age_s:.3f} s old; "
                "load the driver with: modprobe uvcvideo clock=CLOCK_MONOTONIC"
            )

    def _upright(self, bgr: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return upright_rgb(bgr, self._settings)


class VideoFileCamera:
    """Frames of a video file at their own pace, the first one now. Lossy as videos are: to replay, use a recording."""

    def __init__(self, settings: CameraTable, file: Path, clock: Clock) -> None:
        """Open `file`. Raises CameraError when it is no video."""
        cv = need("cv2", "usb", "a video file")
        self._settings, self._file, self._clock = settings, file, clock
        self._position = cv.CAP_PROP_POS_MSEC
        self._capture: Any = cv.VideoCapture(str(file), cv.CAP_FFMPEG)
        if not self._capture.isOpened():
            raise CameraError(f"camera.file: expected a video, found none that can be read at {file}; correct the path")

    def frames(self) -> Iterator[Frame]:
        """Yield each frame when it is due; one that is late by more than a frame is dropped."""
        interval_s = 1 / self._settings.frame_rate_hz
        start: float | None = None
        number = 0
        while self._capture.grab():
            at_s = self._capture.get(self._position) / 1000
            start = self._clock.now() + interval_s - at_s if start is None else start
            if self._clock.now() <= start + at_s + interval_s:
                good, bgr = self._capture.retrieve()
                if not good:
                    raise CameraError(f"{self._file}: expected a whole frame {number}, found a damaged one")
                image = upright_rgb(bgr, self._settings)
                self._clock.sleep_until(start + at_s)
                yield Frame(image, start + at_s, number)
            number += 1

    def close(self) -> None:
        """Let the file go. May be called twice."""
        self._capture.release()


def upright_rgb(bgr: NDArray[np.uint8], settings: CameraTable) -> NDArray[np.uint8]:
    """Turn OpenCV's (H, W, 3) blue, green, red into RGB with the belt from left to right.

    Raises CameraError when it is not of the size the machine file says.
    """
    image = np.ascontiguousarray(np.rot90(bgr[:, :, ::-1], -settings.rotate_deg // 90))
    if image.shape != (settings.height_px, settings.width_px, 3):
        raise CameraError(
            f"camera: expected frames of {settings.width_px}x{settings.height_px} pixels, "
            f"found {image.shape[1]}x{image.shape[0]}; correct camera.width_px and camera.height_px"
        )
    return image
