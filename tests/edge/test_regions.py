"""Connected regions, compared with SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.regions import MAX_RUNS_PER_ROW, Region, regions


@given(arrays(bool, st.tuples(st.integers(1, 14), st.integers(1, 18))))
def test_regions_are_the_8_connected_ones(mask):
    """Boxes and areas are those of scipy.ndimage with a full 3x3 neighbourhood."""
    ndimage = pytest.importorskip("scipy.ndimage", reason="SciPy comes with the desktop install")
    names, _ = ndimage.label(mask, structure=np.ones((3, 3)))
    expected = [
        Region(columns.start, rows.start, columns.stop, rows.stop, int((names == number).sum()))
        for number, (rows, columns) in enumerate(ndimage.find_objects(names), start=1)
    ]
    assert sorted(regions(mask), key=repr) == sorted(expected, key=repr)


def test_regions_come_from_left_to_right():
    """The order is that of the belt."""
    mask = np.zeros((6, 12), dtype=bool)
    mask[1, 8], mask[4, 1], mask[2, 5] = True, True, True
    assert [region.left for region in regions(mask)] == [1, 5, 8]


def test_noise_is_no_picture():
    """A mask with more runs than parts could have is refused rather than worked through."""
    mask = np.indices((200, 200)).sum(axis=0) % 2 == 0
    assert mask.sum() > MAX_RUNS_PER_ROW * len(mask)
    assert regions(mask) is None


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_the_gap_is_symmetric_and_zero_for_boxes_that_touch(left, top, width, height):
    """gap() counts the free cells between two boxes, whichever is asked."""
    one, other = Region(left, top, left + width + 1, top + height + 1, 1), Region(20, 0, 22, 30, 1)
    assert one.gap(other) == other.gap(one) == 20 - one.right
