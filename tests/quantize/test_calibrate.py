"""Calibration pictures: from the training split, class by class, the same every time."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.errors import DataError
from edge.preprocess import InputSpec
from quantize.calibrate import calibration_inputs, choose_calibration
from training.dataset import Item


def items(**counts):
    """List made-up pictures: items(bolt=3) gives bolt/0.png to bolt/2.png."""
    return [
        Item(Path(f"{label}/{n}.png"), f"{label}/{n}.png", label, f"{label}{n}", f"{label}-{n}")
        for label, count in counts.items()
        for n in range(count)
    ]


def test_classes_are_drawn_in_turn():
    """A class with few pictures counts as much as one with many."""
    chosen = choose_calibration(items(bolt=500, nut=50, screw=10), count=30, seed=0)

    assert Counter(item.label for item in chosen) == {"bolt": 10, "nut": 10, "screw": 10}


def test_a_short_class_gives_all_it_has_and_the_others_fill_up():
    """The count is reached as long as there are pictures at all."""
    chosen = choose_calibration(items(bolt=100, nut=3), count=20, seed=0)

    assert Counter(item.label for item in chosen) == {"bolt": 17, "nut": 3}
    assert len(choose_calibration(items(bolt=4, nut=3), count=20, seed=0)) == 7


def test_the_draw_depends_on_the_seed_alone():
    """The same pictures in another order give the same draw; another seed gives another."""
    train = items(bolt=100, nut=100)

    chosen = choose_calibration(train, count=20, seed=4)

    assert chosen == choose_calibration(train[::-1], count=20, seed=4)
    assert chosen != choose_calibration(train, count=20, seed=5)


def test_a_copy_of_a_held_out_picture_does_not_calibrate():
    """The same bytes on both sides would let the report judge on a calibration picture."""
    train = items(bolt=3, nut=3)

    chosen = choose_calibration(train, count=10, seed=0, held_out=[train[0], train[4]])

    assert {item.relative for item in chosen} == {"bolt/1.png", "bolt/2.png", "nut/0.png", "nut/2.png"}


def test_nothing_to_calibrate_with_is_said():
    """All training pictures being held out as well is an error with a remedy, not an empty draw."""
    train = items(bolt=2)

    with pytest.raises(DataError, match="found none of 2"):
        choose_calibration(train, count=10, seed=0, held_out=train)


def test_black_and_white_come_with_every_draw(tmp_path):
    """They pin the input's scale to one, whatever light the pictures were taken in."""
    path = tmp_path / "dim.png"
    Image.new("RGB", (40, 40), (90, 80, 70)).save(path)
    spec = InputSpec(width_px=16, height_px=16)

    inputs = calibration_inputs([Item(path, "dim.png", "bolt", "dim", "")], spec)

    assert (inputs.shape, inputs.dtype) == ((3, 16, 16, 3), np.uint8)
    assert (inputs.min(), inputs.max()) == (0, 255)
    assert inputs[2, 0, 0].tolist() == [90, 80, 70]
