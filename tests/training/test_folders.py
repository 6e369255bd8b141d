"""Folders that somebody has divided already."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.errors import DataError
from edge.preprocess import InputSpec
from training.dataset import read_dataset
from training.folders import find_pictures
from training.groups import group_by_name

SPEC = InputSpec(width_px=16, height_px=16)


def fill(folder: Path, labels: tuple[str, ...] = ("bolt", "nut"), seed: int = 0, count: int = 2) -> None:
    for index, label in enumerate(labels):
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = np.random.default_rng([seed, index, number]).integers(0, 256, (24, 24, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{'abcdef'[seed]}{'xyz'[number]}.png")


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [("train", "validation", "test"), ("Train", "Val", "Test"), ("training", "valid", "testing")],
)
def test_divided_folder_is_taken_as_it_is(tmp_path, train, validation, test):
    """Whatever its folders are called, every picture stays on its side."""
    for seed, side in enumerate((train, validation, test)):
        fill(tmp_path / side, seed=seed)

    data = read_dataset(tmp_path, SPEC, group_by_name)

    assert data.labels == ("bolt", "nut")
    assert data.given_split is not None
    names = {side: [data.items[index].relative for index in indices] for side, indices in data.given_split.items()}
    assert set(names) == {"train", "validation", "test"}
    assert names["validation"] == [f"{validation}/bolt/bx.png", f"{validation}/bolt/by.png",
                                   f"{validation}/nut/bx.png", f"{validation}/nut/by.png"]  # fmt: skip
    assert "divided already" in data.notes[0]
    assert len(data.notes) == 1


def test_thing_on_two_sides_is_told(tmp_path):
    """A divided folder is kept even when it leaks, but not in silence."""
    for seed, side in enumerate(("train", "val", "test")):
        fill(tmp_path / side, seed=seed)
    with Image.open(tmp_path / "train" / "bolt" / "ax.png") as picture:
        picture.resize((48, 48)).save(tmp_path / "test" / "bolt" / "again.png")

    notes = read_dataset(tmp_path, SPEC, group_by_name).notes

    assert "1 of 5 test pictures show what a training or validation picture shows" in notes[1]


def test_side_that_is_not_there_is_named(tmp_path):
    """Without validation pictures no epoch can be chosen."""
    for seed, side in enumerate(("train", "test")):
        fill(tmp_path / side, seed=seed)

    with pytest.raises(DataError, match=r"expected train, validation \(or val\) and test.*found no validation"):
        find_pictures(tmp_path)


def test_a_stray_file_makes_no_class_of_a_side(tmp_path):
    """A list of labels or a thumbnail cache beside the classes is no picture, and the sides stay sides."""
    for seed, side in enumerate(("train", "val", "test")):
        fill(tmp_path / side, seed=seed)
    (tmp_path / "train" / "labels.csv").touch()

    assert {(picture.label, picture.side) for picture in find_pictures(tmp_path)} == {
        (label, side) for label in ("bolt", "nut") for side in ("train", "validation", "test")
    }


def test_a_folder_beside_the_sides_is_named(tmp_path):
    """Trained as four classes called train, val, test and holdout it would be nonsense that works."""
    for seed, side in enumerate(("train", "val", "test", "holdout")):
        fill(tmp_path / side, seed=seed)

    with pytest.raises(DataError, match=r"found the folder 'holdout'; move it elsewhere"):
        find_pictures(tmp_path)


def test_class_that_is_missing_on_one_side_is_named(tmp_path):
    """A class without test pictures would have no figure."""
    for seed, side in enumerate(("train", "val", "test")):
        fill(tmp_path / side, ("bolt", "nut", "washer") if side != "test" else ("bolt", "nut"), seed)

    with pytest.raises(DataError, match=r"test: expected the classes bolt, nut, washer .* found no 'washer'"):
        find_pictures(tmp_path)


def test_class_called_train_is_a_class(tmp_path):
    """Toy trains and test tubes are parts too: a folder of pictures is a class, whatever its name."""
    fill(tmp_path, ("test", "train"))

    assert {picture.label for picture in find_pictures(tmp_path)} == {"test", "train"}


def test_class_called_train_may_hold_a_folder_per_thing(tmp_path):
    """Beside classes that nobody would take for a side."""
    fill(tmp_path, ("bolt",))
    fill(tmp_path / "train", ("red", "blue"))

    assert {picture.label for picture in find_pictures(tmp_path)} == {"bolt", "train"}
