"""What goes wrong between an emulated world and the line, and how often: drawn from one seed, and counted.

The wrappers round the seams that do it are in edge/faulty.py. The line is told nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np

from edge.parts import Frame

EndingKind = Literal["process_killed", "disk_full"]


@dataclass(frozen=True)
class FaultRates:
    """How often: the camera's per frame, late_inference and wrong_label per classification, gate_refused per move.

    steps_lost and steps_late per batch of an encoder's steps. estop_pressed, line_stopped and bin_filled per second, on
    lines that have the contacts: each is mended by a hand some time later. process_killed and disk_full per run of the
    line, one of the two at most.
    """

    frames_dropped: float = 0.02
    frame_repeated: float = 0.02
    frame_late: float = 0.01
    frame_garbled: float = 0.003
    camera_stalled: float = 0.001
    late_inference: float = 0.005
    wrong_label: float = 0.005
    gate_refused: float = 0.02
    steps_lost: float = 0.02
    steps_late: float = 0.0005
    estop_pressed: float = 0.01
    line_stopped: float = 0.01
    bin_filled: float = 0.02
    process_killed: float = 0.25
    disk_full: float = 0.25


class Faults:
    """Draws what goes wrong and counts it. frames_at: when each frame was taken that the line was given."""

    def __init__(self, rates: FaultRates, seed: int) -> None:
        self._rates, self._seed = rates, seed
        self._rng = np.random.default_rng([seed, 8])
        self.counts: Counter[str] = Counter({one.name: 0 for one in fields(rates)})
        self.frames_at: list[float] = []
        self.frames_seen = 0

    def happens(self, kind: str) -> bool:
        """Draw whether a fault of this kind, a field of FaultRates, happens now; count it if so."""
        drawn = bool(self._rng.random() < getattr(self._rates, kind))
        self.counts[kind] += drawn
        return drawn

    def between(self, bounds: tuple[float, float]) -> float:
        """Draw a number."""
        return float(self._rng.uniform(*bounds))

    def ending(self) -> EndingKind | None:
        """Draw what ends the line before its time, if anything; from a generator of its own."""
        drawn = np.random.default_rng([self._seed, 10]).random()
        if drawn < self._rates.process_killed:
            return "process_killed"
        return "disk_full" if drawn < self._rates.process_killed + self._rates.disk_full else None

    def noise(self, frame: Frame) -> Frame:
        """Return the frame with nothing of its picture left."""
        image = self._rng.integers(0, 256, frame.image.shape, dtype=np.uint8)
        return replace(frame, image=image)
