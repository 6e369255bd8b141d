"""The number of calibration pictures: doubled until it changes nothing."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from PIL import Image

from edge.preprocess import InputSpec
from quantize.calibrate import BLACK_AND_WHITE
from quantize.stability import converted_stably
from training.dataset import Item

SPEC = InputSpec(width_px=8, height_px=8)
PROBES = np.zeros((4, *SPEC.shape), np.uint8)


class Pretend:
    """An integer model whose scores depend on how many pictures it was calibrated with."""

    def __init__(self, score: float) -> None:
        self.classifier = self
        self.score = score

    def scores_of_input(self, _pixels):
        return np.array([self.score, 1 - self.score], np.float32)


@pytest.fixture
def items(tmp_path):
    path = tmp_path / "p.png"
    Image.new("RGB", (8, 8)).save(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return [Item(path, f"{number}.png", "bolt", str(number), digest) for number in range(130)]


def run(items, score_of, count=None):
    asked = []

    def make(inputs):
        asked.append(len(inputs) - BLACK_AND_WHITE)
        return Pretend(score_of(asked[-1]))

    return converted_stably(make, items, PROBES, SPEC, count), asked


def test_it_stops_when_doubling_changes_nothing(items):
    """Settled at 50: 100 are looked at, and kept; more are not."""
    found, asked = run(items, lambda pictures: 0.9 if pictures >= 50 else 0.7)

    assert asked == [25, 50, 100]
    assert len(found.chosen) == 100
    assert [step.stable for step in found.steps] == [False, False, True]


def test_a_changed_answer_is_not_stable_however_little_scores_move(items):
    """0.501 and 0.499 are two answers."""
    _, asked = run(items, lambda pictures: 0.499 if pictures == 50 else 0.501)

    assert asked == [25, 50, 100, 130]


def test_few_pictures_are_all_used(items):
    """There is nothing to double."""
    found, asked = run(items[:7], lambda _pictures: 0.9)

    assert asked == [7]
    assert len(found.chosen) == 7


def test_a_number_that_was_asked_for_is_used(items):
    """Without looking for a better one."""
    found, asked = run(items, lambda _pictures: 0.9, count=60)

    assert (asked, found.steps) == ([60], ())
    assert len(found.inputs) == 60 + BLACK_AND_WHITE
