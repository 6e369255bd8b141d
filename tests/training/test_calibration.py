"""Scores against truth, ROC, doubts: from answers alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.answers import Answers, answers_to, network_scorer
from training.calibration import calibration
from training.dataset import Item
from training.doubts import doubts

LABELS = ("part_a", "part_b")


def answers(truth: list[int], positive: list[float]) -> Answers:
    """Answers with these scores of the first of two labels."""
    scores = np.array([[score, 1 - score] for score in positive], np.float32)
    return Answers(LABELS, np.array(truth, np.int64), scores)


def test_error_is_the_distance_between_score_and_share_right():
    """Ten answers of score 0.9, six of them right: 0.3 too sure."""
    found = calibration(answers([0] * 6 + [1] * 4, [0.9] * 10))

    assert found.ece == pytest.approx(0.3, abs=1e-6)
    assert found.overconfidence == pytest.approx(0.3, abs=1e-6)
    (only,) = found.bins
    assert (only.low, only.high, only.pictures, only.share_right) == (0.8, 0.9, 10, 0.6)


def test_bins_are_weighed_by_their_pictures():
    """Eight perfect answers of score 1 and two wrong ones of score 0.6: 0.2 times 0.6."""
    found = calibration(answers([0] * 8 + [1] * 2, [1.0] * 8 + [0.6] * 2))

    assert found.ece == pytest.approx(0.12, abs=1e-6)
    assert [one.pictures for one in found.bins] == [2, 8]


def test_perfectly_calibrated_answers_have_no_error():
    """Nine of ten answers with score 0.9 are right."""
    assert calibration(answers([0] * 9 + [1], [0.9] * 10)).ece == pytest.approx(0, abs=1e-6)


def test_roc_orders_by_the_positive_score():
    """The area is the chance that a positive picture scores higher than a negative one: here 3 of 4."""
    pytest.importorskip("sklearn", reason="metrics need the desktop install")
    from training.two_classes import roc

    found = roc(answers([0, 0, 1, 1], [0.9, 0.4, 0.6, 0.1]))

    assert found is not None
    assert found.auc == 0.75
    assert found.true_positive_rate[-1] == found.false_positive_rate[-1] == 1


def test_no_roc_of_one_class():
    """Without negative pictures there are no false alarms to count."""
    pytest.importorskip("sklearn", reason="metrics need the desktop install")
    from training.two_classes import roc

    assert roc(answers([0, 0], [0.9, 0.4])) is None


def test_the_surest_contradiction_comes_first():
    """Only contradicted pictures are doubted, in the order in which somebody should look at them."""
    items = [Item(Path(f"/data/{n}.png"), f"{n}.png", LABELS[0], str(n), "") for n in range(4)]

    found = doubts(items, ["train", "test", "train", "validation"], answers([0] * 4, [0.9, 0.2, 0.01, 0.45]))

    assert [(one.picture, one.subset, one.answer) for one in found] == [
        ("2.png", "train", "part_b"), ("1.png", "test", "part_b"), ("3.png", "validation", "part_b"),
    ]  # fmt: skip
    assert found[0].score == pytest.approx(0.99)
    assert found[0].own_score == pytest.approx(0.01)


class _Network:
    """Stands for a Keras model with one sigmoid output: the mean brightness."""

    def predict(self, inputs, batch_size, verbose):
        return inputs.mean(axis=(1, 2, 3), keepdims=False)[:, np.newaxis] / 255


def test_one_sigmoid_is_the_score_of_the_second_label():
    """A binary network and a softmax of two give answers of one shape, however many pictures there are."""
    inputs = np.full((600, 4, 4, 1), 51, np.uint8)
    inputs[500:] = 204

    found = answers_to(inputs, np.zeros(600, np.int64), network_scorer(_Network()), LABELS)

    assert found.scores.shape == (600, 2)
    np.testing.assert_allclose(found.scores[[0, 599]], [[0.8, 0.2], [0.2, 0.8]], atol=1e-6)
    assert found.accuracy.right == 500
    assert found.of([0, 599]).answered.tolist() == [0, 1]
