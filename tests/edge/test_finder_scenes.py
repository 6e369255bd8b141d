"""Finding on generated scenes: a belt with texture, parts of all classes in any pose, their shadows."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.emulated_belt import _BeltPicture
from edge.finder import Finder, FinderSettings
from edge.parts import Frame
from edge.render import PART_LABELS, paste_sprite, render_sprite
from edge.sizes import LEARN_PARTS, SizeBook

SCALE, WIDTH, HEIGHT = 0.33, 480, 320


@cache
def belt(seed):
    """A belt and a finder that knows it. The belt is never empty and quiet in these scenes, so it learns no more."""
    picture, finder = _BeltPicture(WIDTH, HEIGHT, seed, tiles=False), Finder(FinderSettings(mm_per_px=SCALE))
    for number in range(20):
        finder.find(Frame(picture.ground(37.0 * number), 0.1 * number, number))
    assert finder.ready
    return picture, finder


def found_with(seed, *placed):
    """Find what lies on the belt: each placed part is (sprite, x_mm, y_mm) from the picture's middle."""
    picture, finder = belt(seed % 3)
    image = picture.ground(float(seed % 1000))
    for sprite, x_mm, y_mm in placed:
        paste_sprite(image, sprite, WIDTH / 2 + x_mm / SCALE, HEIGHT / 2 + y_mm / SCALE)
    return finder.find(Frame(image, 0.0, 0))


def sprite(label, seed):
    return render_sprite(label, np.random.default_rng(seed), 1 / SCALE)


def pair(seed, gap_mm):
    """Their labels, and what is found of two parts one behind the other with so much belt between them."""
    rng = np.random.default_rng(seed)
    labels = [PART_LABELS[rng.integers(7)] for _ in range(2)]
    one, other = (render_sprite(label, rng, 1 / SCALE) for label in labels)
    apart = one.length_mm / 2 + other.length_mm / 2 + gap_mm
    return labels, found_with(seed, (one, -apart / 2, rng.uniform(-8, 8)), (other, apart / 2, rng.uniform(-8, 8)))


@settings(max_examples=30)
@given(st.sampled_from(PART_LABELS), st.integers(0, 10**6), st.floats(-35, 35), st.floats(-20, 20))
def test_a_lone_part_is_found_once_where_it_lies(label, seed, x_mm, y_mm):
    """Any class, any pose, any place: one sighting, off the body's middle by half a shadow (9 mm) at most."""
    part = sprite(label, seed)
    (found,) = found_with(seed, (part, x_mm, y_mm))
    assert not found.several
    assert abs(found.x_mm - x_mm) < 4.5
    assert abs(found.y_mm - y_mm) < 4.5
    assert part.length_mm - 2 < found.length_mm < part.length_mm + 9


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(16, 25))
def test_parts_with_free_belt_between_them_are_two(seed, gap_mm):
    """Beyond the reach of shadows each is found by itself."""
    _, found = pair(seed, gap_mm)
    assert len(found) == 2
    assert not any(one.several or one.outline.shape.waisted for one in found)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.floats(0, 3000))
def test_the_belt_s_texture_is_no_part(seed, travelled_px):
    """Grain and weave move with the belt and stay below the contrast."""
    picture, finder = belt(seed % 3)
    assert finder.find(Frame(picture.ground(travelled_px), 0.0, 0)) == []


def test_lone_parts_are_not_doubted_for_their_shape():
    """Of 70 lone parts of all classes at most one seems to have a waist."""
    found = [found_with(seed, (sprite(PART_LABELS[seed % 7], seed), 0, 0))[0] for seed in range(70)]
    assert sum(one.outline.shape.waisted for one in found) <= 1


@cache
def book():
    """What 31 lone parts of every class measure."""
    sizes = SizeBook()
    for label in PART_LABELS:
        for seed in range(LEARN_PARTS + 1):
            sizes.note(label, found_with(seed, (sprite(label, seed), 0, 0))[0].outline.shape)
    return sizes


@pytest.mark.parametrize(
    ("gap_mm", "by_shape", "with_sizes"), [pytest.param(0.5, 20, 38, marks=pytest.mark.slow), (3.0, 32, 39)]
)
def test_parts_that_touch_or_share_a_shadow_are_known_for_two(gap_mm, by_shape, with_sizes):
    """Of 40 pairs so many are told apart or doubted, whichever of its two labels the model gives."""
    known, known_by_size = 0, 0
    for seed in range(40):
        labels, found = pair(seed, gap_mm)
        shape = found[0].outline.shape
        told = len(found) > 1 or found[0].several or shape.waisted
        known += told
        known_by_size += told or all(book().odd(label, shape) for label in labels)
    assert known >= by_shape
    assert known_by_size >= with_sizes
