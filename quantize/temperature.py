"""How much the integer model's scores must be softened, or sharpened, until they mean what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edge.classifier import tempered
from edge.extras import need
from training.answers import Answers

LEAST, MOST = 0.5, 8.0  # a few dozen pictures, all answered right, would else ask for scores of 1


def fit_temperature(validation: Answers, spread: float = 1.0) -> float:
    """Return the temperature with the least negative log likelihood on these answers, LEAST to MOST, three digits.

    spread: what the scores were spread by; both ends move with it.

    Guo et al., "On Calibration of Modern Neural Networks" (2017), section 4.2.
    """
    optimize = need("scipy.optimize", "desktop", "choosing a temperature")
    found = optimize.minimize_scalar(
        lambda log_temperature: _loss(validation, float(np.exp(log_temperature))),
        bounds=(np.log(LEAST / spread), np.log(MOST / spread)),
        method="bounded",
    )
    return round(float(np.exp(found.x)), 3)


def with_temperature(answers: Answers, temperature: float) -> Answers:
    """Return the answers with the scores that the device compares with its thresholds."""
    return replace(answers, scores=tempered(answers.scores, temperature))


def done_by(temperature: float) -> str:
    """Say in a word what this temperature does to scores."""
    if temperature == 1:
        return "unchanged"
    return "softened" if temperature > 1 else "sharpened"


def _loss(answers: Answers, temperature: float) -> float:
    scores = tempered(answers.scores, temperature).astype(np.float64)
    return float(-np.log(np.maximum(scores[np.arange(len(answers.truth)), answers.truth], 1e-12)).mean())
