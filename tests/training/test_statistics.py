"""Intervals, against published values and an independent implementation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.statistics import resampled_mean


def test_corrected_test_by_hand():
    """0.02, 0.04, 0.06 and half as many test as training pictures: t^2 = 0.04^2 / (0.02^2 (1/3 + 1/2)) = 4.8.

    With two degrees of freedom p is 1 - t / sqrt(t^2 + 2), and 4.302653 standard errors make the interval.
    """
    found = resampled_mean([0.02, 0.04, 0.06], 0.5)

    assert found.deviation == pytest.approx(0.02)
    assert found.p == pytest.approx(1 - (4.8 / 6.8) ** 0.5)
    reach = 4.302653 * 0.02 * (1 / 3 + 1 / 2) ** 0.5
    assert found.interval == pytest.approx((0.04 - reach, 0.04 + reach))


def test_corrected_test_gives_scikit_learns_published_example():
    """Its user guide compares two support vector machines over 10 x 10 folds: corrected t 0.750, one-sided p 0.227.

    The ordinary test, which takes the folds for independent, has t 2.611, p 0.005 there.
    """
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn comes with the desktop install")
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    pictures, truth = datasets.make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel, random_state=0), pictures, truth, cv=folds, scoring="roc_auc")
        for kernel in ("rbf", "linear")
    )

    corrected = resampled_mean((rbf - linear).tolist(), 10 / 90)
    ordinary = resampled_mean((rbf - linear).tolist(), 0)

    assert corrected.p == pytest.approx(2 * 0.227, abs=1e-3)
    assert ordinary.p == pytest.approx(2 * 0.005, abs=1e-3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.floats(0, 2))
def test_the_correction_never_makes_a_difference_surer(values, ratio):
    """A larger test share means more overlap between the splits: p grows, the interval gets wider."""
    plain, corrected = resampled_mean(values, 0), resampled_mean(values, ratio)

    if plain.interval is None or plain.p is None:
        assert corrected == plain
    else:
        assert corrected.p >= plain.p
        assert corrected.interval[0] <= plain.interval[0] <= plain.mean <= plain.interval[1] <= corrected.interval[1]


@pytest.mark.parametrize(("values", "deviation", "p"), [([0.3], None, None), ([0.1, 0.1], 0.0, None), ([0, 0], 0.0, 1)])
def test_without_a_spread_nothing_is_claimed(values, deviation, p):
    """One run has no spread; equal ones tell of none, and no difference at all is no difference."""
    found = resampled_mean(values, 0.2)

    assert (found.mean, found.deviation, found.interval, found.p) == (values[0], deviation, None, p)
