"""Who looks after the line while the sorter sorts. The sorter tells it what it sees, and asks which bins are full."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.gates import GateMove
from edge.journal import Journal
from edge.parts import Decision, Frame, Reason


class Overseer(Protocol):
    """Told everything by the sorter, in the sorter's thread."""

    @property
    def full_bins(self) -> Collection[str]:
        """The bins that can take no part now."""
        ...

    def saw(self, frame: Frame) -> None:
        """Take in a frame. Raises what keeps the line from being looked after."""
        ...

    def decided(self, decision: Decision, crop: NDArray[np.uint8] | None = None) -> None:
        """Take in what was decided of a part, and its picture, (n, n, 3), where there is one."""
        ...

    def moved(self, move: GateMove) -> None:
        """Take in a move of a gate."""
        ...

    def gave_up(self, part: int, reason: Reason) -> None:
        """Take in that a part which was meant for a gate goes to reject."""
        ...

    def record(self, journal: Journal) -> None:
        """Write down, and tell, what has happened to the line since the last call. Raises JournalError."""
        ...


class Nobody:
    """Looks after nothing: a line without states, as when a recording is sorted again."""

    full_bins: Collection[str] = ()

    def saw(self, frame: Frame) -> None:
        """Do nothing."""

    def decided(self, decision: Decision, crop: NDArray[np.uint8] | None = None) -> None:
        """Do nothing."""

    def moved(self, move: GateMove) -> None:
        """Do nothing."""

    def gave_up(self, part: int, reason: Reason) -> None:
        """Do nothing."""

    def record(self, journal: Journal) -> None:
        """Do nothing."""
