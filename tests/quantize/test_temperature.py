"""Temperature: scores are softened until they mean what they say, and answers stay what they were."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.classifier import BELOW_ONE, tempered
from quantize.temperature import LEAST, MOST, done_by, fit_temperature, with_temperature
from training.answers import Answers
from training.calibration import calibration

LABELS = ("bolt", "nut", "screw")


def boastful(sharpness: float, pictures: int = 4000) -> Answers:
    """Answers whose logits are `sharpness` times too large: the truth is drawn from the honest scores."""
    random = np.random.default_rng(5)
    logits = random.normal(0, 1.5, (pictures, len(LABELS)))
    honest = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = np.array([random.choice(len(LABELS), p=row) for row in honest])
    said = np.exp(sharpness * logits)
    return Answers(LABELS, truth, (said / said.sum(axis=1, keepdims=True)).astype(np.float32))


@pytest.mark.parametrize("sharpness", [0.8, 1.0, 2.5])
def test_the_temperature_undoes_the_boasting(sharpness):
    """It is the factor by which the logits were too large, and the calibration error falls to the noise."""
    answers = boastful(sharpness)

    temperature = fit_temperature(answers)

    assert temperature == pytest.approx(sharpness, rel=0.12)  # half a step for 0 takes the edge off the sharpest
    assert calibration(with_temperature(answers, temperature)).ece < 0.03


def test_a_few_right_answers_do_not_make_it_sure_of_everything():
    """Nothing wrong to learn from: the temperature stays within its bounds."""
    scores = np.array([[0.9, 0.05, 0.05]] * 5, np.float32)

    assert fit_temperature(Answers(LABELS, np.zeros(5, int), scores)) == pytest.approx(LEAST, rel=0.02)


@given(st.lists(st.integers(0, 256), min_size=3, max_size=3).filter(sum), st.floats(LEAST, MOST))
def test_the_order_of_scores_stays(steps, temperature):
    """Softening never changes an answer; scores stay shares, and none is ever 1."""
    scores = np.array(steps, np.float32) / sum(steps)

    softened = tempered(scores, temperature)

    assert softened.dtype == np.float32
    assert softened.argmax() == np.maximum(scores, 1 / 512).argmax()
    assert (np.diff(softened[np.argsort(scores, kind="stable")]) >= -1e-6).all()
    assert softened.sum() == pytest.approx(1, abs=2e-4)
    assert softened.max() <= BELOW_ONE


def test_temperature_1_changes_nothing():
    """A bundle of before temperatures answers as before."""
    scores = np.array([0.99609375, 0.0, 0.00390625], np.float32)

    assert tempered(scores, 1.0) is scores


@pytest.mark.parametrize(("temperature", "word"), [(0.7, "sharpened"), (1.0, "unchanged"), (1.3, "softened")])
def test_what_a_temperature_does_is_said_by_its_name(temperature, word):
    """Below 1 scores are sharpened, not softened."""
    assert done_by(temperature) == word
