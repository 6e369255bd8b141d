"""How sharp the photographs of each group are, and what a Gaussian makes of the sharpest.

python benchmarks/sharpness.py DATA --group-pattern PATTERN

Sharpness: standard deviation of the Laplacian of the grey picture over its middle (Pech-Pacheco and others, 2000, take
the variance), in grey levels, the mean of a group's pictures. Where groups differ by factors, training with
`--set augment.blur_px` teaches the network not to rely on it. The second table tells how large: as many pixels as make
the sharpest group as soft as the softest one, times the model's input over the picture's side.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from training.folders import find_pictures
from training.groups import group_rule

GAUSSIANS_PX = (0.5, 0.75, 1.0, 1.5)


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("data", type=Path)
    options.add_argument("--group-pattern")
    given = options.parse_args()
    found = find_pictures(given.data)
    groups, _notes = group_rule(given.group_pattern)([(one.label, one.name) for one in found])
    pictures: dict[str, list[Image.Image]] = defaultdict(list)
    for one, group in zip(found, groups, strict=True):
        with Image.open(one.path) as picture:
            pictures[group].append(picture.convert("L"))
    sharp = {group: mean_sharpness(members) for group, members in pictures.items()}
    for group, value in sorted(sharp.items(), key=lambda one: -one[1]):
        print(f"{group:>12} {len(pictures[group]):5} pictures {value:6.1f}")
    sharpest = max(sharp, key=lambda group: sharp[group])
    for deviation_px in GAUSSIANS_PX:
        print(f"{sharpest:>12} after {deviation_px} px {mean_sharpness(pictures[sharpest], deviation_px):10.1f}")


def mean_sharpness(pictures: list[Image.Image], deviation_px: float = 0) -> float:
    """Return the mean over pictures, each after a Gaussian of this standard deviation."""
    blur = ImageFilter.GaussianBlur(deviation_px)
    return float(np.mean([sharpness(np.asarray(one.filter(blur) if deviation_px else one, float)) for one in pictures]))


def sharpness(grey: NDArray[np.float64]) -> float:
    """Return the standard deviation of the Laplacian over the middle half of the sides."""
    height, width = grey.shape
    middle = grey[height // 4 : -(height // 4), width // 4 : -(width // 4)]
    around = middle[:-2, 1:-1] + middle[2:, 1:-1] + middle[1:-1, :-2] + middle[1:-1, 2:]
    return float((4 * middle[1:-1, 1:-1] - around).std())


if __name__ == "__main__":
    main()
