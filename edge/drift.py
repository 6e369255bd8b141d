"""Does the line still see what it saw? Confidence, sharpness and mix of its parts, the belt's light, a reference patch.

The sorter's thread only puts aside what it sees (`saw`, `decided`); `work` computes, in the thread that looks after the
line, and `judge` says which conditions stand. The first parts and frames of a bundle teach what is usual.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from edge.drift_baseline import BaselineFile
from edge.drift_frames import FrameDrift
from edge.drift_parts import KINDS, PartDrift
from edge.drift_tables import DriftTable
from edge.drift_words import REMEDIES
from edge.incidents import Conditions, Incident, IncidentKind
from edge.parts import Decision, Frame

SAVE_EVERY = 25  # parts, while they are learnt


class DriftWatch:
    """Learns, and then compares window by window. Whatever goes wrong with its file, the line goes on."""

    def __init__(
        self, table: DriftTable, file: BaselineFile, tell: Callable[[str], None] = lambda _sentence: None
    ) -> None:
        """tell: hears once what this watch cannot do."""
        self._table, self._file = table, file
        self._watches = table.learn_parts > 0
        self._baseline = file.read()
        self._frames, self._parts = FrameDrift(table, tell), PartDrift(table)
        self._found: dict[IncidentKind, str | None] = {}
        self._kept_parts, self._can_keep = self._baseline.parts, True

    def saw(self, frame: Frame) -> None:
        """Take in a frame, in the sorter's thread: one in ten is looked at, on a grid."""
        if self._watches:
            self._frames.saw(frame)

    def decided(self, decision: Decision, crop: NDArray[np.uint8] | None) -> None:
        """Take in a part, in the sorter's thread. crop: as it was last seen."""
        if self._watches:
            self._parts.decided(decision, crop)

    def work(self, *, executing: bool) -> None:
        """Compute what can be computed by now. Takes milliseconds when a window is full, else next to nothing."""
        if not self._watches:
            return
        if self._baseline.brightness is None:
            if self._frames.learn(self._baseline):
                self._keep()
        else:
            self._found |= self._frames.compare(self._baseline)
        if not executing:
            self._parts.forget()
            self._found |= dict.fromkeys(KINDS)
            return
        if self._baseline.parts < self._table.learn_parts:
            self._parts.learn(self._baseline)
            learnt = self._baseline.parts - self._kept_parts
            if learnt >= SAVE_EVERY or (learnt and self._baseline.parts >= self._table.learn_parts):
                self._keep()
        else:
            self._found |= self._parts.compare(self._baseline)

    def judge(self, conditions: Conditions, now: float) -> None:
        """Bring the conditions up to date with what was computed."""
        for kind, cause in self._found.items():
            incident = None if cause is None else Incident(kind, cause, self._remedy(kind), now)
            conditions.update(kind.replace("_", " "), incident)

    def _keep(self) -> None:
        self._kept_parts = self._baseline.parts
        self._can_keep = self._can_keep and self._file.write(self._baseline)

    def _remedy(self, kind: IncidentKind) -> str:
        if self._file.path is None:
            return REMEDIES[kind]
        return f"{REMEDIES[kind]}; if it is right so, delete {self._file.path} and start again: it is learnt anew"
