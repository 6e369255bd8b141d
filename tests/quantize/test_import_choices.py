"""Names of normalizations, and which of them a quantized input tells by its range."""

import numpy as np
import pytest

from edge.conventions import Normalization
from edge.errors import ModelError
from edge.interpreter import TensorSpec, input_encoder
from quantize.import_choices import (
    NORMALIZATIONS,
    label_choices,
    normalization_name,
    normalizations,
    read_normalization,
)


def quantized(dtype, scale, zero_point):
    """Return the spec of a quantized input."""
    return TensorSpec((1, 8, 8, 3), np.dtype(dtype), scale, zero_point)


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_normalization_is_read_by_its_name_and_told_by_it(name):
    """Written out for each channel it is still the same."""
    usual = read_normalization(name)
    each = Normalization(mean=usual.mean * (3 // len(usual.mean)), std=usual.std * (3 // len(usual.std)))

    assert normalization_name(usual) == normalization_name(each) == name


def test_an_unusual_normalization_is_told_by_its_numbers():
    """As it is given on the command line."""
    assert normalization_name(read_normalization("127/128")) == "127/128"
    assert normalization_name(read_normalization("1,2,1/4,4,4")) == "1,2,1/4"


@pytest.mark.parametrize("text", ["", "0..2", "1", "1/2/3", "1,2/3", "one/two", "1/0", "nan/1", "1e99/1"])
def test_what_is_no_normalization_is_refused(text):
    """With the names that are known."""
    with pytest.raises(ModelError, match=r"--normalization: expected 0\.\.1, -1\.\.1"):
        read_normalization(text)


@pytest.mark.parametrize(
    ("tensor", "name"),
    [
        (quantized("uint8", 1 / 128, 128), "-1..1"),
        (quantized("uint8", 0.0078431, 127), "-1..1"),
        (quantized("uint8", 1 / 255, 0), "0..1"),
        (quantized("int8", 0.00390625, -128), "0..1"),
        (quantized("int8", 1.0, -128), "0..255"),
        (quantized("uint8", 0.0, 0), "0..255"),
        (quantized("int8", 1.0, 0), "-128..127"),
    ],
)
def test_the_usual_ranges_are_read_off_a_quantized_input_and_the_pixel_is_the_step(tensor, name):
    """Whatever its metadata says of the float model it came from."""
    (found,), how = normalizations(tensor, Normalization(mean=(5,), std=(7,)), 3)

    pixels = np.arange(256, dtype=np.uint8)
    stored = input_encoder(tensor, found.normalization)(pixels).astype(int)
    assert (found.name, how) == (name, "in the file")
    assert (stored - stored[0] == pixels).all()


def test_an_unusual_range_leaves_every_way_open():
    """0 to 200: calibrated on dim pictures, or something else."""
    ways, how = normalizations(quantized("int8", 0.784, -128), None, 3)

    assert [way.name for way in ways] == [*NORMALIZATIONS, "steps"]
    assert how == "by evaluation"


def test_a_grey_input_is_not_tried_with_three_means():
    """ImageNet's are for colours."""
    ways, _ = normalizations(quantized("int8", 0.784, -128), None, 1)

    assert "imagenet" not in [way.name for way in ways]


def test_a_background_output_gets_a_name_that_is_free():
    """Labels may have a background of their own and still be one short."""
    (choice,) = label_choices(("background", "nut"), 3, "last")

    assert choice.labels == ("background", "nut", "background output")
