"""Purity and recovery over all thresholds are what counting at each threshold gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize.sweep import sweep
from quantize.thresholds import count_bin
from training.answers import Answers

LABELS = ("bolt", "nut")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 16)), min_size=1, max_size=40))
def test_every_point_is_a_count(rows):
    """At each score, ties among them, as at no answer at all."""
    scores = np.array([[step / 16, 1 - step / 16] for _, step in rows], np.float32)
    answers = Answers(LABELS, np.array([int(other) for other, _ in rows]), scores)

    swept = sweep(answers, "bolt", 0.5)

    assert (swept.scores[0], swept.scores[-1]) == (0.0, 1.0)
    for score, purity, recovery in zip(swept.scores, swept.purity, swept.recovery, strict=True):
        counted = count_bin(answers, "bolt", float(score))
        assert recovery == pytest.approx(counted.recovery.value or 0.0)
        assert purity == pytest.approx(np.nan if counted.purity.value is None else counted.purity.value, nan_ok=True)
