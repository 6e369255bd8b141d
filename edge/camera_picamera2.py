"""The Raspberry Pi camera through picamera2.

Traps kept in here: the format picamera2 calls BGR888 is R,G,B in memory; a finished frame may be older than the call
that fetches it; SensorTimestamp is the end of the exposure of the first row; every wait needs a timeout.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import CameraError
from edge.machine import CameraTable
from edge.parts import Frame

_NANO = 1e-9
_MICRO = 1e-6


class Picamera2Camera:
    """Frames of the first camera libcamera finds, exposure and gain locked, timed on the system's monotonic clock."""

    def __init__(self, settings: CameraTable) -> None:
        """Configure once and start. Raises CameraError without picamera2, without a camera, or with a busy one."""
        self._settings = settings
        self._camera = self._open()
        try:
            self._start()
        except Exception as error:  # libcamera reports through RuntimeError and through classes of its own
            self.close()
            raise CameraError(
                f"camera: expected {settings.width_px}x{settings.height_px} frames, found: {error}; "
                "end other programs that use the camera and check its cable with: rpicam-hello --list-cameras"
            ) from error

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame again and again."""
        interval_ns = 1e9 / self._settings.frame_rate_hz
        number = 0
        while True:
            oldest_ns = time.monotonic_ns() - round(1.5 * interval_ns)
            yield self._frame(self._camera.capture_request(wait=False, flush=oldest_ns), number)
            number += 1

    def close(self) -> None:
        """Stop and let the camera go."""
        self._camera.stop()
        self._camera.close()

    def _open(self) -> Any:
        try:
            from picamera2 import Picamera2
        except ImportError as error:
            raise CameraError(
                f"camera.kind: expected picamera2 to be installed, found that it cannot be loaded ({error}); "
                "install it with: sudo apt install python3-picamera2, and make the virtual environment with "
                "--system-site-packages"
            ) from error
        try:
            return Picamera2()
        except (IndexError, RuntimeError) as error:
            raise CameraError(
                f"camera: expected a camera that is free, found none ({error}); check the cable, end other programs "
                "that use it, and list what is connected with: rpicam-hello --list-cameras"
            ) from error

    def _start(self) -> None:
        settings = self._settings
        sideways = settings.rotate_deg in (90, 270)
        size = (settings.height_px, settings.width_px) if sideways else (settings.width_px, settings.height_px)
        frame_us = round(1e6 / settings.frame_rate_hz)
        controls = {
            "AeEnable": False,
            "ExposureTime": round(settings.exposure_ms * 1000),
            "AnalogueGain": settings.analogue_gain,
            "FrameDurationLimits": (frame_us, frame_us),
        }
        self._camera.configure(
            self._camera.create_video_configuration(main={"size": size, "format": "BGR888"}, controls=controls)
        )
        self._camera.start()

    def _frame(self, job: Any, number: int) -> Frame:
        try:
            request = job.get_result(timeout=self._settings.timeout_s)
        except TimeoutError as error:
            raise CameraError(
                f"camera: expected a frame within {self._settings.timeout_s:g} s, found none; "
                "the camera has stalled: check its cable and supply, then start again"
            ) from error
        try:
            metadata = request.get_metadata()
            image = self._upright(request.make_array("main"))
        finally:
            request.release()
        taken_at = metadata["SensorTimestamp"] * _NANO - metadata["ExposureTime"] * _MICRO / 2
        return Frame(image, taken_at, number)

    def _upright(self, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = np.ascontiguousarray(np.rot90(array[:, :, :3], -self._settings.rotate_deg // 90))
        expected = (self._settings.height_px, self._settings.width_px, 3)
        if image.shape != expected:
            raise CameraError(
                f"camera: expected frames of shape {expected}, found {image.shape}; "
                "choose camera.width_px and camera.height_px that the sensor offers"
            )
        return image
