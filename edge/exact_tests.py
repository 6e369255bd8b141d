"""Exact tests of counts, in whole numbers and without a library that a Pi need not have."""

from __future__ import annotations

import math


def mcnemar(only_first_right: int, only_second_right: int) -> float:
    """Return the exact two-sided p-value that two models tested on the same pictures are equally good.

    Only the pictures on which exactly one of them is right say anything about that (McNemar 1947, in its exact form: a
    fair coin for each of them).
    """
    fewer, differing = min(only_first_right, only_second_right), only_first_right + only_second_right
    return min(1.0, 2 * _fair_tail(fewer, differing))


def chance_of_so_many(first: int, second: int) -> float:
    """Return how likely `first` or more of `first + second` are the first's when a fair coin decides: one-sided."""
    return _fair_tail(second, first + second)


def chance_of_so_few(right: int, total: int, share: float) -> float:
    """Return how likely at most `right` of `total` are when each is with probability `share`; 1 when total is 0."""
    if right >= total or share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    log_share, log_rest = math.log(share), math.log1p(-share)
    terms = (
        math.exp(_log_choices(total, count) + count * log_share + (total - count) * log_rest)
        for count in range(right + 1)
    )
    return min(1.0, math.fsum(terms))


def _fair_tail(most: int, tosses: int) -> float:
    """Return how likely at most `most` heads are in so many tosses."""
    ways = total = 1
    for heads in range(1, most + 1):
        ways = ways * (tosses - heads + 1) // heads
        total += ways
    quotient: float = total / (1 << tosses)  # whole numbers of any size: it is rounded once
    return quotient


def _log_choices(total: int, chosen: int) -> float:
    return math.lgamma(total + 1) - math.lgamma(chosen + 1) - math.lgamma(total - chosen + 1)
