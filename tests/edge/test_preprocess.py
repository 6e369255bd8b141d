"""The one resize: shapes, fits and colour, for any picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.preprocess import InputSpec, preprocess

SPECS = st.builds(
    InputSpec,
    width_px=st.integers(8, 64),
    height_px=st.integers(8, 64),
    color=st.sampled_from(["rgb", "grey"]),
    resize_filter=st.sampled_from(["nearest", "bilinear", "bicubic", "lanczos"]),
    fit=st.sampled_from(["stretch", "pad", "crop"]),
)


def flat(height, width, colour=(10, 120, 230)):
    """Return a picture of one colour."""
    return np.full((height, width, 3), colour, np.uint8)


@given(spec=SPECS, height=st.integers(1, 200), width=st.integers(1, 200), colour=st.integers(0, 255))
def test_any_picture_becomes_the_input_asked_for(spec, height, width, colour):
    """Right shape, uint8, and where nothing is padded a flat picture stays flat in every filter and fit."""
    found = preprocess(flat(height, width, (colour,) * 3), spec)

    assert (found.shape, found.dtype) == (spec.shape, np.uint8)
    if spec.fit != "pad":
        assert set(np.unique(found)) == {colour}


@given(spec=SPECS)
def test_the_input_is_left_as_it_was(spec):
    """The caller's picture is the camera's buffer: it is read, never written."""
    picture = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    before = picture.copy()
    picture.flags.writeable = False

    preprocess(picture, spec)

    assert np.array_equal(picture, before)


@pytest.mark.parametrize("resize_filter", ["nearest", "bilinear", "bicubic", "lanczos"])
def test_a_picture_of_the_right_size_is_not_touched(resize_filter):
    """No filter may soften what already fits."""
    picture = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
    spec = InputSpec(width_px=32, height_px=24, resize_filter=resize_filter)

    assert np.array_equal(preprocess(picture, spec), picture)


def test_channels_stay_red_green_blue():
    """Red and blue swapped changes answers without an error, so the order is held here."""
    assert preprocess(flat(20, 20), InputSpec(width_px=8, height_px=8))[0, 0].tolist() == [10, 120, 230]


def test_grey_weighs_the_colours_as_the_eye_does():
    """ITU-R 601: 0.299 red, 0.587 green, 0.114 blue."""
    found = preprocess(flat(20, 20, (200, 100, 50)), InputSpec(width_px=8, height_px=8, color="grey"))

    assert found.shape == (8, 8, 1)
    assert set(np.unique(found)) == {124}


def test_crop_keeps_the_centre():
    """The left and right thirds of a wide picture are cut off."""
    wide = np.concatenate([flat(30, 30, (255, 0, 0)), flat(30, 30, (0, 255, 0)), flat(30, 30, (0, 0, 255))], axis=1)

    found = preprocess(wide, InputSpec(width_px=16, height_px=16, fit="crop"))

    assert set(map(tuple, found[:, 1:-1].reshape(-1, 3).tolist())) == {(0, 255, 0)}


def test_pad_keeps_everything_on_mid_grey():
    """A picture twice as wide as high fills the middle half; above and below is grey 128."""
    found = preprocess(flat(20, 40), InputSpec(width_px=16, height_px=16, fit="pad"))

    assert set(map(tuple, found[4:12].reshape(-1, 3).tolist())) == {(10, 120, 230)}
    assert set(np.unique(np.concatenate([found[:4], found[12:]]))) == {128}


def test_stretch_ignores_the_aspect():
    """The left half stays the left half, however the picture is pulled."""
    halves = np.concatenate([flat(10, 40, (0, 0, 0)), flat(10, 40, (255, 255, 255))], axis=1)

    found = preprocess(halves, InputSpec(width_px=16, height_px=32, resize_filter="nearest"))

    assert found[:, :8].max() == 0
    assert found[:, 8:].min() == 255


def test_bilinear_is_antialiased():
    """Shrinking averages what falls together: fine black and white lines become mid-grey, not one of the two."""
    lines = np.zeros((64, 64, 3), np.uint8)
    lines[:, ::2] = 255

    found = preprocess(lines, InputSpec(width_px=8, height_px=8))

    assert np.abs(found.astype(int) - 128).max() < 8


@pytest.mark.parametrize(
    "wrong",
    [{"width_px": 4}, {"height_px": 5000}, {"color": "bgr"}, {"resize_filter": "area"}, {"fit": "tile"}, {"size": 96}],
)
def test_a_spec_it_does_not_know_is_refused(wrong):
    """A bundle from elsewhere with another wish must not be half understood."""
    with pytest.raises(ValidationError):
        InputSpec.model_validate({"width_px": 96, "height_px": 96, **wrong})
