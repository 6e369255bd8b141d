"""What is looked at while a line runs, a few times a second: camera, flow of parts, clocks, computer, disk."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.drift_baseline import BaselineFile
from edge.incidents import Conditions, Incident, IncidentKind, Incidents
from edge.machine import Machine
from edge.parts import Reason
from edge.pi_health import PiHealth

LOOK_S, LOOK_ROUND_S = 0.25, 5.0  # at the line, and at the computer round it
RATE_OVER_S = 5.0
CALM_S = 5.0  # without another jump of a clock it is over
COOLER_C = 5.0  # than hot_c, and it is over
_DOUBTS = frozenset(
    {
        Reason.BELOW_THRESHOLD,
        Reason.UNKNOWN,
        Reason.CROWDED,
        Reason.TOUCHING,
        Reason.ODD_SIZE,
        Reason.BLURRED,
        Reason.NO_EYE,
        Reason.TOO_LONG,
        Reason.OUT_OF_VIEW,
        Reason.LOST,
        Reason.UNCLASSIFIED,
    }
)


@dataclass(frozen=True)
class Surroundings:
    """What is looked at round the line; None is not watched. folder: the journal's. wall: seconds of the wall clock.

    baseline: where it is kept what the line looked like as ever; in memory where nothing is given.
    """

    health: PiHealth | None = None
    folder: Path | None = None
    wall: Callable[[], float] | None = None
    baseline: BaselineFile | None = None


class Watcher:
    """Takes in what the line sees, which costs next to nothing, and judges it when `look` is called."""

    def __init__(self, machine: Machine, incidents: Incidents, around: Surroundings, now: float) -> None:
        self.conditions = Conditions(incidents)
        self._limits, self._jam_mm, self._rate_hz = machine.limits, machine.jam_mm, machine.camera.frame_rate_hz
        self._around = around
        self._frames: deque[float] = deque(maxlen=4096)
        self._frame_at = self._rate_since = now + machine.camera.timeout_s  # a camera may take its time to start
        self._part_at = now
        self._age_s: float | None = None
        self._jumped_at, self._jump = float("-inf"), ""
        self._ahead_s = None if around.wall is None else around.wall() - now
        self._blocked_mm = 0.0
        self._failures = 0
        self._look_at = self._look_round_at = now

    def saw(self, taken_at: float, now: float, blocked_mm: float) -> None:
        """Take in a frame, and how much belt has passed while the beam of the photo-eye was broken."""
        age_s = now - taken_at
        if self._age_s is not None and abs(age_s - self._age_s) > self._limits.clock_jump_s:
            self._jump_seen(f"a frame is {age_s:.1f} s old and the one before was {self._age_s:.1f} s", now)
        self._age_s, self._frame_at, self._blocked_mm = age_s, now, blocked_mm
        self._frames.append(now)

    def decided(self, reason: Reason, now: float) -> None:
        """Take in what was decided of a part."""
        self._part_at = now
        self._failures = self._failures + 1 if reason in _DOUBTS else 0

    def look(self, now: float, *, executing: bool) -> None:
        """Judge what was taken in, if it is time. Conditions begin and end here."""
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        self._look_at_camera(now)
        self._look_at_parts(now, executing=executing)
        if now >= self._look_round_at:
            self._look_round_at = now + LOOK_ROUND_S
            self._look_round(now)
        self._judge(
            IncidentKind.CLOCK_JUMP,
            self._jump if now < self._jumped_at + CALM_S else None,
            "see what sets the clock (a network time service at start?); check the camera's times",
            now,
        )

    def _look_at_camera(self, now: float) -> None:
        silent_s = now - self._frame_at
        stalled = silent_s > self._limits.camera_stalled_s
        self._judge(
            IncidentKind.CAMERA_STALLED,
            f"no frame for {silent_s:.1f} s" if stalled else None,
            "see whether the sorter keeps up (edge-sort plan); else check the camera's cable and supply, "
            "it is started again a bounded number of times",
            now,
        )
        if stalled:
            self._frames.clear()
            self._rate_since = now
        while self._frames and self._frames[0] <= now - RATE_OVER_S:
            self._frames.popleft()
        rate_hz = len(self._frames) / RATE_OVER_S
        slow = now - self._rate_since > RATE_OVER_S and rate_hz < self._limits.frame_rate_share * self._rate_hz
        self._judge(
            IncidentKind.FRAME_RATE_LOW,
            f"{rate_hz:.1f} frames a second, camera.frame_rate_hz is {self._rate_hz:g}" if slow else None,
            "see what keeps the computer, lower camera.frame_rate_hz and run edge-sort plan again",
            now,
        )

    def _look_at_parts(self, now: float, *, executing: bool) -> None:
        limits = self._limits
        if not executing:
            self._part_at, self._failures = now, 0
        without_s = now - self._part_at
        self._judge(
            IncidentKind.NO_FLOW,
            f"no part for {without_s:.0f} s" if 0 < limits.no_flow_s < without_s else None,
            "check the feeder, the light and the camera's view, or stop the line",
            now,
        )
        self._judge(
            IncidentKind.JAM,
            f"the photo-eye is blocked for {self._blocked_mm:.0f} mm of belt, longer than a part can be"
            if self._blocked_mm > self._jam_mm
            else None,
            "clear the belt before the eye, and clean the eye",
            now,
        )
        failed = 0 < limits.failures_in_a_row <= self._failures
        self._judge(
            IncidentKind.CONSECUTIVE_FAILURES,
            f"{self._failures} parts in a row were rejected for doubts about them" if failed else None,
            "look at their pictures: light, focus and the feeder first, then whether the bundle knows these parts",
            now,
        )

    def _look_round(self, now: float) -> None:
        limits, around = self._limits, self._around
        if around.wall is not None and self._ahead_s is not None:
            ahead_s = around.wall() - now
            if abs(ahead_s - self._ahead_s) > limits.clock_jump_s:
                self._jump_seen(f"the wall clock was set by {ahead_s - self._ahead_s:+.1f} s", now)
                self._ahead_s = ahead_s
        if around.health is not None:
            self._look_at_computer(around.health, now)
        if around.folder is not None:
            try:
                free_mb = shutil.disk_usage(around.folder).free / 1e6
            except OSError:
                return  # the journal's next row says what is the matter
            self._judge(
                IncidentKind.DISK_NEARLY_FULL,
                f"{free_mb:.0f} MB are free for the journal" if free_mb < limits.disk_free_mb else None,
                "free some space, or lower journal.pictures_mb",
                now,
            )

    def _look_at_computer(self, health: PiHealth, now: float) -> None:
        found, hot_c = health.read(), self._limits.hot_c
        cool_c = hot_c - COOLER_C * (str(IncidentKind.HOT) in self.conditions.standing)
        hot = found.temperature_c is not None and found.temperature_c > cool_c
        self._judge(
            IncidentKind.HOT,
            f"the computer is at {found.temperature_c:.0f} °C" if hot else None,
            "cool it: from 80 °C on a Pi slows itself down",
            now,
        )
        self._judge(
            IncidentKind.UNDER_VOLTAGE,
            "the supply of the computer falls short" if found.under_voltage else None,
            "use the Pi's own power supply and a short cable; it may slow down or stop",
            now,
        )

    def _jump_seen(self, cause: str, now: float) -> None:
        self._jumped_at, self._jump = now, cause

    def _judge(self, kind: IncidentKind, cause: str | None, remedy: str, now: float) -> None:
        self.conditions.update(kind.replace("_", " "), None if cause is None else Incident(kind, cause, remedy, now))
