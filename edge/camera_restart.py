"""Start a camera that was lost again, a bounded number of times, and tell each."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from edge.cameras import Camera
from edge.clocks import Clock
from edge.errors import CameraError, CameraLost
from edge.parts import Frame

_BEAT_S = 0.2  # shorter than the gates' heartbeat


@dataclass(frozen=True)
class RestartRule:
    """At most `most` starts within `within_s`, `pause_s` before each but the first of a row."""

    most: int
    within_s: float
    pause_s: float = 1.0


class RestartingCamera:
    """Any camera, started again when it is lost. Numbers and times of its frames go on rising.

    The parts that rode by unseen are the tracker's to doubt: it notices belt that no frame has shown.
    """

    def __init__(
        self,
        camera: Camera,
        reopen: Callable[[], Camera],
        clock: Clock,
        rule: RestartRule,
        *,
        tell: Callable[[str], None],
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """`reopen` opens the camera anew once the old one is closed. `tell` hears of each loss and each start.

        `alive` is called several times a second while there is no camera: gates that hear nothing come to rest.
        """
        self._camera, self._reopen, self._clock, self._rule = camera, reopen, clock, rule
        self._tell, self._alive = tell, alive
        self._starts: deque[float] = deque()
        self._last: Frame | None = None

    def frames(self) -> Iterator[Frame]:
        """Yield the camera's frames. Raises CameraError when it was lost too often or cannot be opened any more."""
        while True:
            offset = 0 if self._last is None else self._last.number + 2  # at least one was lost
            try:
                for frame in self._camera.frames():
                    if self._last is None or frame.taken_at > self._last.taken_at:
                        self._last = replace(frame, number=frame.number + offset)
                        yield self._last
                return
            except CameraLost as error:
                self._restart(error)

    def close(self) -> None:
        """Let the camera go. May be called twice."""
        self._camera.close()

    def _restart(self, lost: CameraError) -> None:
        self._tell(f"the camera is lost: {lost}")
        self._beside(self._camera.close)
        while True:
            self._count(lost)
            try:
                self._beside(self._open)
            except CameraError as error:
                lost = error
                self._tell(f"the camera cannot be started: {error}")
                self._pause()
                continue
            self._tell(f"the camera is started again (start {len(self._starts)} of {self._rule.most})")
            return

    def _open(self) -> None:
        self._camera = self._reopen()

    def _count(self, lost: CameraError) -> None:
        now = self._clock.now()
        while self._starts and self._starts[0] <= now - self._rule.within_s:
            self._starts.popleft()
        if len(self._starts) >= self._rule.most:
            raise CameraError(
                f"camera.max_restarts: expected a camera that works after {self._rule.most} starts within "
                f"{self._rule.within_s / 60:g} minutes, found: {lost}; mend its cable, its supply or its light first"
            ) from lost
        self._starts.append(now)

    def _pause(self) -> None:
        until = self._clock.now() + self._rule.pause_s
        while self._clock.now() < until:
            self._clock.sleep_until(min(until, self._clock.now() + _BEAT_S))
            self._alive()

    def _beside(self, action: Callable[[], None]) -> None:
        """Run `action`, which may take seconds, in a thread, and say meanwhile that this one is alive."""
        failures: list[Exception] = []

        def run() -> None:
            try:
                action()
            except Exception as error:
                failures.append(error)

        thread = threading.Thread(target=run, name="edge-sort camera start", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(_BEAT_S)
            self._alive()
        if failures:
            raise failures[0]
