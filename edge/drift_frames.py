"""The belt's light and the reference patch, from one frame in ten: learnt first, then compared window by window."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.drift_baseline import Baseline
from edge.drift_tables import DriftTable
from edge.drift_words import by, light_changed
from edge.incidents import IncidentKind
from edge.parts import Frame
from edge.reference_patch import Picture, brightness_of, change, is_plain

LOOK_EVERY = 10  # frames: one is looked at
LOOKS = 50  # are judged together: 500 frames
LEARN_LOOKS = 100
STEP_PX = 16  # of the pixels that brightness is taken from
_PLAIN = (
    "drift.patch_px: expected something with light and dark in it, found a plain patch: a camera that moves or blurs "
    "cannot be seen there; put a mark there, or choose another place"
)


@dataclass(frozen=True)
class _Look:
    """What is kept of a frame. patch: None where the machine has none."""

    brightness: float
    patch: NDArray[np.uint8] | None


class FrameDrift:
    """Brightness is the middle of a grid of pixels, which parts hardly move: they cover less than half of the belt."""

    def __init__(self, table: DriftTable, tell: Callable[[str], None]) -> None:
        """tell: hears that a patch is plain."""
        self._table, self._tell = table, tell
        self._frames = 0
        self._looks: deque[_Look] = deque(maxlen=2 * LEARN_LOOKS)
        self._pending: list[_Look] = []
        self._standing = False

    def saw(self, frame: Frame) -> None:
        """Take in a frame, in the sorter's thread."""
        self._frames += 1
        if self._frames % LOOK_EVERY:
            return
        patch = None
        if self._table.patch_px is not None:
            left, top, width, height = self._table.patch_px
            patch = frame.image[top : top + height, left : left + width].copy()
        grid = frame.image[STEP_PX // 2 :: STEP_PX, STEP_PX // 2 :: STEP_PX, 1]
        self._looks.append(_Look(float(np.median(grid)), patch))

    def learn(self, baseline: Baseline) -> bool:
        """Put what is usual into the baseline, once there are frames enough; return whether it is there now."""
        self._fetch()
        if len(self._pending) < LEARN_LOOKS:
            return False
        brightness, patch = self._mean()
        baseline.brightness = round(brightness, 2)
        if patch is not None:
            baseline.keep_patch(patch)
            if is_plain(patch):
                self._tell(_PLAIN)
        return True

    def compare(self, baseline: Baseline) -> dict[IncidentKind, str | None]:
        """Return what has changed, or None, for each kind that was judged; nothing until a window is full."""
        self._fetch()
        if baseline.brightness is None or len(self._pending) < LOOKS:
            return {}
        (brightness, patch), most = self._mean(), self._table.brightness_change
        before = baseline.patch_of(patch.shape) if patch is not None else None
        ratio = brightness / max(baseline.brightness, 1.0) - 1
        if patch is None or before is None:
            light = light_changed(ratio, None, most, standing=self._standing)
            self._standing = light is not None
            return {IncidentKind.BRIGHTNESS_DRIFT: light}
        patched = brightness_of(patch) / max(brightness_of(before), 1.0) - 1
        light = light_changed(ratio, patched, most, standing=self._standing)
        self._standing = light is not None
        cause = change(before, patch, most)
        if cause is None and abs(patched) > most > 0 and light is None:
            cause = f"it is {by(patched)}, and the belt is not: something lies on it, or it is lit otherwise"
        told = f"the reference patch: {cause}" if cause else None
        return {IncidentKind.BRIGHTNESS_DRIFT: light, IncidentKind.PATCH_DRIFT: told}

    def _fetch(self) -> None:
        while self._looks:
            self._pending.append(self._looks.popleft())

    def _mean(self) -> tuple[float, Picture | None]:
        looks, self._pending = self._pending, []
        patches = [look.patch for look in looks if look.patch is not None]
        brightness = sum(look.brightness for look in looks) / len(looks)
        return brightness, np.mean(patches, axis=0, dtype=np.float32) if patches else None
