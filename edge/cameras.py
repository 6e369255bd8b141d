"""The seam to whatever gives frames, and the cameras that need no driver."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from edge.clocks import Clock
from edge.errors import CameraError
from edge.parts import Frame
from edge.pictures import read_picture


class Camera(Protocol):
    """Gives RGB frames with the time of their exposure. The belt runs from left to right in them."""

    def frames(self) -> Iterator[Frame]:
        """Yield the newest frame again and again, never an old one; ends when there are no more.

        Raises CameraError when none comes in time or one is not of the expected size.
        """
        ...

    def close(self) -> None:
        """Let the camera go. May be called twice."""
        ...


class FolderCamera:
    """Frames recorded as pictures in a folder, in the order of their names, at a steady rate from the first call on.

    A frame whose successor is already due is dropped, as a real camera would.
    """

    def __init__(self, folder: Path, *, frame_rate_hz: float, size: tuple[int, int], clock: Clock) -> None:
        """size: (width, height) in pixels that every picture must have. Raises CameraError for an empty folder."""
        if not folder.is_dir():
            raise CameraError(f"camera.folder: expected a folder of frames, found none at {folder}; correct the path")
        self._paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
        if not self._paths:
            raise CameraError(f"camera.folder: expected pictures in {folder}, found none; record some frames first")
        self._interval_s, self._size, self._clock = 1 / frame_rate_hz, size, clock

    def frames(self) -> Iterator[Frame]:
        """Yield each recorded frame when it is due."""
        start = self._clock.now() + self._interval_s
        for number, path in enumerate(self._paths):
            taken_at = start + number * self._interval_s
            if number + 1 < len(self._paths) and self._clock.now() > taken_at + self._interval_s:
                continue
            self._clock.sleep_until(taken_at)
            yield Frame(self._read(path), taken_at, number)

    def close(self) -> None:
        """Nothing to let go."""

    def _read(self, path: Path) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        image = read_picture(path)
        if image.shape[1::-1] != self._size:
            width, height = self._size
            raise CameraError(
                f"{path}: expected a frame of {width}x{height} pixels (camera.width_px, camera.height_px), "
                f"found {image.shape[1]}x{image.shape[0]}; correct the machine file or record again"
            )
        return image
