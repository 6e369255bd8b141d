"""One shot, however it was saved, is found again; look-alike parts are not taken for one."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from edge.pictures import read_picture
from edge.render import render_picture
from tests.installed import require_installed
from training.look_alikes import look, look_alikes

require_installed("scipy", "the perceptual hash needs the desktop install")

TRASHNET = Path(__file__).resolve().parents[2].parent / "shared" / "datasets" / "trashnet6"


def saved_again(picture: Image.Image) -> Image.Image:
    encoded = io.BytesIO()
    picture.save(encoded, "JPEG", quality=50)
    return Image.open(encoded).convert("RGB")


VARIANTS = {
    "saved again": saved_again,
    "half the size": lambda picture: picture.resize((picture.width // 2, picture.height // 2)),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
    "flatter": lambda picture: ImageEnhance.Contrast(picture).enhance(0.8),
}


def parts(count: int, labels: tuple[str, ...]) -> list[Image.Image]:
    """Rendered parts, no two of them one part."""
    return [
        Image.fromarray(render_picture(label, np.random.default_rng([number, index]), 128))
        for index, label in enumerate(labels)
        for number in range(count)
    ]


def looks_of(pictures):
    return [look(np.asarray(picture), str(number)) for number, picture in enumerate(pictures)]


@pytest.mark.parametrize("variant", list(VARIANTS))
def test_one_shot_saved_in_another_way_is_found(variant):
    """What a camera app, a chat program or an editor does to a file does not make it another shot."""
    originals = parts(3, ("coin", "screw", "part_a"))

    pairs = look_alikes(looks_of([*originals, *(VARIANTS[variant](picture) for picture in originals)]))

    assert {(pair.first, pair.second) for pair in pairs} == {(n, n + 9) for n in range(9)}


@pytest.mark.slow
def test_look_alike_parts_are_not_one_shot():
    """Two similar machined parts, a hundred of each, stay two hundred things."""
    assert look_alikes(looks_of(parts(100, ("part_a", "part_b")))) == []


def test_equal_shapes_in_two_colours_are_two_things():
    """A grey hash alone would glue a red disc to a green one, and with them their classes."""
    rows, columns = np.mgrid[:64, :64]
    disc = (rows - 30) ** 2 + (columns - 34) ** 2 < 400
    pictures = []
    for color in ((180, 40, 40), (40, 120, 40)):
        pixels = np.full((64, 64, 3), 210, np.uint8)
        pixels[disc] = color
        pictures.append(pixels)

    assert look_alikes(looks_of(pictures)) == []


def test_pictures_without_contrast_are_compared_by_their_bytes_only():
    """Blank pictures have no shape: they would all be one thing."""
    blank = [np.full((32, 32, 3), level, np.uint8) for level in (100, 101, 100)]

    assert look_alikes([look(pixels, sha256) for pixels, sha256 in zip(blank, "aba", strict=True)])[0].second == 2
    assert look_alikes(looks_of(blank)) == []


@pytest.mark.skipif(not TRASHNET.is_dir(), reason="the real photographs of trashnet6 are not beside the repository")
def test_real_second_shots_are_found():
    """Photographs of one thing taken moments apart, checked by eye; the third shows another thing."""
    names = ("paper305", "paper308", "paper40", "paper2", "paper522", "paper100")

    pairs = look_alikes([look(read_picture(TRASHNET / "paper" / f"{name}.jpg"), name) for name in names])

    assert [(names[pair.first], names[pair.second]) for pair in pairs] == [
        ("paper305", "paper308"),
        ("paper40", "paper2"),
    ]


def test_many_alike_are_held_together_by_few_pairs():
    """A thousand pictures of one scene are no million pairs."""
    picture = parts(1, ("coin",))[0]

    pairs = look_alikes(looks_of([picture] * 300))

    assert len(pairs) == 299
    assert {pair.bits for pair in pairs} == {0}
