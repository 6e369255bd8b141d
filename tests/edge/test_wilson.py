"""Wilson's interval, against published values and an independent implementation."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.wilson import Share, pictures_to_show, wilson


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(8, 10, 0.4902, 0.9433), (0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_gives_the_textbook_intervals(right, total, low, high):
    """Newcombe (1998) prints 81 of 263 as 0.2553 to 0.3662; the others follow from the formula by hand."""
    assert wilson(right, total) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 500), st.integers(0, 500))
def test_an_interval_holds_its_share_and_stays_a_share(right, wrong):
    """Whatever was counted, 0 <= low <= share <= high <= 1."""
    share = Share(right, right + wrong)
    low, high = share.interval

    assert 0 <= low <= high <= 1
    if share.value is not None:
        assert low - 1e-12 <= share.value <= high + 1e-12
        assert (low == 0, high == 1) == (right == 0, wrong == 0)


@pytest.mark.slow
@settings(max_examples=30)
@given(st.integers(0, 500), st.integers(0, 500))
def test_the_interval_is_scipys(right, wrong):
    """Which a Pi need not have; exactly 0 and 1 at the ends, there as here."""
    stats = pytest.importorskip("scipy.stats", reason="SciPy comes with the desktop install")
    total = right + wrong
    if total:
        theirs = stats.binomtest(right, total, 0.5).proportion_ci(confidence_level=0.95, method="wilson")
        assert wilson(right, total) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_nothing_counted_says_nothing():
    """Without a picture there is no share and the interval is everything."""
    assert Share(0, 0).value is None
    assert Share(0, 0).interval == (0.0, 1.0)


def test_pictures_to_show_is_the_first_count_that_shows_it():
    """One picture fewer leaves the lower bound below the purity asked for."""
    needed = pictures_to_show(0.99)

    assert wilson(needed, needed)[0] >= 0.99 > wilson(needed - 1, needed - 1)[0]
