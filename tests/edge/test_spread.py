"""Counts in steps say what the values themselves would, to within a step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.spread import BOUNDS_MS, Spread, SpreadCounter


def counted(values):
    counter = SpreadCounter()
    for value in values:
        counter.add(value)
    return counter.spread()


@given(st.lists(st.floats(0, 5000), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_right_to_within_a_step(values, share):
    """The true quantile and the one from the counts lie in the same step."""
    spread = counted(values)
    true_ms = float(np.quantile(values, share, method="inverted_cdf"))
    step = np.searchsorted(BOUNDS_MS, true_ms)
    lower_ms = BOUNDS_MS[step - 1] if step else 0.0
    upper_ms = BOUNDS_MS[step] if step < len(BOUNDS_MS) else max(values)
    assert lower_ms - 1e-9 <= spread.quantile_ms(share) <= upper_ms + 1e-9


def test_nothing_has_no_quantile():
    """No figure is made up."""
    assert Spread().quantile_ms(0.5) is None


def test_the_sum_and_the_most_are_exact():
    """They are kept beside the counts."""
    spread = counted([1.0, 2.5, 900.0])
    assert (spread.count, spread.most_ms, spread.sum_ms) == (3, 900.0, pytest.approx(903.5))
