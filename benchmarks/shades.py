"""Draw washers of three coatings that differ by three grey levels, all on one belt under one light.

python benchmarks/shades.py FOLDER        (a folder per class, 120 pictures each)

A network for them looks at a sliver of what pixels can be. The black and the white calibration picture are far
outside of it, and int8 then spends its steps on values that no part ever causes: docs/results.md shows it.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

SIDE_PX, COUNT, GROUND, NOISE = 48, 120, 235, 6
SHADES = {"matt": 118, "plain": 121, "bright": 124}


def main() -> None:
    folder = Path(sys.argv[1])
    random = np.random.default_rng(0)
    y, x = np.mgrid[:SIDE_PX, :SIDE_PX]
    for label, shade in SHADES.items():
        (folder / label).mkdir(parents=True)
        for number in range(COUNT):
            center = SIDE_PX / 2 + random.uniform(-4, 4, 2)
            radius = np.hypot(x - center[0], y - center[1])
            washer = (radius < 17) & (radius > 7)
            picture = np.where(washer[..., None], shade, GROUND) + random.normal(0, NOISE, (SIDE_PX, SIDE_PX, 3))
            pixels = np.clip(picture, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{label}_{number:03}.png")


if __name__ == "__main__":
    main()
