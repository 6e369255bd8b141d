"""Choose the pictures from which the converter learns the range of every layer."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.preprocess import InputSpec
from training.dataset import Item, load_inputs

BLACK_AND_WHITE = 2


def choose_calibration(train: Sequence[Item], *, count: int, seed: int, held_out: Iterable[Item] = ()) -> list[Item]:
    """Draw up to `count` training pictures, the classes in turn, so that a small class counts as much as a large one.

    A picture whose bytes also stand among `held_out` is left out: the report must not judge on a calibration picture.
    The draw depends on `seed` and the pictures only. Raises DataError when no picture is left.
    """
    judged = {item.sha256 for item in held_out}
    usable = [item for item in train if item.sha256 not in judged]
    if not usable:
        raise DataError(
            f"expected training pictures to calibrate with, found none of {len(train)} that is not held out too; "
            "train again on more pictures"
        )
    shuffled = sorted(usable, key=lambda item: item.relative)
    random.Random(seed).shuffle(shuffled)
    by_label: dict[str, list[Item]] = {label: [] for label in sorted({item.label for item in usable})}
    for item in shuffled:
        by_label[item.label].append(item)
    in_turn = chain.from_iterable(zip_longest(*by_label.values()))
    return [item for item in in_turn if item is not None][:count]


def calibration_inputs(chosen: Sequence[Item], spec: InputSpec) -> NDArray[np.uint8]:
    """Prepare the chosen pictures and put a black and a white one before them, (N + 2, H, W, C) uint8.

    Those two pin the input's scale to exactly 1 and its zero point to -128: dim pictures alone would give another
    scale, and the brightest parts on the belt would be clipped.
    """
    ends = np.stack([np.zeros(spec.shape, np.uint8), np.full(spec.shape, 255, np.uint8)])
    return np.concatenate([ends, load_inputs(chosen, spec)])
