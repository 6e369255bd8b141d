"""What a Pi camera was told to keep to, checked against the metadata of its frames."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.camera_tables import CameraTable
from edge.errors import CameraError

STILL_FRAMES = 25
_SETTLED = 0.01  # relative change of the white balance within them


@dataclass(frozen=True)
class CameraLock:
    """One number of the metadata. tolerance: absolute, what the sensor may round. key: of the machine file."""

    key: str
    name: str
    wanted: float
    tolerance: float
    unit: str = ""

    def broken(self, found: float | None) -> str | None:
        """Say what is wrong with a frame's number; None when nothing is."""
        if found is not None and abs(found - self.wanted) <= self.tolerance:
            return None
        told = "nothing" if found is None else f"{found:g}{self.unit}"
        return f"{self.key}: expected {self.wanted:g}{self.unit}, found {told} in the frame's metadata ({self.name})"


@dataclass(frozen=True)
class CameraLocks:
    """Exposure, gains, white balance and frame rate."""

    locks: tuple[CameraLock, ...]

    @classmethod
    def of(cls, settings: CameraTable, colour_gains: tuple[float, float]) -> CameraLocks:
        """Return what a frame's metadata must say. A sensor counts exposure in rows and gain in steps of its own."""
        exposure_us, frame_us = settings.exposure_ms * 1000, 1e6 / settings.frame_rate_hz
        red, blue = colour_gains
        return cls(
            (
                CameraLock("camera.exposure_ms", "ExposureTime", exposure_us, max(0.02 * exposure_us, 60), " us"),
                CameraLock(
                    "camera.analogue_gain", "AnalogueGain", settings.analogue_gain, 0.05 * settings.analogue_gain
                ),
                CameraLock("camera.analogue_gain", "DigitalGain", 1.0, 0.1),
                CameraLock("camera.colour_gains", "ColourGains.0", red, 0.02 * red),
                CameraLock("camera.colour_gains", "ColourGains.1", blue, 0.02 * blue),
                CameraLock("camera.frame_rate_hz", "FrameDuration", frame_us, 0.05 * frame_us, " us"),
            )
        )

    def broken(self, metadata: Mapping[str, Any]) -> str | None:
        """Say which lock a frame does not keep to; None when it keeps to all."""
        for lock in self.locks:
            name, _, index = lock.name.partition(".")
            found = metadata.get(name)
            if index and found is not None:
                found = found[int(index)]
            problem = lock.broken(found)
            if problem:
                return problem
        return None


def settled_gains(metadata: Iterable[Mapping[str, Any]]) -> tuple[float, float]:
    """Return the automatic white balance's gains (red, blue) once they have stood still for a while.

    libcamera computes them anew every ten frames, so two equal frames mean nothing. Raises CameraError when the
    metadata ends before.
    """
    latest: deque[tuple[float, float]] = deque(maxlen=STILL_FRAMES)
    for one in metadata:
        red, blue = one["ColourGains"]
        latest.append((float(red), float(blue)))
        sides = zip(*latest, strict=True)
        if len(latest) == STILL_FRAMES and all(max(side) < min(side) * (1 + _SETTLED) for side in sides):
            return latest[-1]
    raise CameraError(
        "camera.colour_gains: expected the automatic white balance to stand still, found that it still moves "
        f"({latest[-1] if latest else 'no frame'}); light the belt evenly, or set colour_gains = [RED, BLUE]"
    )
