"""The median of pictures, compared with NumPy's."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from edge.middle import middle


@given(st.integers(1, 5).flatmap(lambda half: arrays(np.uint8, (2 * half, 2, 3, 3))))
def test_the_middle_is_numpy_s_median_rounded_down(pictures):
    """Of any even number, whatever the order."""
    assert np.array_equal(middle(list(pictures)), np.median(pictures, axis=0).astype(np.uint8))
