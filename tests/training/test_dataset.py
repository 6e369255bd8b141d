"""Reading a folder per class: every file is used, or skipped and named."""

from __future__ import annotations

import re
import shutil
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.errors import DataError
from edge.pictures import read_picture
from edge.preprocess import InputSpec, preprocess
from training.dataset import label_indices, load_inputs, read_dataset
from training.groups import group_by_name
from training.split import SUBSETS, Fractions, split_items

SPEC = InputSpec(width_px=16, height_px=12)
METAL_PARTS = Path(__file__).resolve().parents[2].parent / "shared" / "datasets" / "metal-parts6"


def save_noise(path: Path, seed: int, size: tuple[int, int] = (20, 20)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def huge_png(side_px: int) -> bytes:
    """A PNG that says it is side_px square and holds no pixel."""
    chunks = (b"IHDR", struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)), (b"IDAT", b""), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


@pytest.fixture
def data(tmp_path) -> Path:
    """Two classes of four pictures."""
    for label, start in (("bolt", 0), ("nut", 10)):
        for number in range(4):
            save_noise(tmp_path / label / f"{'abcd'[number]}.png", start + number)
    return tmp_path


def test_pixels_come_through_the_one_preprocess(data):
    """The inputs are those the device would compute from the same files, in the order of the items."""
    dataset = read_dataset(data, SPEC, group_by_name)

    assert dataset.labels == ("bolt", "nut")
    assert dataset.inputs.shape == (8, 12, 16, 3)
    assert dataset.inputs.dtype == np.uint8
    np.testing.assert_array_equal(dataset.inputs[0], preprocess(read_picture(data / "bolt" / "a.png"), SPEC))
    np.testing.assert_array_equal(load_inputs(dataset.items, SPEC), dataset.inputs)
    np.testing.assert_array_equal(label_indices(dataset.items, dataset.labels), [0, 0, 0, 0, 1, 1, 1, 1])
    assert all(item.path.is_absolute() for item in dataset.items)


def test_unusable_files_are_skipped_and_named(data):
    """Text named .jpg, a 1x1 picture and one of 400 megapixels: each is left out with its reason."""
    (data / "bolt" / "note.jpg").write_text("not a picture")
    save_noise(data / "nut" / "dot.png", 0, (1, 1))
    (data / "nut" / "huge.png").write_bytes(huge_png(20_000))

    dataset = read_dataset(data, SPEC, group_by_name)

    reasons = {skipped.path: skipped.reason for skipped in dataset.skipped}
    assert set(reasons) == {"bolt/note.jpg", "nut/dot.png", "nut/huge.png"}
    assert "no picture reader knows" in reasons["bolt/note.jpg"]
    assert "1x1" in reasons["nut/dot.png"]
    assert "megapixels" in reasons["nut/huge.png"]
    assert len(dataset.items) == len(dataset.inputs) == 8


def test_one_picture_under_two_labels_is_skipped_on_both_sides(data):
    """Nobody knows which label is right, so neither is believed."""
    shutil.copy(data / "bolt" / "a.png", data / "nut" / "z.png")

    dataset = read_dataset(data, SPEC, group_by_name)

    assert {skipped.path for skipped in dataset.skipped} == {"bolt/a.png", "nut/z.png"}
    assert len(dataset.items) == 7


def test_copies_within_a_class_share_a_group(data):
    """The same bytes under two names must not stand on two sides of the split."""
    shutil.copy(data / "bolt" / "a.png", data / "bolt" / "z.png")

    groups = {item.relative: item.group for item in read_dataset(data, SPEC, group_by_name).items}

    assert groups["bolt/a.png"] == groups["bolt/z.png"]
    assert len(set(groups.values())) == 8


def test_class_without_a_usable_picture_is_an_error(data):
    """A class must not vanish because all of its files are unreadable."""
    (data / "washer").mkdir()
    (data / "washer" / "a.jpg").write_text("not a picture")

    with pytest.raises(DataError, match=re.escape(f"{data / 'washer'}: expected pictures of class 'washer'")):
        read_dataset(data, SPEC, group_by_name)


def test_a_class_whose_every_picture_stands_under_another_one_is_said(data):
    """Its pictures can be read: to replace them with others would not help."""
    (data / "washer").mkdir()
    shutil.copy(data / "bolt" / "a.png", data / "washer" / "a.png")

    with pytest.raises(DataError, match="'washer', found only such as stand under another class too, byte for byte"):
        read_dataset(data, SPEC, group_by_name)


def test_reading_is_reported(data):
    """Every file counts, so that a long reading shows how far it is."""
    heard: list[tuple[int, int]] = []

    read_dataset(data, SPEC, group_by_name, lambda done, total: heard.append((done, total)))

    assert heard == [(number, 8) for number in range(1, 9)]


@pytest.mark.skipif(
    not METAL_PARTS.is_dir(), reason="the real photographs of metal-parts6 are not beside the repository"
)
def test_real_crops_are_split_by_photo():
    """Crops of one photograph, in several classes, stay on one side."""
    dataset = read_dataset(METAL_PARTS, SPEC, group_by_name)

    split = split_items(dataset.items, Fractions(), seed=0)

    assert len(dataset.items) == 483
    assert dataset.skipped == ()
    photos = {subset: {dataset.items[i].path.stem.rpartition("_")[0] for i in split[subset]} for subset in SUBSETS}
    assert not photos["train"] & (photos["validation"] | photos["test"])
    assert not photos["validation"] & photos["test"]
    assert len(split["test"]) == pytest.approx(0.15 * 483, abs=6)
