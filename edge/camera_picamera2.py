"""The Raspberry Pi camera through picamera2.

Traps kept in here: the format picamera2 calls BGR888 is R,G,B in memory; a finished frame may be older than the call
that fetches it; SensorTimestamp is the end of the exposure of the first row; every wait needs a timeout, also that for
stopping a camera whose cable came loose; configuring twice leaks memory; some versions ignore AeEnable, so what is
locked is read back from the metadata of every frame.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.camera_locks import CameraLocks, settled_gains
from edge.camera_tables import CameraTable
from edge.errors import CameraError, CameraLost
from edge.parts import Frame

PIXEL_FORMAT = "BGR888"  # red first in memory, whatever its name says
LOCK_FRAMES = 40  # a control takes effect a few frames after it was set
STEADY_FRAMES = 8  # in a row, before it is believed that it has
BALANCE_FRAMES = 120  # until the automatic white balance has found its gains
STALE_S = 10.0  # no frame can be so old, so its time stamp is of another clock
_NANO = 1e-9
_MICRO = 1e-6


class Picamera2Camera:
    """Frames of the first camera libcamera finds, everything automatic locked, timed on the system's monotonic clock.

    The camera itself makes the small picture that the machine file asks for.
    """

    def __init__(
        self,
        settings: CameraTable,
        tell: Callable[[str], None] = lambda _line: None,
        now_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Configure once, start, lock and verify. `tell` hears of what was measured.

        Raises CameraError without picamera2, without a camera, with a busy one, or with one that cannot be locked.
        """
        self._settings, self._tell, self._now_ns = settings, tell, now_ns
        self._interval_ns = 1e9 / settings.frame_rate_hz
        self._closed = False
        self._camera = self._open()
        try:
            self._start()
            self._locks = self._lock()
        except CameraError:
            self.close()
            raise
        except Exception as error:  # libcamera reports through RuntimeError and through classes of its own
            self.close()
            raise CameraError(
                f"camera: expected {settings.width_px}x{settings.height_px} frames, found: {error}; "
                "end other programs that use the camera and check its cable with: rpicam-hello --list-cameras"
            ) from error

    @property
    def settings(self) -> CameraTable:
        """What it was opened with, measured gains included, to open it with again."""
        return self._settings

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame again and again, one whose exposure began at most one and a half intervals ago.

        Raises CameraLost when none comes in time, or when the camera no longer keeps to what was locked.
        """
        first_ns, number = None, -1
        while True:
            metadata, image = self._fetch()
            unlocked = self._locks.broken(metadata)
            if unlocked:
                raise CameraLost(f"{unlocked}; the camera had kept to it before")
            stamp_ns = metadata["SensorTimestamp"]
            first_ns = stamp_ns if first_ns is None else first_ns
            number = max(number + 1, round((stamp_ns - first_ns) / self._interval_ns))
            taken_at = stamp_ns * _NANO - metadata["ExposureTime"] * _MICRO / 2
            yield Frame(self._upright(image), taken_at, number)

    def close(self) -> None:
        """Stop and let the camera go. Returns also when libcamera hangs on a camera that has stalled."""
        if self._closed:
            return
        self._closed = True
        ending = threading.Thread(target=self._end, name="edge-sort camera end", daemon=True)
        ending.start()
        ending.join(self._settings.timeout_s)
        if ending.is_alive():
            self._tell("the camera did not stop in time; another program may find it busy until this one ends")

    def _end(self) -> None:
        cancel = getattr(self._camera, "cancel_all_and_flush", None)  # of newer versions: jobs that timed out
        for step in (cancel, self._camera.stop, self._camera.close):
            try:
                if step is not None:
                    step()
            except Exception as error:  # the next step is still worth trying
                self._tell(f"the camera could not be let go cleanly: {error}")

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
        controls: dict[str, Any] = {
            "AeEnable": False,
            "ExposureTime": round(settings.exposure_ms * 1000),
            "AnalogueGain": settings.analogue_gain,
            "FrameDurationLimits": (frame_us, frame_us),
            "AwbEnable": settings.colour_gains is None,
        }
        if settings.colour_gains is not None:
            controls["ColourGains"] = settings.colour_gains
        main = {"size": size, "format": PIXEL_FORMAT}
        self._camera.configure(self._camera.create_video_configuration(main=main, controls=controls))
        given = self._camera.camera_configuration()["main"]
        if given["format"] != PIXEL_FORMAT or tuple(given["size"]) != size:
            raise CameraError(
                f"camera: expected frames of {size[0]}x{size[1]} in {PIXEL_FORMAT}, found that the camera gives "
                f"{given['size'][0]}x{given['size'][1]} in {given['format']}; "
                "choose camera.width_px and camera.height_px that the sensor offers"
            )
        self._camera.start()

    def _lock(self) -> CameraLocks:
        """Wait until the metadata shows what was asked for. Raises CameraError when it never does."""
        gains = self._settings.colour_gains
        if gains is None:
            gains = settled_gains(self._fetch()[0] for _ in range(BALANCE_FRAMES))
            self._camera.set_controls({"AwbEnable": False, "ColourGains": gains})
            self._tell(
                f"camera.colour_gains: measured {gains[0]:.3f}, {gains[1]:.3f} on what lies before the camera now; "
                f"write colour_gains = [{gains[0]:.3f}, {gains[1]:.3f}] into [camera] to keep them from start to start"
            )
            self._settings = self._settings.model_copy(update={"colour_gains": gains})
        locks = CameraLocks.of(self._settings, gains)
        broken, steady = "", 0
        for _ in range(LOCK_FRAMES):
            found = locks.broken(self._fetch()[0])
            broken, steady = (found, 0) if found else (broken, steady + 1)
            if steady == STEADY_FRAMES:
                return locks
        raise CameraError(f"{broken}; update libcamera and picamera2, or correct it to what the sensor can do")

    def _fetch(self) -> tuple[Mapping[str, Any], NDArray[np.uint8]]:
        """Return metadata and pixels of a fresh frame. Raises CameraLost."""
        oldest_ns = self._now_ns() - round(1.5 * self._interval_ns)
        job = self._camera.capture_request(wait=False, flush=oldest_ns)
        try:
            request = job.get_result(timeout=self._settings.timeout_s)
        except TimeoutError as error:
            raise CameraLost(
                f"camera: expected a frame within {self._settings.timeout_s:g} s, found none; "
                "the camera has stalled: check its cable and supply"
            ) from error
        try:
            metadata, image = request.get_metadata(), request.make_array("main")
        finally:
            request.release()
        age_s = (self._now_ns() - metadata["SensorTimestamp"]) * _NANO
        if not 0 <= age_s < STALE_S:
            raise CameraLost(
                f"camera: expected frames timed on the monotonic clock, found one that is {age_s:.3f} s old; "
                "update libcamera and picamera2"
            )
        return metadata, image

    def _upright(self, array: NDArray[np.uint8]) -> NDArray[np.uint8]:
        image = np.ascontiguousarray(np.rot90(array[:, :, :3], -self._settings.rotate_deg // 90))
        expected = (self._settings.height_px, self._settings.width_px, 3)
        if image.shape != expected:
            raise CameraError(
                f"camera: expected frames of shape {expected}, found {image.shape}; "
                "choose camera.width_px and camera.height_px that the sensor offers"
            )
        return image
