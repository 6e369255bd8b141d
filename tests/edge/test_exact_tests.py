"""Exact tests of counts, against values worked out by hand and an independent implementation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.exact_tests import chance_of_so_few, chance_of_so_many, mcnemar


@pytest.mark.parametrize(("first", "second", "p"), [(0, 0, 1.0), (5, 5, 1.0), (1, 6, 0.125), (10, 2, 79 / 2048)])
def test_mcnemar_gives_the_binomial_tail_twice(first, second, p):
    """Two-sided exact: twice the smaller tail of a fair coin, never above one."""
    assert mcnemar(first, second) == pytest.approx(p)
    assert mcnemar(second, first) == pytest.approx(p)


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_agrees_with_scipy(first, second):
    """SciPy's exact binomial test gives the same p-value."""
    stats = pytest.importorskip("scipy.stats", reason="SciPy comes with the desktop install")
    if first + second:
        expected = stats.binomtest(first, first + second, 0.5).pvalue
        assert mcnemar(first, second) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("first", "second", "chance"), [(0, 0, 1.0), (5, 0, 1 / 32), (4, 1, 6 / 32), (0, 5, 1.0)])
def test_chance_of_so_many_is_one_tail_of_a_fair_coin(first, second, chance):
    """Five of five heads: one in thirty-two."""
    assert chance_of_so_many(first, second) == pytest.approx(chance)


def test_ten_thousand_pictures_neither_overflow_nor_round_to_nothing():
    """What differs on thousands of pictures is still a number."""
    assert 0 < chance_of_so_many(5200, 4800) < 1e-4
    assert mcnemar(5000, 5000) == 1.0


@pytest.mark.parametrize(
    ("right", "total", "share", "chance"),
    [(0, 1, 0.9, 0.1), (1, 2, 0.5, 0.75), (9, 10, 0.9, 0.6513215599), (0, 0, 0.9, 1.0), (3, 4, 1.0, 0.0), (4, 4, 1, 1)],
)
def test_chance_of_so_few_is_the_binomial_tail(right, total, share, chance):
    """1 - 0.9^10 = 0.6513 for at most nine of ten."""
    assert chance_of_so_few(right, total, share) == pytest.approx(chance)


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.001, 0.999))
def test_chance_of_so_few_agrees_with_scipy(right, wrong, share):
    """Also where the chance is tiny."""
    stats = pytest.importorskip("scipy.stats", reason="SciPy comes with the desktop install")
    expected = stats.binom.cdf(right, right + wrong, share)
    assert chance_of_so_few(right, right + wrong, share) == pytest.approx(expected, rel=1e-6, abs=1e-300)
