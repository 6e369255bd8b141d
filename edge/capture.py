"""Photograph parts of one class for training, as the line sees them, until a limit or Ctrl-C."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.capture_checks import PictureCheck
from edge.capture_session import Session
from edge.capture_triggers import Shot, Trigger
from edge.end_signals import Stopped, ended_by_signals
from edge.parts import Frame

Tell = Callable[[str], None]


@dataclass(frozen=True)
class CaptureLimits:
    """When to stop: after so many pictures or seconds; None: no such end."""

    count: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Captured:
    """What came of a session. skipped and kept_doubtful: why -> how many. folder: None when nothing was kept."""

    folder: Path | None
    kept: int
    skipped: Mapping[str, int]
    kept_doubtful: Mapping[str, int]
    because: str


class Capture:
    """A session under way: judges what the trigger takes, keeps or skips it, and tells of each."""

    def __init__(self, session: Session, check: PictureCheck, *, keep_doubtful: bool, tell: Tell) -> None:
        """keep_doubtful: also what is blurred, clipped or dark; it is told and counted all the same."""
        self._session, self._check, self._keep_doubtful, self._tell = session, check, keep_doubtful, tell
        self._kept_doubtful: Counter[str] = Counter()

    def run(self, frames: Iterable[Frame], trigger: Trigger, limits: CaptureLimits) -> Captured:
        """Take pictures until a limit, Ctrl-C, SIGTERM or the last frame. Raises CameraError and DataError."""
        session = self._session
        with session, ended_by_signals():
            try:
                session.because = self._until_the_end(frames, trigger, limits)
            except KeyboardInterrupt:
                session.because = "interrupted"
            except Stopped:
                session.because = "terminated"
        folder = session.folder if session.kept else None
        return Captured(folder, session.kept, dict(session.skipped), dict(self._kept_doubtful), session.because)

    def _until_the_end(self, frames: Iterable[Frame], trigger: Trigger, limits: CaptureLimits) -> str:
        first_at = None
        was_ready = trigger.ready
        if not was_ready:
            self._tell("keep the belt empty: its picture is being learned")
        for frame in frames:
            first_at = frame.taken_at if first_at is None else first_at
            if self._take_all(trigger.see(frame), limits):
                return "limit"
            if trigger.ready and not was_ready:
                was_ready = True
                self._tell("ready")
            if limits.seconds is not None and frame.taken_at - first_at >= limits.seconds:
                return "limit"
            if trigger.ended:
                return "end of the keyboard's input"
        return "limit" if self._take_all(trigger.finish(), limits) else "no more frames"

    def _take_all(self, shots: Iterable[Shot], limits: CaptureLimits) -> bool:
        """Take them, and return whether that was enough."""
        for shot in shots:
            self._take(shot)
            if limits.count is not None and self._session.kept >= limits.count:
                return True
        return False

    def _take(self, shot: Shot) -> None:
        if shot.image is None:
            self._skip(shot.spoiled, shot.spoiled)
            return
        quality = self._check.judge(shot.image)
        if quality.problem and not self._keep_doubtful:
            self._skip(quality.problem, quality.sentence)
            return
        path = self._session.keep(shot.image)
        if quality.problem:
            self._kept_doubtful[quality.problem] += 1
        self._tell(f"{self._session.kept:5d}  {path.name}  {quality.sentence}")

    def _skip(self, why: str, sentence: str) -> None:
        self._session.skip(why)
        self._tell(f"    -  skipped, {sentence}")
