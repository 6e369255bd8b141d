"""A place in the picture that should always look the same: what has happened when it does not?

Compared are means of many frames, so that the sensor's noise is hardly in them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LIKE = 0.9  # of the correlation with what was learnt; noise alone leaves it above 0.99
BLURRED = 0.5  # of the fine detail that was learnt
PLAIN_LEVELS = 3.0  # of standard deviation: less is a plain patch, in which nothing can be seen to move
_FARTHEST_PX = 8

Picture = NDArray[np.float32]


def brightness_of(patch: Picture) -> float:
    """Return the mean of a patch, (h, w, 3)."""
    return float(patch.mean())


def is_plain(patch: Picture) -> bool:
    """Whether a patch has too little in it to tell a blurred or moved camera by."""
    return float(patch[:, :, 1].std()) < PLAIN_LEVELS


def change(before: Picture, now: Picture, brightness_change: float) -> str | None:
    """Say what has happened to a patch, (h, w, 3), besides its brightness: colour, place, sharpness; or None."""
    if (tint := _tint(before, now)) > brightness_change > 0:
        return f"its colour has changed by {tint:.0%}"
    if is_plain(before):
        return None
    was, grey = before[:, :, 1], now[:, :, 1]
    detail = _detail(grey) / _detail(was) if _detail(was) else 1.0
    if _likeness(was, grey) >= LIKE and detail >= BLURRED:
        return None
    found, right_px, down_px = _best_place(was, grey)
    if found >= LIKE and (right_px or down_px):
        return f"it has moved by {right_px:+d} pixels along the belt and {down_px:+d} across: the camera has"
    if detail < BLURRED:
        return f"it has lost {1 - detail:.0%} of its fine detail: the lens is dirty or out of focus"
    return f"it looks otherwise (likeness {_likeness(was, grey):.2f}): something lies on it, or before the lens"


def _tint(before: Picture, now: Picture) -> float:
    """Return by how much one of the colours has changed more than all together."""
    ratios = (now.mean(axis=(0, 1)) + 1) / (before.mean(axis=(0, 1)) + 1)
    return float(np.abs(ratios / ratios.mean() - 1).max())


def _likeness(one: Picture, other: Picture) -> float:
    """Return Pearson's correlation of two grey patches: brightness and contrast play no role."""
    a, b = one - one.mean(), other - other.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _detail(grey: Picture) -> float:
    """Return the mean square of the steps from pixel to pixel, over that of the level, so that dim light is no blur."""
    steps = np.square(np.diff(grey, axis=0)).mean() + np.square(np.diff(grey, axis=1)).mean()
    return float(steps) / (float(grey.mean()) + 1) ** 2


def _best_place(was: Picture, grey: Picture) -> tuple[float, int, int]:
    """Return the best likeness over shifts of a few pixels, and the shift: to the right, and down."""
    height, width = was.shape
    reach = min(_FARTHEST_PX, min(height, width) // 4)
    found = (-1.0, 0, 0)
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            still = was[max(-down, 0) : height - max(down, 0), max(-right, 0) : width - max(right, 0)]
            moved = grey[max(down, 0) : height + min(down, 0), max(right, 0) : width + min(right, 0)]
            found = max(found, (_likeness(still, moved), right, down))
    return found
