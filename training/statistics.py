"""What a few trainings that differ say of what they have in common."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from edge.extras import need


@dataclass(frozen=True)
class ResampledMean:
    """The mean of a figure over runs on repeated random splits, and how far it can be trusted.

    deviation: standard deviation of the runs; None for a single one. interval: 95 % interval of the mean; None where
    the runs do not differ, since equal figures tell nothing about their spread. p: two-sided p-value that the true
    mean is zero; None where that cannot be said.
    """

    runs: int
    mean: float
    deviation: float | None
    interval: tuple[float, float] | None
    p: float | None


def resampled_mean(values: Sequence[float], test_to_train: float) -> ResampledMean:
    """Judge the mean of `values` (at least one), each from another random split of the same pictures.

    Such runs share most of their pictures, so they are not independent, and the ordinary t-test finds differences
    that are not there. The corrected resampled t-test takes s^2 (1/J + n_test/n_train) for the variance of the mean
    of J runs instead of s^2/J, with J - 1 degrees of freedom.
    Source: Nadeau and Bengio (2003), Inference for the Generalization Error, Machine Learning 52, section 3 and
    table 1, "corrected resampled t"; for the paired test the values are the differences of two learners.

    test_to_train: n_test / n_train; 0 gives the ordinary t-test, for runs that are independent.
    """
    count, mean = len(values), statistics.fmean(values)
    if count < 2:
        return ResampledMean(count, mean, None, None, None)
    deviation = statistics.stdev(values)
    if deviation <= 1e-12:  # equal but for rounding
        return ResampledMean(count, mean, 0.0, None, 1.0 if abs(mean) <= 1e-12 else None)
    error = deviation * math.sqrt(1 / count + test_to_train)
    student = need("scipy.stats", "desktop", "comparing runs").t(count - 1)
    reach = float(student.ppf(0.975)) * error
    p = 2 * float(student.sf(abs(mean) / error))
    return ResampledMean(count, mean, deviation, (mean - reach, mean + reach), p)
