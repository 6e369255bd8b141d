"""Pictures with known answers, for the self-test on the device: drawn by a few lines of C, and the bundle's parts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.golden import GOLDEN_FILE, golden_inputs
from edge.preprocess import InputSpec

DRAWN = 8  # black, white, a ramp, and noise
MOST_TILE_BYTES = 32_768  # of flash, for pictures of parts


@dataclass(frozen=True)
class Vectors:
    """pictures: (N, *spec.shape) uint8, the drawn ones first. tiles: the others at half their size, (M, h, w, C)."""

    pictures: NDArray[np.uint8]
    tiles: NDArray[np.uint8]


def make_vectors(bundle: Bundle) -> Vectors:
    """Return the pictures of a bundle's self-test. Raises BundleError when golden.png is damaged."""
    spec = bundle.facts.input
    drawn = [draw(number, spec) for number in range(DRAWN)]
    golden = bundle.facts.golden
    if golden is None:
        return Vectors(np.stack(drawn), np.zeros((0, 0, 0, spec.channels), np.uint8))
    shown = golden_inputs(bundle.read(GOLDEN_FILE), len(golden.inputs), spec, str(bundle.folder / GOLDEN_FILE))
    tiles = shown[:, ::2, ::2]
    kept = min(len(tiles), MOST_TILE_BYTES // tiles[0].size)
    return Vectors(np.concatenate([np.stack(drawn), shown[:kept]]), tiles[:kept])


def draw(number: int, spec: InputSpec) -> NDArray[np.uint8]:
    """Return a picture of `spec.shape`; selftest.c draws the same."""
    count = int(np.prod(spec.shape))
    if number < 2:
        return np.full(spec.shape, 255 * number, np.uint8)
    if number == 2:
        return (np.arange(count) % 256).astype(np.uint8).reshape(spec.shape)
    return _noise(number, count).reshape(spec.shape)


def _noise(seed: int, count: int) -> NDArray[np.uint8]:
    """The upper bytes of the linear congruential generator of Numerical Recipes."""
    state, values = seed, bytearray(count)
    for index in range(count):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        values[index] = state >> 24
    return np.frombuffer(bytes(values), np.uint8)
