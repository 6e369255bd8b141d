"""False alarms are as rare as stated, also where most values are the same; what has changed is found."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edge.drift_tests import chance_of_falling, chance_of_mix, chi_square_tail
from edge.exact_tests import chance_of_so_few

LABELS = [str(number) for number in range(6)]
SHARES = [0.3, 0.25, 0.2, 0.12, 0.1, 0.03]


@pytest.mark.parametrize(("value", "freedom", "chance"), [(3.841, 1, 0.05), (5.991, 2, 0.05), (16.812, 6, 0.01)])
def test_the_tail_of_chi_square_is_that_of_the_tables(value, freedom, chance):
    assert chi_square_tail(value, freedom) == pytest.approx(chance, rel=2e-3)


@pytest.mark.slow
def test_the_tail_of_chi_square_agrees_with_scipy():
    """Far out, too."""
    stats = pytest.importorskip("scipy.stats", reason="SciPy comes with the desktop install")
    for freedom in range(1, 16):
        for value in (0.0, 0.1, 1.0, 7.0, 40.0, 150.0):
            assert chi_square_tail(value, freedom) == pytest.approx(stats.chi2.sf(value, freedom), rel=1e-9)


def sure(rng, size):
    """Scores as a good classifier gives them: spread out below one."""
    return rng.beta(30, 1, size)


def saturated(rng, size):
    """Nineteen of twenty at the top of int8."""
    return np.where(rng.random(size) < 0.95, 0.996, np.minimum(rng.beta(20, 1, size), 0.97))


def constant(_rng, size):
    return np.full(size, 0.996)


def counts(rng, parts, shares=SHARES):
    return dict(zip(LABELS, rng.multinomial(parts, shares).tolist(), strict=True))


def values(rng, mix, draw):
    return {label: draw(rng, count).tolist() for label, count in mix.items()}


def at_most(hits, trials, level):
    """So many hits are no surprise at this level: one such test in a thousand would fail by chance."""
    return 1 - chance_of_so_few(hits - 1, trials, level) > 0.001 if hits else True


def mix_alarms(rng, trials, level):
    return sum(chance_of_mix(counts(rng, 500), counts(rng, 200)) < level for _ in range(trials))


def fall_alarms(rng, trials, level, draw):
    return sum(
        chance_of_falling(values(rng, counts(rng, 500), draw), values(rng, counts(rng, 200), draw)) < level
        for _ in range(trials)
    )


def test_an_unchanged_mix_alarms_no_more_often_than_stated():
    hits = mix_alarms(np.random.default_rng(1), 2000, 0.01)
    assert at_most(hits, 2000, 0.01), hits
    assert hits > 0, "or it would find nothing"


@pytest.mark.parametrize("draw", [sure, saturated, constant])
def test_unchanged_values_alarm_no_more_often_than_stated(draw):
    assert at_most(fall_alarms(np.random.default_rng(2), 60, 0.05, draw), 60, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("draw", [sure, saturated, constant])
def test_many_windows_alarm_no_more_often_than_stated(draw):
    """Also when the mix changes meanwhile."""
    rng = np.random.default_rng(3)
    assert at_most(fall_alarms(rng, 2000, 0.002, draw), 2000, 0.002)
    other = list(reversed(SHARES))
    for _ in range(100):
        now = values(rng, counts(rng, 200, other), draw)
        assert chance_of_falling(values(rng, counts(rng, 500), draw), now) > 1e-4


@pytest.mark.slow
def test_a_mix_alarms_as_rarely_as_stated_far_out():
    """At 0.001 over two hundred thousand windows, rare classes among them: within a third of what is stated."""
    hits = mix_alarms(np.random.default_rng(4), 200_000, 0.001)
    assert hits <= 200 * 1.33, hits


@pytest.mark.parametrize("draw", [sure, saturated])
def test_scores_that_fall_are_found(draw):
    """In one window of two hundred, at the level of the default settings, each of twenty times."""
    rng = np.random.default_rng(5)
    for _ in range(20):
        now = {label: (np.array(found) - 0.05).tolist() for label, found in values(rng, counts(rng, 200), draw).items()}
        assert chance_of_falling(values(rng, counts(rng, 500), draw), now) < 200 / 1e6 / 3


def test_scores_that_rise_are_no_drift():
    rng = np.random.default_rng(6)
    now = {label: (np.array(found) + 0.2).tolist() for label, found in values(rng, counts(rng, 200), sure).items()}
    assert chance_of_falling(values(rng, counts(rng, 500), sure), now) == 1.0


def test_a_class_that_vanishes_is_found():
    """One of six with a fifth of the parts or more, in one window of two hundred, each of twenty times."""
    rng = np.random.default_rng(7)
    for vanished in range(3):
        left = [share * (index != vanished) for index, share in enumerate(SHARES)]
        shares = [share / math.fsum(left) for share in left]
        found = sum(chance_of_mix(counts(rng, 500), counts(rng, 200, shares)) < 200 / 1e6 / 3 for _ in range(20))
        assert found == 20, vanished


def test_nothing_learnt_or_nothing_seen_tells_nothing():
    assert chance_of_mix({}, {"a": 5}) == chance_of_mix({"a": 5}, {}) == chance_of_mix({"a": 50}, {"a": 9}) == 1.0
    assert chance_of_falling({}, {"a": [0.1]}) == chance_of_falling({"a": [0.9]}, {"a": []}) == 1.0


def test_a_part_of_a_new_class_is_another_mix():
    assert chance_of_mix({"a": 500}, {"a": 100, "(unknown)": 100}) < 1e-9
