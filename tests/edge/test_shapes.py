"""What an outline says: angle, size, solidity, and whether it may be two parts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.shapes import MOST_CELLS, Outline, filled, hull, measure, polygon_area, waisted, without_specks
from edge.sharpness import sharpness


def bar(angle_deg, long_px=40, wide_px=10, side=64, at=(0.0, 0.0)):
    """A bar of this direction, (side, side) bool."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    x, y = x - at[0], y - at[1]
    turn = math.radians(angle_deg)
    along, across = x * math.cos(turn) + y * math.sin(turn), y * math.cos(turn) - x * math.sin(turn)
    return (abs(along) <= long_px / 2) & (abs(across) <= wide_px / 2)


def disc(radius_px, at=(0.0, 0.0), side=64):
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.hypot(x - at[0], y - at[1]) <= radius_px


@given(st.floats(-89.9, 90.0))
def test_the_angle_is_that_of_the_longer_axis(angle):
    """To within two degrees, whichever way the part lies; a half turn makes no difference."""
    found = measure(bar(angle), 0.5).angle_deg
    assert -90 < found <= 90
    assert abs((found - angle + 90) % 180 - 90) < 2


@given(st.floats(0, 180), st.floats(0.1, 2.0))
def test_the_longest_extent_and_the_area_are_in_millimetres(angle, cell_mm):
    """A bar of 40 x 10 cells measures the same whichever way it lies."""
    shape = measure(bar(angle), cell_mm)
    assert shape.long_mm == pytest.approx(math.hypot(40, 10) * cell_mm, rel=0.06)
    assert shape.area_mm2 == pytest.approx(400 * cell_mm**2, rel=0.15)
    assert shape.solidity > 0.85
    assert not shape.waisted


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(2, 20), st.integers(2, 20), st.floats(0.02, 1))
def test_the_hull_is_scipy_s(seed, height, width, share):
    """The same area as scipy.spatial.ConvexHull over the corners of all set cells."""
    spatial = pytest.importorskip("scipy.spatial", reason="SciPy comes with the desktop install")
    mask = np.random.default_rng(seed).random((height, width)) < share
    mask[0, 0] = True
    y, x = np.nonzero(mask)
    corners = np.concatenate([np.c_[x + dx, y + dy] for dx in (0, 1) for dy in (0, 1)])
    assert polygon_area(hull(mask)) == pytest.approx(spatial.ConvexHull(corners).volume)


def test_holes_are_filled_and_specks_dropped():
    ring = disc(20) & ~disc(14)
    assert filled(ring)[32, 32]
    speck = ring.copy()
    speck[2, 2] = True
    assert not without_specks(speck)[2, 2]
    assert (without_specks(speck) == ring).all()


def test_an_empty_mask_has_no_shape():
    assert measure(np.zeros((5, 7), dtype=bool), 1.0) is None
    assert Outline(np.zeros((5, 7), dtype=bool), 1.0).shape is None


@given(st.floats(12, 18), st.floats(12, 18), st.floats(0, 2 * math.pi), st.floats(-2.0, 0.0))
def test_two_round_parts_that_touch_have_a_waist(one, other, direction, overlap):
    """Whichever way they lie, though a shadow of two cells joins them."""
    apart = one + other - overlap
    at = (apart / 2 * math.cos(direction), apart / 2 * math.sin(direction))
    both = disc(one, at, 96) | disc(other, (-at[0], -at[1]), 96)
    assert waisted(filled(both))


@pytest.mark.parametrize("angle", range(0, 180, 15))
@pytest.mark.parametrize("single", ["bar", "ring", "screw", "l"])
def test_single_parts_have_no_waist(single, angle):
    """Neither bars, rings, screws nor brackets are taken for two."""
    shapes = {
        "bar": bar(angle, 50, 8),
        "ring": disc(20) & ~disc(9),
        "screw": bar(angle, 44, 6) | disc(8, (20 * math.cos(math.radians(angle)), 20 * math.sin(math.radians(angle)))),
        "l": bar(angle, 40, 9) | bar(angle + 90, 40, 9, at=(15 * math.cos(math.radians(angle)), 15 * math.sin(0))),
    }
    assert not waisted(filled(shapes[single]))


def test_a_large_mask_is_measured_as_a_coarse_one():
    """Time does not grow with the part."""
    large = np.kron(bar(30), np.ones((8, 8), dtype=bool))
    assert max(large.shape) > 4 * MOST_CELLS
    assert measure(large, 0.5 / 8).long_mm == pytest.approx(measure(bar(30), 0.5).long_mm, rel=0.05)


def test_blur_lowers_the_sharpness_and_light_does_not():
    """More blur, lower score; half the light or half the contrast, nearly the same score."""
    rng = np.random.default_rng(0)
    sharp = np.repeat((rng.random((60, 60, 1)) * 200).astype(np.uint8), 3, axis=2)
    scores = [sharpness(sharp)]
    blurred = sharp.astype(float)
    for _ in range(3):
        blurred = (blurred + np.roll(blurred, 1, axis=1) + np.roll(blurred, -1, axis=1)) / 3
        scores.append(sharpness(blurred.astype(np.uint8)))
    assert scores == sorted(scores, reverse=True)
    assert sharpness(sharp // 2 + 60) == pytest.approx(scores[0], rel=0.05)
    assert sharpness(np.full((9, 9, 3), 80, dtype=np.uint8)) == 0.0
    assert sharpness(sharp[:2]) == 0.0
