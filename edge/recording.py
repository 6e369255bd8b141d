"""Recorded frames: pixels without loss, the moments they were taken, and a digest of each.

A recording is a folder: `recording.json` (size, scale, rate, camera), a PNG per frame, and `frames.jsonl` with a line
per frame, written after its PNG, so that every line stands for a whole frame whenever the recorder is killed. The last
line says how many frames there are; without it the recording was cut short, and what is listed is still good.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import CameraError, DataError
from edge.pictures import read_picture
from edge.problems import first_problem

FORMAT = 1
FACTS_FILE, FRAMES_FILE = "recording.json", "frames.jsonl"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RecordingFacts(_Record):
    """What a recording is of. mm_per_px and frame_rate_hz as the machine file said."""

    format: int = FORMAT
    width_px: int = Field(gt=0)
    height_px: int = Field(gt=0)
    mm_per_px: float = Field(gt=0)
    frame_rate_hz: float = Field(gt=0)
    camera: str
    machine_sha256: str
    started_at_utc: str


class RecordedFrame(_Record):
    """A frame. taken_at_s and had_at_s: mid-exposure, and when it could be had. sha256: of its pixels, RGB by rows."""

    number: int
    taken_at_s: float
    had_at_s: float
    file: str = Field(pattern=r"^\d{8}\.png$")
    sha256: str


class RecordingEnd(_Record):
    """The last line."""

    frames: int
    because: str


class Recording:
    """A recording to read from."""

    def __init__(self, folder: Path) -> None:
        """Read what it says of itself. Raises CameraError for what is no recording or lists what it does not hold."""
        self.folder = folder
        self.facts = self._facts()
        self.frames: tuple[RecordedFrame, ...]
        self.frames, self.end = self._listed()
        if not self.frames:
            raise CameraError(f"{folder}: expected recorded frames, found none; record again with: edge-sort record")
        if self.end is not None and self.end.frames != len(self.frames):
            raise CameraError(
                f"{folder / FRAMES_FILE}: expected {self.end.frames} frames as its last line says, "
                f"found {len(self.frames)}; copy the recording again"
            )

    @property
    def cut_short(self) -> bool:
        """Whether the recorder was killed or the disk was full: what is listed is whole all the same."""
        return self.end is None

    def image(self, frame: RecordedFrame) -> NDArray[np.uint8]:
        """Return a frame's pixels, (H, W, 3) uint8 RGB, the very ones recorded. Raises DataError when they are not."""
        path = self.folder / frame.file
        image = read_picture(path)
        if image.shape != (self.facts.height_px, self.facts.width_px, 3) or pixels_sha256(image) != frame.sha256:
            raise DataError(f"{path}: expected the pixels that were recorded, found others; copy the recording again")
        return image

    def _facts(self) -> RecordingFacts:
        path = self.folder / FACTS_FILE
        try:
            facts = RecordingFacts.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise CameraError(
                f"{path}: expected the facts of a recording, found: {first_problem(error)}; "
                "give a folder made with: edge-sort record"
            ) from error
        if facts.format != FORMAT:
            raise CameraError(
                f"{path}: expected format {FORMAT}, found {facts.format}; install the edge-sort that made it"
            )
        return facts

    def _listed(self) -> tuple[tuple[RecordedFrame, ...], RecordingEnd | None]:
        path = self.folder / FRAMES_FILE
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            raise CameraError(f"{path}: expected a list of frames, found: {first_problem(error)}") from error
        lines.pop()  # what follows the last end of line: nothing, or a line cut short
        frames: list[RecordedFrame] = []
        for number, line in enumerate(lines):
            try:
                if number == len(lines) - 1 and b'"because"' in line:
                    return tuple(frames), RecordingEnd.model_validate_json(line)
                frames.append(RecordedFrame.model_validate_json(line))
            except ValidationError as error:
                raise CameraError(
                    f"{path}: expected a frame in line {number + 1}, found: {first_problem(error)}; "
                    "copy the recording again"
                ) from error
        return tuple(frames), None


def pixels_sha256(image: NDArray[np.uint8]) -> str:
    """Return the digest of a frame's pixels, row by row, red first."""
    return hashlib.sha256(np.ascontiguousarray(image).data).hexdigest()
