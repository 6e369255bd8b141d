"""The relief stamped into coins and keys: numerals, lettering round the rim, a head.

Drawn with strokes of our own instead of a font, so that the same picture comes out
of every Pillow, with or without FreeType.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Array = npt.NDArray[np.floating[Any]]
Stroke = tuple[tuple[float, float], ...]

STAMP_PX = 256
NUMERALS = ("1", "2", "5", "10", "20", "50")

_O: Stroke = tuple(
    (0.5 + 0.5 * math.sin(turn * math.pi / 12), 0.5 - 0.5 * math.cos(turn * math.pi / 12)) for turn in range(25)
)
_S: Stroke = (
    (0.95, 0.14),
    (0.6, 0),
    (0.2, 0.06),
    (0.05, 0.26),
    (0.25, 0.44),
    (0.75, 0.55),
    (0.95, 0.75),
    (0.75, 0.95),
    (0.35, 1),
    (0.03, 0.86),
)

# Strokes in a box of one by one, y downwards.
_GLYPHS: dict[str, tuple[Stroke, ...]] = {
    "0": (_O,),
    "1": (((0.2, 0.22), (0.55, 0), (0.55, 1)), ((0.25, 1), (0.85, 1))),
    "2": (((0.06, 0.26), (0.18, 0.06), (0.5, 0), (0.84, 0.08), (0.93, 0.3), (0.75, 0.55), (0.05, 1), (0.97, 1)),),
    "5": (
        (
            (0.9, 0),
            (0.2, 0),
            (0.12, 0.45),
            (0.5, 0.38),
            (0.88, 0.48),
            (0.97, 0.7),
            (0.82, 0.94),
            (0.45, 1),
            (0.05, 0.88),
        ),
    ),
    "D": (((0.05, 0), (0.05, 1), (0.55, 1), (0.95, 0.75), (0.95, 0.25), (0.55, 0), (0.05, 0)),),
    "E": (((0.95, 0), (0.1, 0), (0.1, 1), (0.95, 1)), ((0.1, 0.5), (0.8, 0.5))),
    "G": (
        (
            (0.92, 0.15),
            (0.5, 0),
            (0.1, 0.2),
            (0, 0.5),
            (0.1, 0.85),
            (0.5, 1),
            (0.92, 0.88),
            (0.92, 0.55),
            (0.55, 0.55),
        ),
    ),
    "O": (_O,),
    "R": (
        ((0.08, 1), (0.08, 0), (0.65, 0), (0.92, 0.14), (0.92, 0.4), (0.65, 0.52), (0.08, 0.52)),
        ((0.5, 0.52), (0.97, 1)),
    ),
    "S": (_S,),
    "T": (((0, 0), (1, 0)), ((0.5, 0), (0.5, 1))),
    ".": (((0.4, 0.5), (0.6, 0.5)),),
}

# A head looking left, in a box from -1 to 1, y downwards: brow, nose, lips, chin, bust, nape, crown.
_HEAD: Stroke = (
    (-0.30, -0.44), (-0.36, -0.32), (-0.35, -0.24), (-0.45, -0.10), (-0.50, -0.02), (-0.46, 0.03),
    (-0.38, 0.03), (-0.41, 0.10), (-0.36, 0.13), (-0.39, 0.18), (-0.34, 0.22), (-0.36, 0.31),
    (-0.28, 0.37), (-0.10, 0.35), (-0.06, 0.45), (-0.26, 0.60), (0.08, 0.70), (0.50, 0.58),
    (0.36, 0.40), (0.34, 0.20), (0.46, 0.02), (0.53, -0.25), (0.45, -0.52), (0.24, -0.67),
    (0.0, -0.67), (-0.2, -0.58),
)  # fmt: skip
_HAIR: tuple[Stroke, ...] = (
    ((-0.28, -0.40), (-0.05, -0.46), (0.20, -0.34), (0.30, -0.10), (0.26, 0.10)),
    ((-0.18, -0.54), (0.10, -0.56), (0.34, -0.38), (0.42, -0.12), (0.36, 0.08)),
    ((-0.22, -0.32), (-0.02, -0.34), (0.10, -0.22), (0.16, -0.02), (0.14, 0.06)),
    ((0.05, 0.0), (0.10, 0.10), (0.04, 0.14)),
    ((-0.32, -0.18), (-0.20, -0.20)),
)


@lru_cache(maxsize=len(NUMERALS) + 1)
def coin_face(design: str) -> Array:
    """Relief of one coin face: a numeral of NUMERALS, or "head".

    Returns (STAMP_PX, STAMP_PX) float32 from 0 (field) to 1 (highest relief); the edge of the
    array is the edge of the coin. Cached: treat it as read-only.
    """
    lettering = _blank()
    _write_round(lettering, "EDGE.SORT.", radius=0.76, height=0.15)
    if design == "head":
        return _as_relief(lettering, 1.0) * 0.8 + _head()
    _write(lettering, design, height=0.78 if len(design) == 1 else 0.62, stroke=0.13)
    return _as_relief(lettering, 1.6)


@lru_cache(maxsize=64)
def key_number(digits: str) -> Array:
    """Digits struck into the bow of a key, (STAMP_PX, STAMP_PX) float32 from 0 to 1. Cached."""
    picture = _blank()
    _write(picture, digits, height=0.62, stroke=0.12)
    return _as_relief(picture, 3.0)


def sample(stamp: Array, u: Array, v: Array) -> Array:
    """Read a stamp, bilinearly, at u and v from -1 to 1 (its edges); zero outside."""
    x = (np.clip(u, -1, 1) + 1) * (0.5 * (STAMP_PX - 2))
    y = (np.clip(v, -1, 1) + 1) * (0.5 * (STAMP_PX - 2))
    column, row = x.astype(np.int32), y.astype(np.int32)
    part_x, part_y = x - column, y - row
    flat, at = stamp.ravel(), row * STAMP_PX + column
    top = flat[at] * (1 - part_x) + flat[at + 1] * part_x
    below = flat[at + STAMP_PX] * (1 - part_x) + flat[at + STAMP_PX + 1] * part_x
    value: Array = top * (1 - part_y) + below * part_y
    return value


def _blank() -> Image.Image:
    return Image.new("L", (STAMP_PX, STAMP_PX), 0)


def _as_relief(picture: Image.Image, softness_px: float) -> Array:
    soft = picture.filter(ImageFilter.GaussianBlur(softness_px))
    return np.asarray(soft, dtype=np.float32) / 255


def _head() -> Array:
    """A head as a rounded relief: a broad swelling for the volume, a narrow one for the outline."""
    solid, hair = _blank(), _blank()
    ImageDraw.Draw(solid).polygon([_to_px(x * 0.8, y * 0.8) for x, y in _HEAD], fill=255)
    for stroke in _HAIR:
        _draw(hair, [(x * 0.8, y * 0.8) for x, y in stroke], 0.035)
    outline, volume = _as_relief(solid, 1.5), _as_relief(solid, 16)
    relief: Array = outline * (0.45 + 0.9 * volume) - 0.16 * _as_relief(hair, 1.2)
    return relief


def _write(picture: Image.Image, text: str, height: float, stroke: float) -> None:
    """Write text across the middle; height and stroke are fractions of half the picture."""
    advance = height * 0.85
    left = -0.5 * (advance * (len(text) - 1) + height * 0.62)
    for index, letter in enumerate(text):
        for points in _GLYPHS[letter]:
            line = [(left + index * advance + x * height * 0.62, (y - 0.5) * height) for x, y in points]
            _draw(picture, line, stroke)


def _write_round(picture: Image.Image, text: str, radius: float, height: float) -> None:
    """Write text twice round the middle, its feet towards the centre."""
    letters = text * 2
    for index, letter in enumerate(letters):
        turn = 2 * math.pi * index / len(letters)
        for points in _GLYPHS[letter]:
            line = [_turned((x - 0.5) * height * 0.8, (y - 0.5) * height - radius, turn) for x, y in points]
            _draw(picture, line, 0.035)


def _turned(x: float, y: float, turn: float) -> tuple[float, float]:
    return x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)


def _to_px(x: float, y: float) -> tuple[float, float]:
    return (x + 1) * 0.5 * STAMP_PX, (y + 1) * 0.5 * STAMP_PX


def _draw(picture: Image.Image, points: list[tuple[float, float]], stroke: float) -> None:
    """Draw a line with round ends and joints; stroke is a fraction of half the picture."""
    pen = ImageDraw.Draw(picture)
    line = [_to_px(x, y) for x, y in points]
    width_px = max(1, round(stroke * 0.5 * STAMP_PX))
    pen.line(line, fill=255, width=width_px)
    for x, y in line:
        half = width_px / 2 - 0.5
        pen.ellipse((x - half, y - half, x + half, y + half), fill=255)
