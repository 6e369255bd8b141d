"""Pictures that show the same shot: copied, saved again, resized, brightened, or taken a moment later.

A perceptual hash: the lowest 16 x 16 cosine frequencies of the grey picture, each above or below their median (255
bits, the mean brightness left out), and beside it the colour in 8 x 8 fields, because equal shapes in two colours are
two things. Two pictures are one shot when at most `SAME_SHOT_BITS` bits differ and the colour at most
`SAME_SHOT_COLOR` levels on average. A picture without any contrast has no shape to compare: only its bytes count.

Chosen by measurement (benchmarks/near_duplicates.py, figures in docs/architecture.md). Difference hashes read the
noise of an empty ground: on rendered parts, saving again as JPEG moves more of their bits than lie between different
parts. With these, saving again, halving the size, brightness and contrast move up to 28 bits and 7.4 levels; of 12
million pairs of different rendered parts 5 are nearer than the limits, all within their class; and every pair found in
trashnet6 is one thing photographed twice. Not found: the same thing turned, or cropped by 3 % and more.

Our own lines, because ImageHash would bring PyWavelets for hashes not used here, and compares pair by pair in Python
what one matrix product does for 10,000 pictures in seconds.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from edge.extras import need

SAME_SHOT_BITS = 32
SAME_SHOT_COLOR = 8.0

_FREQUENCIES = 16
_SAMPLED_PX = 64
_COLOR_FIELDS = 8
_LEAST_CONTRAST = 3.0  # standard deviation in grey levels; the flattest of 2500 photographs of things has 7
_AT_ONCE = 1024
_MOST_PER_PICTURE = 50


@dataclass(frozen=True)
class Look:
    """What a picture looks like: `bits` (255,) bool, `color` (128,) float32 levels; `sha256` of the file."""

    bits: NDArray[np.bool_]
    color: NDArray[np.float32]
    flat: bool
    sha256: str


@dataclass(frozen=True)
class LookAlike:
    """Two pictures, by position, that seem to be one shot: `bits` of their 255 differ."""

    first: int
    second: int
    bits: int


def look(image: NDArray[np.uint8], sha256: str) -> Look:
    """Return what an RGB picture looks like. sha256: of its file."""
    dctn = need("scipy.fft", "desktop", "finding pictures that look the same").dctn
    picture = Image.fromarray(image)
    grey = np.asarray(picture.convert("L").resize((_SAMPLED_PX, _SAMPLED_PX), Image.Resampling.BILINEAR), np.float32)
    fields = picture.resize((_COLOR_FIELDS, _COLOR_FIELDS), Image.Resampling.BOX).convert("YCbCr")
    frequencies = dctn(grey, norm="ortho")[:_FREQUENCIES, :_FREQUENCIES].ravel()[1:]
    return Look(
        bits=frequencies > np.median(frequencies),
        color=np.asarray(fields, np.float32)[:, :, 1:].ravel(),
        flat=bool(grey.std() < _LEAST_CONTRAST),
        sha256=sha256,
    )


def look_alikes(looks: Sequence[Look]) -> list[LookAlike]:
    """List pairs that seem to be one shot, the nearest first.

    Of pictures that all look the same only as many pairs as it takes to hold them together: one fewer than pictures.
    """
    near = {(pair.first, pair.second): pair for pair in (*_near(looks), *_copies(looks))}
    parent = list(range(len(looks)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    kept = []
    for pair in sorted(near.values(), key=lambda pair: (pair.bits, pair.first, pair.second)):
        first, second = root(pair.first), root(pair.second)
        if first != second:
            parent[second] = first
            kept.append(pair)
    return kept


def _near(looks: Sequence[Look]) -> list[LookAlike]:
    """Compare all pairs of pictures with contrast: a matrix product counts the differing bits."""
    positions = [index for index, one in enumerate(looks) if not one.flat]
    if not positions:
        return []
    signs = np.stack([np.where(looks[index].bits, 1, -1) for index in positions]).astype(np.float32)
    color = np.stack([looks[index].color for index in positions])
    found = []
    for start in range(0, len(signs), _AT_ONCE):
        bits = (signs.shape[1] - signs[start : start + _AT_ONCE] @ signs[start:].T) / 2
        for row in range(len(bits)):
            first, after = start + row, bits[row, row + 1 :]
            others = np.flatnonzero(after <= SAME_SHOT_BITS)
            others = others[np.abs(color[first + 1 + others] - color[first]).mean(axis=1) <= SAME_SHOT_COLOR]
            for other in others[np.argsort(after[others], kind="stable")][:_MOST_PER_PICTURE].tolist():
                found.append(LookAlike(positions[first], positions[first + 1 + other], int(after[other])))
    return found


def _copies(looks: Sequence[Look]) -> list[LookAlike]:
    """Pair each file with the next one of the same bytes."""
    same: dict[str, list[int]] = defaultdict(list)
    for index, one in enumerate(looks):
        same[one.sha256].append(index)
    pairs = (pair for copies in same.values() for pair in itertools.pairwise(copies))
    return [LookAlike(first, second, 0) for first, second in pairs]
