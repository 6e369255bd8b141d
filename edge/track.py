"""What is known of one part that rides through the picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.parts import Sighting
from edge.shapes import Outline, Shape

MOST_OUTLINES = 3  # kept of a part, those nearest the middle of the picture


@dataclass
class Track:
    """What is known of one part. Positions are marks (see edge.belt), so they do not change while it rides."""

    number: int
    mark_mm: float
    y_mm: float
    length_mm: float
    width_mm: float
    first_seen_at: float
    last_seen_at: float
    sightings: int = 1
    missed: int = 0
    crowded: bool = False
    out_of_view: bool = False
    bin: str | None = None
    scores: list[NDArray[np.float32]] = field(default_factory=list)
    voted_in: list[tuple[int, float]] = field(default_factory=list)  # frame number and taken_at of each of `scores`
    crop: NDArray[np.uint8] | None = None  # of the newest frame that shows it whole
    blurred: int = 0
    eyed: bool = True
    outlines: list[tuple[float, Outline]] = field(default_factory=list)

    def look(self, sighting: Sighting) -> None:
        """Keep its outline, if it is one of those nearest the middle of the picture."""
        if sighting.outline is not None and not sighting.several:
            self.outlines.append((abs(sighting.x_mm), sighting.outline))
            self.outlines.sort(key=lambda one: one[0])
            del self.outlines[MOST_OUTLINES:]

    @property
    def shapes(self) -> list[Shape]:
        """What its outlines say, the best seen first."""
        return [outline.shape for _, outline in self.outlines if outline.shape is not None]

    @property
    def decided(self) -> bool:
        """Whether its bin is known."""
        return self.bin is not None

    def see(self, sighting: Sighting, mark: float, taken_at: float) -> None:
        """Take in another sighting: the mean position, the largest extent."""
        self.mark_mm += (mark - self.mark_mm) / (self.sightings + 1)
        self.sightings += 1
        self.y_mm = sighting.y_mm
        self.length_mm = max(self.length_mm, sighting.length_mm)
        self.width_mm = max(self.width_mm, sighting.width_mm)
        self.out_of_view |= sighting.cut_sideways
        self.crowded |= sighting.several
        self.eyed |= sighting.eyed
        self.last_seen_at = taken_at
        self.missed = 0
        self.look(sighting)
