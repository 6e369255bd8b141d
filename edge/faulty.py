"""Wrappers round the seams that do what goes wrong, as edge/faults.py draws it.

A camera drops frames, gives one again, gives one late, shows noise, or stalls until it is started again; a scorer takes
long or is wrong about a part; a gate refuses; the steps of an encoder come late, or are counted and not timed; hands
press buttons, and bins are full for a while.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge.cameras import Camera
from edge.clocks import Clock, ManualClock
from edge.emulated_contacts import Contacts, press_start
from edge.encoder_belt import StepSource
from edge.errors import CameraLost
from edge.faults import Faults
from edge.gate_limits import MoveRefused, Window
from edge.gates import Gates, WrappedGates
from edge.parts import Frame, Reason
from edge.sorter import Scorer

FIRST_FAULT_FRAME = 20  # the belt is learned before: a line that cannot see its empty belt does not start
DROPPED_FRAMES = (1, 5)
LATE_S, SPIKE_S, STALL_S = (0.05, 0.6), (0.1, 1.5), (0.5, 4.0)
STEPS_LATE_S = (0.005, 0.05)
PRESSED_FOR_S, MENDED_AFTER_S, FULL_S = (0.001, 2.0), (0.3, 3.0), (2.0, 15.0)
HANDS_EVERY_S = 1.0
WRONG_CALLS = (1, 7)  # in a row: long enough to outvote the right ones


class FaultyCamera:
    """A camera with faults. Another one on the same `faults` goes on where the last one ended."""

    def __init__(self, camera: Camera, clock: Clock, faults: Faults) -> None:
        self._camera, self._clock, self._faults = camera, clock, faults
        self._to_drop = 0

    def frames(self) -> Iterator[Frame]:
        """Yield the camera's frames, more or less. Raises CameraLost when it has stalled."""
        before: Frame | None = None
        for frame in self._camera.frames():
            self._faults.frames_seen += 1
            if self._faults.frames_seen <= FIRST_FAULT_FRAME:
                yield frame
                continue
            self._stall()
            if before is not None and self._faults.happens("frame_repeated"):
                yield before
            if self._drops():
                continue
            before = self._changed(frame)
            yield before

    def close(self) -> None:
        """Let the camera go. May be called twice."""
        self._camera.close()

    def _stall(self) -> None:
        if self._faults.happens("camera_stalled"):
            stalled_s = self._faults.between(STALL_S)
            self._clock.sleep_until(self._clock.now() + stalled_s)
            raise CameraLost(f"expected a frame in time, found none for {stalled_s:.1f} s; look at its cable")

    def _drops(self) -> bool:
        if self._to_drop == 0 and self._faults.happens("frames_dropped"):
            self._to_drop = int(self._faults.between(DROPPED_FRAMES))
        self._to_drop -= (dropping := self._to_drop > 0)
        return dropping

    def _changed(self, frame: Frame) -> Frame:
        if self._faults.happens("frame_garbled"):
            return self._faults.noise(frame)
        if self._faults.happens("frame_late"):
            self._clock.sleep_until(self._clock.now() + self._faults.between(LATE_S))
        self._faults.frames_at.append(frame.taken_at)
        return frame


class FaultySteps:
    """An encoder whose steps are at times told late, all at once, or only counted and not timed."""

    def __init__(self, steps: StepSource, clock: Clock, faults: Faults) -> None:
        self._steps, self._clock, self._faults = steps, clock, faults
        self.modulus, self.lost = steps.modulus, 0
        self._silent_until = float("-inf")

    def take(self) -> list[tuple[float, int]]:
        """Return the steps since the last call."""
        if self._clock.now() < self._silent_until:
            return []
        steps = self._steps.take()
        if len(steps) > 1 and self._faults.happens("steps_lost"):
            self.lost += len(steps) - 1
            return steps[-1:]
        if steps and self._faults.happens("steps_late"):
            self._silent_until = self._clock.now() + self._faults.between(STEPS_LATE_S)
        return steps

    def close(self) -> None:
        """Release the encoder."""
        self._steps.close()


class FaultyScorer:
    """A scorer that sometimes takes long, and is sometimes sure of a wrong label for a while."""

    def __init__(self, scorer: Scorer, clock: Clock, faults: Faults) -> None:
        self._scorer, self._clock, self._faults = scorer, clock, faults
        self._wrong_for = 0

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score a picture."""
        scores = self._scorer.scores(image)
        if self._faults.happens("late_inference"):
            self._clock.sleep_until(self._clock.now() + self._faults.between(SPIKE_S))
        if self._wrong_for == 0 and self._faults.happens("wrong_label"):
            self._wrong_for = int(self._faults.between(WRONG_CALLS))
        if self._wrong_for == 0:
            return scores
        self._wrong_for -= 1
        return np.roll(scores, 1)


class FaultyGates(WrappedGates):
    """Gates that sometimes refuse a move which their limits would have allowed."""

    def __init__(self, gates: Gates, faults: Faults) -> None:
        super().__init__(gates)
        self._faults = faults

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused."""
        if self._faults.happens("gate_refused"):
            raise MoveRefused(Reason.GATE_RESTING, "it refuses")
        super().move_at(gate, window, part, hold=hold)


class FaultyHands:
    """Hands that press the e-stop or stop the line at any moment, empty bins late, and start the line again."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def __call__(self, contacts: Contacts, clock: ManualClock) -> None:
        """Start the line, then do as is drawn, every second."""
        press_start(contacts, clock)
        bins = sorted(key for key in contacts.keys if key.startswith("bin_full."))
        busy_until = clock.now() + HANDS_EVERY_S

        def act() -> None:
            nonlocal busy_until
            clock.call_at(clock.now() + HANDS_EVERY_S, act)
            if clock.now() >= busy_until:
                if "estop" in contacts.keys and self._faults.happens("estop_pressed"):
                    busy_until = self._abort(contacts, self._moment(clock))
                elif "stop" in contacts.keys and self._faults.happens("line_stopped"):
                    busy_until = self._stop(contacts, self._moment(clock))
            for key in bins:
                if self._faults.happens("bin_filled"):
                    at, full_s = self._moment(clock), self._faults.between(FULL_S)
                    contacts.press(key, at, full_s)
                    self._start(contacts, at + full_s)  # for a line that its rule has held

        clock.call_at(busy_until, act)

    def _moment(self, clock: ManualClock) -> float:
        return clock.now() + self._faults.between((0.0, HANDS_EVERY_S))

    def _abort(self, contacts: Contacts, at: float) -> float:
        pressed_s = self._faults.between(PRESSED_FOR_S)
        contacts.press("estop", at, pressed_s)
        reset_at = at + pressed_s + self._faults.between(MENDED_AFTER_S)
        contacts.press("reset", reset_at)
        return self._start(contacts, reset_at)

    def _stop(self, contacts: Contacts, at: float) -> float:
        contacts.press("stop", at)
        return self._start(contacts, at)

    def _start(self, contacts: Contacts, after: float) -> float:
        start_at = after + self._faults.between(MENDED_AFTER_S)
        contacts.press("start", start_at)
        return start_at + HANDS_EVERY_S
