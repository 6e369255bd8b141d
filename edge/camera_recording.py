"""A camera that gives recorded frames again, bit for bit and at their own moments."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.clocks import Clock
from edge.errors import CameraError
from edge.parts import Frame
from edge.recording import Recording


class RecordingCamera:
    """Frames of a recording (edge.recording).

    On a clock that has not yet reached the recording (a ManualClock), times are the recorded ones, to the bit. On one
    that has passed it, all are later by one and the same `shift_s`. A frame whose successor is already due is dropped,
    as a real camera would.
    """

    def __init__(self, folder: Path, *, size: tuple[int, int], mm_per_px: float, clock: Clock) -> None:
        """size: (width, height) in pixels. Raises CameraError for what is no recording or of another size or scale."""
        self.recording = Recording(folder)
        self._clock = clock
        self.shift_s = 0.0
        facts = self.recording.facts
        if (facts.width_px, facts.height_px) != size or facts.mm_per_px != mm_per_px:
            raise CameraError(
                f"{folder}: expected frames of {size[0]}x{size[1]} pixels of {mm_per_px:g} mm (camera.width_px, "
                f"camera.height_px, camera.mm_per_px), found {facts.width_px}x{facts.height_px} of "
                f"{facts.mm_per_px:g} mm; correct the machine file or record again"
            )

    def frames(self) -> Iterator[Frame]:
        """Yield each frame when it could be had. Raises DataError for one that is damaged."""
        frames = self.recording.frames
        if self._clock.now() > frames[0].had_at_s:
            self.shift_s = self._clock.now() + 1 / self.recording.facts.frame_rate_hz - frames[0].had_at_s
        for index, one in enumerate(frames):
            if index + 1 < len(frames) and self._clock.now() > frames[index + 1].had_at_s + self.shift_s:
                continue
            image = self.recording.image(one)
            self._clock.sleep_until(one.had_at_s + self.shift_s)
            yield Frame(image, one.taken_at_s + self.shift_s, one.number)

    def close(self) -> None:
        """Nothing to let go."""
