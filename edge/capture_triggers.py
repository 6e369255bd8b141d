"""When a picture is taken: as a part passes, seen by the finder or by the photo-eye, or when somebody presses Enter.

What is taken is the crop that the classifier would get on the line.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.finder import Finder
from edge.parts import Frame, Sighting
from edge.photo_eye import PartFinder
from edge.track import Track
from edge.tracker import Tracker


@dataclass(frozen=True)
class Shot:
    """A picture of a part, (h, w, 3) uint8, or why there is none."""

    image: NDArray[np.uint8] | None = None
    spoiled: str = ""


class Trigger(Protocol):
    """Says which pictures to take."""

    @property
    def ready(self) -> bool:
        """Whether the empty belt is known; before that nothing is taken."""
        ...

    @property
    def ended(self) -> bool:
        """Whether there will be no more."""
        ...

    def see(self, frame: Frame) -> list[Shot]:
        """Return what is to be taken now that this frame is there. Raises CameraError."""
        ...

    def finish(self) -> list[Shot]:
        """Return what is left when no more frames come."""
        ...


@dataclass(frozen=True)
class _View:
    """A part in one frame; the lower the rank, the better."""

    rank: tuple[bool, bool, float]
    image: NDArray[np.uint8]
    spoiled: str


class PassingParts:
    """Every part that rides by, once, in the frame that shows it nearest the middle of the picture."""

    ended = False

    def __init__(
        self,
        finder: PartFinder,
        tracker: Tracker,
        *,
        frame_interval_s: float,
        mm_per_px: float,
        ready: Callable[[], bool] = lambda: True,
    ) -> None:
        self._finder, self._tracker, self._interval_s, self._mm_per_px = finder, tracker, frame_interval_s, mm_per_px
        self._ready = ready
        self._best: dict[int, _View] = {}

    @property
    def ready(self) -> bool:
        """Whether the empty belt is known."""
        return self._ready()

    def see(self, frame: Frame) -> list[Shot]:
        """Return the parts that the next frame will not show any more."""
        sightings = self._finder.find(frame)
        if sightings is not None:
            for track, sighting in self._tracker.update(sightings, frame):
                if not track.decided:
                    self._look(track, sighting, sightings)
        next_at = frame.taken_at + self._interval_s
        return [self._take(track) for track in self._waiting() if self._tracker.leaves_before(track, next_at)]

    def finish(self) -> list[Shot]:
        """Return the parts that are still in the picture."""
        return [self._take(track) for track in self._waiting()]

    def _waiting(self) -> list[Track]:
        return [track for track in self._tracker.tracks if not track.decided]

    def _look(self, track: Track, sighting: Sighting, others: list[Sighting]) -> None:
        spoiled = _spoiled(sighting, others, self._mm_per_px)
        rank = (bool(spoiled), not sighting.centred, abs(sighting.x_mm))
        best = self._best.get(track.number)
        if best is None or rank < best.rank:
            # a copy: a view would hold on to the whole frame
            self._best[track.number] = _View(rank, sighting.crop.copy(), spoiled)

    def _take(self, track: Track) -> Shot:
        track.bin = "taken"  # so that the tracker may forget it
        view = self._best.pop(track.number)
        return Shot(spoiled=view.spoiled) if view.spoiled else Shot(view.image)


class PressedKey:
    """The one part that lies in the picture when Enter is pressed; or the whole picture."""

    def __init__(self, keys: Keys, finder: Finder | None, mm_per_px: float) -> None:
        """finder: None takes whole pictures."""
        self._keys, self._finder, self._mm_per_px = keys, finder, mm_per_px

    @property
    def ready(self) -> bool:
        """Whether the empty belt is known."""
        return self._finder is None or self._finder.ready

    @property
    def ended(self) -> bool:
        """Whether the keyboard has come to its end, or somebody has said q."""
        return self._keys.ended

    def see(self, frame: Frame) -> list[Shot]:
        """Return the picture if Enter was pressed. Hands may be in it otherwise, so that nothing is looked for."""
        if self._finder is not None and not self._finder.ready:
            self._finder.find(frame)
            return []
        if not self._keys.pressed():
            return []
        if self._finder is None:
            return [Shot(frame.image)]
        return [_only_part(self._finder.find(frame), self._mm_per_px)]

    def finish(self) -> list[Shot]:
        """Return nothing: what nobody asked for is not taken."""
        return []


class Keys:
    """Presses of Enter on a terminal, or lines from a pipe; q, or the end of the input, ends."""

    def __init__(self, descriptor: int) -> None:
        """descriptor: of the standard input."""
        self._descriptor = descriptor
        self._line = b""
        self.ended = False

    def pressed(self) -> bool:
        """Whether Enter was pressed since the last call; does not wait. Further presses are for further calls."""
        while not self.ended and select.select([self._descriptor], [], [], 0)[0]:
            byte = os.read(self._descriptor, 1)
            if byte == b"\n":
                word, self._line = self._line.strip().lower(), b""
                self.ended = word == b"q"
                return not self.ended
            self.ended = not byte
            self._line = (self._line + byte)[-16:]
        return False


def _only_part(sightings: list[Sighting] | None, mm_per_px: float) -> Shot:
    if sightings is None:
        return Shot(spoiled="no picture of the belt")
    if len(sightings) != 1:
        return Shot(spoiled="no part" if not sightings else "another part beside it")
    if not sightings[0].whole:
        return Shot(spoiled="cut by the picture's end")
    spoiled = _spoiled(sightings[0], sightings, mm_per_px)
    return Shot(spoiled=spoiled) if spoiled else Shot(sightings[0].crop)


def _spoiled(sighting: Sighting, others: list[Sighting], mm_per_px: float) -> str:
    """Say why a crop is no picture of one whole part; nothing when it is."""
    if sighting.cut_sideways:
        return "cut by the picture's end"
    if not sighting.eyed:
        return "not seen by the photo-eye"
    half_mm = len(sighting.crop) * mm_per_px / 2
    beside = any(one is not sighting and _reaches(one, sighting, half_mm) for one in others)
    return "another part beside it" if sighting.several or beside else ""


def _reaches(other: Sighting, sighting: Sighting, half_mm: float) -> bool:
    return (
        abs(other.x_mm - sighting.x_mm) - other.length_mm / 2 < half_mm
        and abs(other.y_mm - sighting.y_mm) - other.width_mm / 2 < half_mm
    )
