"""The limits no caller can drive a gate beyond: late, too long, too soon, too often."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from edge.parts import Reason

DUTY_WINDOW_S = 60.0
_ROUNDING_S = 1e-9  # sums of moments
MOST_WINDOWS = 4096  # of the last minute and of the future; 17 a second, more than any gate can make


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
    """What nothing can drive a gate beyond.

    min_off_ms: rest between two openings. max_on_ms: longest opening. max_duty: largest share of any minute open.
    late_ms: an opening that could not begin in time is still made when no more than this is lost of it.
    """

    min_off_ms: float
    max_on_ms: float
    max_duty: float
    late_ms: float = 20.0


class WindowPlan:
    """The openings of one gate, each admitted against the limits; near ones of the same gate become one."""

    def __init__(self, limits: GateLimits) -> None:
        self._limits = limits
        self._windows: deque[Window] = deque()
        self._overrun_s, self._slack_s = 0.0, float("inf")
        self.rested_at = float("-inf")

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
        if len(self._windows) >= MOST_WINDOWS:
            raise MoveRefused(Reason.GATE_RESTING, f"{MOST_WINDOWS} openings of it are remembered already")
        last = self._windows[-1] if self._windows else None
        merged = window
        if last is not None and window.opens_at < last.closes_at + self._limits.min_off_ms / 1000 - _ROUNDING_S:
            merged = self._join(last, window, now, hold=hold)
        if merged.closes_at - merged.opens_at > self._limits.max_on_ms / 1000 + _ROUNDING_S:
            raise MoveRefused(Reason.GATE_RESTING, f"it would stay open longer than {self._limits.max_on_ms:g} ms")
        kept = [one for one in self._windows if one is not last or merged is window]
        self._check_duty([*kept, merged])
        self._windows = deque([*kept, merged])
        return merged

    def rest(self, now: float) -> None:
        """Forget the openings to come, and end the one under way."""
        begun = (one for one in self._windows if one.opens_at < now)
        self._windows = deque(Window(one.opens_at, min(one.closes_at, now)) for one in begun)

    def may_begin(self, window: Window, now: float) -> bool:
        """Whether an admitted window can still be opened at `now`, no earlier than `rested_at`.

        The plan takes every move for punctual; `ended` has told where one was not.
        """
        if (now - window.opens_at) * 1000 > self._limits.late_ms:
            return False
        if self._overrun_s < self._slack_s:  # the usual case, without adding up a minute of openings
            return True
        try:
            self._check_duty([*(one for one in self._windows if one.opens_at < window.opens_at), window])
        except MoveRefused:
            return False
        return True

    def ended(self, window: Window, at: float) -> None:
        """Take in when an opening really ended."""
        self._overrun_s += max(0.0, at - window.closes_at)
        self.rested_at = at + self._limits.min_off_ms / 1000 - _ROUNDING_S
        if at != window.closes_at:
            self._replace(window, Window(window.opens_at, max(at, window.opens_at)))

    def forget(self, window: Window) -> None:
        """Take an opening out that was never made."""
        self._replace(window, None)

    def extend(self, window: Window, closes_at: float) -> Window:
        """Let an opening under way end at another moment, as far as the limits allow. Returns it as it now is.

        It must be the only one that has not ended: forget those to come first.
        """
        duty_s = self._limits.max_duty * DUTY_WINDOW_S - sum(
            one.closes_at - max(one.opens_at, window.opens_at - DUTY_WINDOW_S)
            for one in self._windows
            if one != window and one.closes_at > window.opens_at - DUTY_WINDOW_S
        )
        longest_s = min(self._limits.max_on_ms / 1000, max(duty_s, window.closes_at - window.opens_at))
        ends_at = max(min(closes_at, window.opens_at + longest_s), window.opens_at)
        changed = Window(window.opens_at, ends_at)
        self._replace(window, changed)
        return changed

    def _replace(self, window: Window, new: Window | None) -> None:
        kept = ((new if one == window else one) for one in self._windows)
        self._windows = deque(one for one in kept if one is not None)

    def _join(self, last: Window, window: Window, now: float, *, hold: bool) -> Window:
        if not hold:
            rest = f"it rests {self._limits.min_off_ms:g} ms between openings unless nothing can lie between two parts"
            raise MoveRefused(Reason.GATE_RESTING, rest)
        if window.opens_at < last.opens_at:
            raise MoveRefused(Reason.GATE_RESTING, "an opening after it is already planned")
        if last.closes_at <= now:  # already at rest again, or about to be: too late to hold it open
            raise MoveRefused(Reason.GATE_RESTING, f"it rests {self._limits.min_off_ms:g} ms between openings")
        return Window(last.opens_at, max(last.closes_at, window.closes_at))

    def _check_duty(self, windows: list[Window]) -> None:
        newest = windows[-1].closes_at
        since = newest - DUTY_WINDOW_S
        open_s = sum(max(0.0, one.closes_at - max(one.opens_at, since)) for one in windows)
        self._slack_s = min(self._slack_s, self._limits.max_duty * DUTY_WINDOW_S - open_s)
        if open_s > self._limits.max_duty * DUTY_WINDOW_S + _ROUNDING_S:
            raise MoveRefused(
                Reason.GATE_RESTING, f"it would be open more than {self._limits.max_duty:.0%} of a minute"
            )

    def _forget(self, now: float) -> None:
        while self._windows and self._windows[0].closes_at < now - DUTY_WINDOW_S:
            self._windows.popleft()
