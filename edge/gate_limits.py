"""The limits no caller can drive a gate beyond: late, too long, too soon, too often."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.parts import Reason

DUTY_WINDOW_S = 60.0


class MoveRefused(Exception):
    """A gate will not make this move. `reason` is the one the part is rejected for."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Window:
    """A gate is away from rest from opens_at to closes_at, seconds on the machine clock."""

    opens_at: float
    closes_at: float


@dataclass(frozen=True)
class GateLimits:
    """min_off_ms: rest between two openings. max_on_ms: longest opening. max_duty: largest share of a minute open."""

    min_off_ms: float
    max_on_ms: float
    max_duty: float


class WindowPlan:
    """The openings of one gate, each admitted against the limits; near ones of the same gate become one."""

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self._windows: deque[Window] = deque()

    def admit(self, window: Window, now: float, *, hold: bool) -> Window:
        """Add a window, later than every one before it, and return the opening it became part of.

        When it begins less than min_off_ms after the last one ends, the gate stays open between them instead of
        slamming, if it may `hold`: no other part lies between the two. Raises MoveRefused when `now` is past opens_at
        or a limit would be broken; nothing changes then.
        """
        self._forget(now)
        if not window.opens_at >= now:
            late_ms = (now - window.opens_at) * 1000
            raise MoveRefused(Reason.LATE, f"the opening was due {late_ms:.1f} ms ago")
        if not window.closes_at > window.opens_at:
            raise MoveRefused(Reason.GATE_RESTING, "the opening ends before it begins")
        last = self._windows[-1] if self._windows else None
        merged = window
        if last is not None and window.opens_at < last.closes_at + self._limits.min_off_ms / 1000:
            merged = self._join(last, window, now, hold=hold)
        if (merged.closes_at - merged.opens_at) * 1000 > self._limits.max_on_ms:
            raise MoveRefused(Reason.GATE_RESTING, f"it would stay open longer than {self._limits.max_on_ms:g} ms")
        kept = [one for one in self._windows if one is not last or merged is window]
        self._check_duty([*kept, merged])
        self._windows = deque([*kept, merged])
        return merged

    def rest(self, now: float) -> None:
        """Forget the openings to come, and end the one under way."""
        begun = (one for one in self._windows if one.opens_at < now)
        self._windows = deque(Window(one.opens_at, min(one.closes_at, now)) for one in begun)

    def _join(self, last: Window, window: Window, now: float, *, hold: bool) -> Window:
        if not hold:
            raise MoveRefused(Reason.GATE_RESTING, "another part lies between this opening and the one before")
        if window.opens_at < last.opens_at:
            raise MoveRefused(Reason.GATE_RESTING, "an opening after it is already planned")
        if last.closes_at <= now:  # already at rest again, or about to be: too late to hold it open
            raise MoveRefused(Reason.GATE_RESTING, f"it rests {self._limits.min_off_ms:g} ms between openings")
        return Window(last.opens_at, max(last.closes_at, window.closes_at))

    def _check_duty(self, windows: list[Window]) -> None:
        newest = windows[-1].closes_at
        since = newest - DUTY_WINDOW_S
        open_s = sum(max(0.0, one.closes_at - max(one.opens_at, since)) for one in windows)
        if open_s > self._limits.max_duty * DUTY_WINDOW_S:
            raise MoveRefused(
                Reason.GATE_RESTING, f"it would be open more than {self._limits.max_duty:.0%} of a minute"
            )

    def _forget(self, now: float) -> None:
        while self._windows and self._windows[0].closes_at < now - DUTY_WINDOW_S:
            self._windows.popleft()
