"""Parts are found where they lie; an empty belt, light that drifts and noise are not parts."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.background import GIVE_UP_AFTER_FRAMES as GIVE_UP_LEARNING_AFTER_FRAMES
from edge.background import LEARN_FRAMES
from edge.errors import CameraError
from edge.finder import GIVE_UP_AFTER_FRAMES, Finder, FinderSettings, crop_side, square_crop
from edge.parts import Frame

SCALE = 0.25
WIDTH, HEIGHT = 480, 320


NOISE = np.random.default_rng(0).integers(-6, 7, (16, HEIGHT, WIDTH, 3), dtype=np.int8)


def belt_picture(light=200, seed=0):
    return (np.uint8(light) + NOISE[seed % len(NOISE)].view(np.uint8)).astype(np.uint8)


def frame(image, number=0):
    return Frame(image, number * 0.1, number)


@pytest.fixture
def finder():
    return taught_finder()


def taught_finder():
    finder = Finder(FinderSettings(mm_per_px=SCALE))
    for number in range(LEARN_FRAMES):
        assert finder.find(frame(belt_picture(seed=number), number)) == []
    assert finder.ready
    return finder


@cache
def one_finder():
    """One for many pictures of parts: from those it learns nothing."""
    return taught_finder()


def with_box(image, left, top, right, bottom, level=90):
    image[max(top, 0) : bottom, max(left, 0) : right] = level
    return image


@settings(max_examples=40, deadline=None)
@given(
    st.integers(8, 380), st.integers(8, 230), st.integers(24, 90), st.integers(24, 80), st.sampled_from([20, 120, 250])
)
def test_a_part_is_found_where_it_lies(left, top, width, height, level):
    """Centre and size of a lone part are right to within a cell of 4 pixels."""
    sightings = one_finder().find(frame(with_box(belt_picture(), left, top, left + width, top + height, level)))
    assert len(sightings) == 1
    found = sightings[0]
    cell_mm = 4 * SCALE
    assert found.x_mm == pytest.approx((left + width / 2 - WIDTH / 2) * SCALE, abs=cell_mm)
    assert found.y_mm == pytest.approx((top + height / 2 - HEIGHT / 2) * SCALE, abs=cell_mm)
    assert found.length_mm == pytest.approx(width * SCALE, abs=2 * cell_mm)
    assert found.width_mm == pytest.approx(height * SCALE, abs=2 * cell_mm)
    assert found.whole
    assert not found.several


def test_an_empty_belt_has_no_parts(finder):
    """Noise does not make parts."""
    assert all(finder.find(frame(belt_picture(seed=seed), seed)) == [] for seed in range(100, 140))


def test_light_that_changes_slowly_makes_no_parts(finder):
    """The empty belt is learned anew while it is empty: 60 grey levels in 800 frames go unnoticed."""
    for number in range(800):
        assert finder.find(frame(belt_picture(light=200 - number * 60 // 800, seed=number), number)) == []


def test_a_part_that_lies_still_is_not_learned(finder):
    """The background is refreshed only while the belt is empty."""
    image = with_box(belt_picture(), 100, 100, 160, 160)
    assert all(len(finder.find(frame(image, number))) == 1 for number in range(300))


def test_dirt_is_no_part(finder):
    """Things smaller than min_part_mm are passed over."""
    assert finder.find(frame(with_box(belt_picture(), 100, 100, 110, 110))) == []


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        ((-10, 100, 50, 160), "cut_upstream"),
        ((440, 100, 480, 160), "cut_downstream"),
        ((200, -5, 260, 60), "cut_sideways"),
    ],
)
def test_a_part_at_the_edge_of_the_picture_is_marked(finder, box, cut):
    """What the picture cuts off is said, because its centre is unknown."""
    (found,) = finder.find(frame(with_box(belt_picture(), *box)))
    assert getattr(found, cut)
    assert found.whole == (cut == "cut_sideways")


def test_two_parts_next_to_each_other_are_several(finder):
    """Two things closer than join_mm, each large enough for a part, are two parts, and neither is trusted."""
    image = with_box(with_box(belt_picture(), 100, 100, 148, 148), 155, 100, 203, 148)
    found = finder.find(frame(image))
    assert [one.several for one in found] == [True, True]
    assert found[0].x_mm < found[1].x_mm


def test_sheen_does_not_split_a_part(finder):
    """Crumbs beside a part belong to it."""
    image = with_box(with_box(belt_picture(), 100, 100, 180, 148), 184, 110, 194, 120)
    (found,) = finder.find(frame(image))
    assert not found.several
    assert found.length_mm == pytest.approx(94 * SCALE, abs=8 * SCALE)


def test_a_frame_of_noise_is_not_trusted(finder):
    """A picture that is nothing but differences gives None, not hundreds of parts."""
    noise = np.random.default_rng(0).integers(0, 2, (HEIGHT // 4, WIDTH // 4, 1), dtype=np.uint8)
    image = np.repeat(np.kron(noise[:, :, 0], np.ones((4, 4), dtype=np.uint8))[:, :, None] * 200, 3, axis=2)
    assert finder.find(frame(image)) is None


def test_a_picture_that_stays_unlike_the_belt_ends_the_run(finder):
    """A light that was switched is said after a while, not sorted by."""
    with pytest.raises(CameraError, match="switch the light back"):
        for number in range(GIVE_UP_AFTER_FRAMES):
            assert finder.find(frame(belt_picture(light=100), number)) is None


def test_a_part_passing_while_the_belt_is_learned_leaves_no_ghost():
    """Learning starts again when something moves through."""
    finder = Finder(FinderSettings(mm_per_px=SCALE))
    for number in range(40):
        finder.find(frame(with_box(belt_picture(seed=number), number * 15, 100, number * 15 + 60, 160), number))
    for number in range(40, 40 + LEARN_FRAMES):
        finder.find(frame(belt_picture(seed=number), number))
    assert finder.find(frame(belt_picture(seed=99), 99)) == []


def test_a_belt_that_is_never_empty_at_start_is_an_error():
    """Rather than learn parts as background, the start is given up, saying what to do."""
    finder = Finder(FinderSettings(mm_per_px=SCALE))
    with pytest.raises(CameraError, match="stop feeding parts"):
        for number in range(GIVE_UP_LEARNING_AFTER_FRAMES + 1):
            finder.find(frame(with_box(belt_picture(), number * 40 % 400, 100, number * 40 % 400 + 60, 160), number))


@given(st.integers(0, 470), st.integers(0, 310), st.integers(1, 200), st.integers(1, 200), st.floats(1, 3))
def test_a_crop_is_square_and_inside_the_picture(left, top, width, height, margin):
    """However near the edge a part lies, its crop is a square of real pixels."""
    image = np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)
    box = (left, top, min(left + width, WIDTH), min(top + height, HEIGHT))
    side = crop_side(box, margin, WIDTH, HEIGHT)
    assert square_crop(image, box, side).shape == (side, side, 3)


def shaded(image, depth, softness_px):
    """Lay a round shadow of 40 pixels radius on a picture, darker by `depth` (0 to 1) in its middle."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    inside = np.clip((40 - np.hypot(x - 240, y - 160)) / softness_px + 0.5, 0, 1)
    return (image * (1 - depth * inside[:, :, None])).astype(np.uint8)


@pytest.mark.parametrize("depth", [0.1, 0.2, 0.3])
def test_a_soft_shadow_alone_is_no_part(finder, depth):
    """Where nothing begins abruptly nothing lies, however dark."""
    assert finder.find(frame(shaded(belt_picture(), depth, softness_px=40))) == []


def test_a_faint_body_is_a_part(finder):
    """What is as dark as a shadow but has an edge is a part."""
    (found,) = finder.find(frame(shaded(belt_picture(), 0.25, softness_px=3)))
    assert found.length_mm == pytest.approx(80 * SCALE, abs=8 * SCALE)
    assert found.outline.shape.solidity > 0.9


@pytest.mark.parametrize("angle", [-60, -30, 0, 30, 45, 60, 90])
def test_a_sighting_has_the_angle_of_its_part(finder, angle):
    """Clockwise in the picture, from the belt's direction."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] - np.array([160, 240])[:, None, None]
    turn = np.deg2rad(angle)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    image = belt_picture()
    image[(abs(along) < 50) & (abs(across) < 12)] = 90
    (found,) = finder.find(frame(image))
    assert abs((found.angle_deg - angle + 90) % 180 - 90) < 3
    assert found.outline.shape.long_mm == pytest.approx(np.hypot(100, 24) * SCALE, rel=0.06)


def test_a_blurred_part_has_a_lower_score(finder):
    """The blur score of a part smeared by ten pixels of motion is far below that of a sharp one."""
    sharp = with_box(belt_picture(), 200, 100, 260, 160)
    smeared = np.mean([np.roll(sharp, shift, axis=1) for shift in range(10)], axis=0).astype(np.uint8)
    found = [finder.find(frame(image))[0].sharpness for image in (sharp, smeared)]
    assert found[1] < found[0] / 2
