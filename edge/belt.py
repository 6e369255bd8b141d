"""The belt turns distance into time and back.

A part has one number that stays the same while it rides: its `mark`, the belt's travel at the moment the part's centre
is under the middle of the camera. Matching a part from frame to frame and timing a gate both come down to it.
"""

from __future__ import annotations

from typing import Protocol


class Belt(Protocol):
    """How far the belt has travelled, and when it will have travelled so far."""

    @property
    def speed_mm_s(self) -> float:
        """How fast the belt goes now."""
        ...

    @property
    def steps_lost(self) -> int:
        """How many steps of its encoder could not be timed, so far."""
        ...

    def close(self) -> None:
        """Release what it listens to. May be called twice."""
        ...

    def travelled_mm(self, at: float) -> float:
        """Return the belt's travel at a moment on the machine clock, in millimetres since some fixed moment."""
        ...

    def time_when(self, travelled_mm: float) -> float:
        """Return the moment at which the belt's travel is `travelled_mm`, assuming it goes on as it does now.

        Infinite for a place the belt will not reach because it stands.
        """
        ...


class FixedSpeedBelt:
    """A belt that runs at one known speed."""

    def __init__(self, speed_mm_s: float) -> None:
        if not speed_mm_s > 0:
            raise ValueError(f"a belt needs a speed above zero to time a gate, got {speed_mm_s} mm/s")
        self._speed_mm_s = speed_mm_s

    @property
    def speed_mm_s(self) -> float:
        """The one speed."""
        return self._speed_mm_s

    def travelled_mm(self, at: float) -> float:
        """Return speed times time."""
        return self._speed_mm_s * at

    @property
    def steps_lost(self) -> int:
        """None: it has no encoder."""
        return 0

    def close(self) -> None:
        """Nothing to release."""

    def time_when(self, travelled_mm: float) -> float:
        """Return travel over speed."""
        return travelled_mm / self._speed_mm_s


def mark_mm(x_mm: float, seen_at: float, belt: Belt) -> float:
    """Return the mark of a part whose centre was `x_mm` downstream of the camera's middle at `seen_at`."""
    return belt.travelled_mm(seen_at) - x_mm


def arrival(mark: float, travel_mm: float, belt: Belt) -> float:
    """Return when the part with this mark reaches a point `travel_mm` downstream of the camera's middle."""
    return belt.time_when(mark + travel_mm)


def position_mm(mark: float, at: float, belt: Belt) -> float:
    """Return how far downstream of the camera's middle the part with this mark is at a moment."""
    return belt.travelled_mm(at) - mark
