"""Intervals and the paired test, against published values and an independent implementation."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.statistics import Share, chance_of_so_few, mcnemar, pictures_to_show, wilson


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


def test_nothing_counted_says_nothing():
    """Without a picture there is no share and the interval is everything."""
    assert Share(0, 0).value is None
    assert Share(0, 0).interval == (0.0, 1.0)


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (1, 6, 0.125), (10, 2, 79 / 2048)])
def test_mcnemar_gives_the_binomial_tail_twice(first, second, p):
    """Two-sided exact: twice the smaller tail of a fair coin, never above one."""
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(second, first) == pytest.approx(p)


@settings(deadline=None)  # the first example imports SciPy
@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_agrees_with_scipy(first, second):
    """SciPy's exact binomial test gives the same p-value."""
    stats = pytest.importorskip("scipy.stats", reason="SciPy comes with the desktop install")
    if first + second:
        expected = stats.binomtest(first, first + second, 0.5).pvalue
        assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


def test_pictures_to_show_is_the_first_count_that_shows_it():
    """One picture fewer leaves the lower bound below the purity asked for."""
    needed = pictures_to_show(0.99)

    assert wilson(needed, needed)[0] >= 0.99 > wilson(needed - 1, needed - 1)[0]


@pytest.mark.parametrize(
    ("right", "total", "share", "chance"),
    [(0, 1, 0.9, 0.1), (1, 2, 0.5, 0.75), (9, 10, 0.9, 0.6513215599), (0, 0, 0.9, 1.0)],
)
def test_chance_of_so_few_is_the_binomial_tail(right, total, share, chance):
    """1 - 0.9^10 = 0.6513 for at most nine of ten."""
    assert chance_of_so_few(right, total, share) == pytest.approx(chance)
