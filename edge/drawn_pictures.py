"""Pictures made by arithmetic, for a model of which nobody has any: the test card in all its turns, and plain shapes.

They are no parts, but a model answers them, most of them doubtfully: there another machine's kernels show first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edge.test_card import CARD_HEIGHT_PX, CARD_WIDTH_PX, card_picture

_GROUND = 128
_INKS = {"red": (208, 40, 32), "green": (48, 176, 56), "blue": (40, 64, 200), "bright": (240, 240, 232)}


def drawn_pictures() -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield names and pictures, (240, 320, 3) uint8, the same on every machine."""
    card = card_picture()
    turns = {"upright": card, "upside down": card[::-1], "mirrored": card[:, ::-1], "turned": card[::-1, ::-1]}
    for name, turned in turns.items():
        yield f"drawn/card {name}", turned
        yield f"drawn/card {name}, negative", 255 - turned
        yield f"drawn/card {name}, colours shifted", np.roll(turned, 1, axis=2)
    for name, ink in _INKS.items():
        yield f"drawn/disc {name}", _shape(_disc(), ink)
        yield f"drawn/ring {name}", _shape(_disc() & ~_disc(45), ink)
        yield f"drawn/bar {name}", _shape(_bar(), ink)


def _shape(inside: NDArray[np.bool_], ink: tuple[int, int, int]) -> NDArray[np.uint8]:
    picture = np.full((CARD_HEIGHT_PX, CARD_WIDTH_PX, 3), _GROUND, np.uint8)
    picture[inside] = ink
    return picture


def _disc(radius_px: int = 80) -> NDArray[np.bool_]:
    y, x = np.ogrid[:CARD_HEIGHT_PX, :CARD_WIDTH_PX]
    inside: NDArray[np.bool_] = (x - CARD_WIDTH_PX // 2) ** 2 + (y - CARD_HEIGHT_PX // 2) ** 2 < radius_px**2
    return inside


def _bar() -> NDArray[np.bool_]:
    y, x = np.ogrid[:CARD_HEIGHT_PX, :CARD_WIDTH_PX]
    inside: NDArray[np.bool_] = (abs(2 * x - 3 * y + 40) < 60) & (abs(x - CARD_WIDTH_PX // 2) < 130)
    return inside
