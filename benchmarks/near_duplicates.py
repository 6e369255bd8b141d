"""Measure the look-alike rule: what saving a picture again moves, and what it calls one shot in a set of pictures.

python benchmarks/near_duplicates.py NAME=FOLDER ...        (each FOLDER has a folder per class)
"""

from __future__ import annotations

import io
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance

from edge.labelled import labelled_folder
from edge.pictures import read_picture
from training.groups import join_groups
from training.look_alikes import Look, look, look_alikes

SAMPLED = 150


def main() -> None:
    for argument in sys.argv[1:]:
        name, _, folder = argument.partition("=")
        found = labelled_folder(Path(folder))
        looks = [look(read_picture(one.path), str(one.path)) for one in found]
        pairs = look_alikes(looks)
        members = Counter(join_groups([str(n) for n in range(len(found))], [(p.first, p.second) for p in pairs]))
        across = sum(found[pair.first].label != found[pair.second].label for pair in pairs)
        print(
            f"{name}: {len(found)} pictures, {len(pairs)} pairs called one shot ({across} across classes), "
            f"largest group {max(members.values())}"
        )
        chosen = np.random.default_rng(0).choice(len(found), min(SAMPLED, len(found)), replace=False)
        for variant, change in VARIANTS.items():
            print(f"  {variant:<20} {_moved([(looks[i], found[i].path) for i in chosen], change)}")


def _moved(pictures: list[tuple[Look, Path]], change: Callable[[Image.Image], Image.Image]) -> str:
    bits, color, kept = [], [], 0
    for before, path in pictures:
        after = look(np.asarray(change(Image.fromarray(read_picture(path)))), "changed")
        bits.append(int((before.bits != after.bits).sum()))
        color.append(float(np.abs(before.color - after.color).mean()))
        kept += bool(look_alikes([before, after]))
    half, most = np.median(bits), max(bits)
    return f"bits {half:3.0f} in the middle, {most:3d} at most; colour {max(color):4.1f}; found {kept}/{len(pictures)}"


def _saved_again(picture: Image.Image) -> Image.Image:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=50)
    return Image.open(encoded).convert("RGB")


def _cropped(picture: Image.Image) -> Image.Image:
    x, y = round(0.03 * picture.width), round(0.03 * picture.height)
    return picture.crop((x, y, picture.width - x, picture.height - y))


VARIANTS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG quality 50": _saved_again,
    "half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "15 % brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.15),
    "20 % less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.8),
    "cropped by 3 %": _cropped,
}


if __name__ == "__main__":
    main()
