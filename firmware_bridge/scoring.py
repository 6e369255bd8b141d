"""From the outputs of the network to label, score and reject, as edge.classifier and edge.decide would have it.

Scores are whole numbers of 1/65536. Where one output decides, the table holds what the Python code answers to each of
its 256 values, so both agree exactly; shares of several outputs are rounded to 16 bits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.bundle_facts import BundleFacts
from edge.classifier import BELOW_ONE, probabilities, tempered
from edge.interpreter import TensorSpec, real_values

UNIT = 65536
NEVER = UNIT  # no score reaches it
_MOST = UNIT - 1
_LEAST_SCORE = 1 / 512


@dataclass(frozen=True)
class Scoring:
    """scores: 256 numbers of 16 bits. kind: what they are asked with.

    each: the best output. single: the one output there is, for the second of two labels. shares: every output, for its
    part of their sum. distances: how far an output lies below the best one. least: the lowest score at which a part of
    each label is not rejected, NEVER where there is none.
    """

    kind: Literal["each", "single", "shares", "distances"]
    scores: tuple[int, ...]
    least: tuple[int, ...]


def make_scoring(facts: BundleFacts, output: TensorSpec) -> Scoring:
    """Return how the outputs of a bundle's model are read. output: the output tensor, int8 or uint8."""
    wanted = [max(facts.thresholds[label].min_score, facts.unknown.min_score) for label in facts.labels]
    lowest = np.iinfo(output.dtype).min
    real = real_values((np.arange(256) + lowest).astype(output.dtype), output)
    logits = facts.conventions.answers == "logits"
    if math.prod(output.shape) == 1:
        return _single(real, logits, facts.temperature, wanted)
    least = tuple(_least(threshold) for threshold in wanted)
    if logits:
        falls = np.arange(256) * output.scale / facts.temperature
        return Scoring("distances", _sixteen_bits(np.exp(-falls)), least)
    if facts.temperature != 1.0:
        softened = np.minimum(np.maximum(real, _LEAST_SCORE), BELOW_ONE).astype(np.float64) ** (1 / facts.temperature)
        return Scoring("shares", tuple(max(score, 1) for score in _sixteen_bits(softened)), least)
    capped = np.minimum(real, BELOW_ONE)
    scores = _sixteen_bits(np.maximum(capped, 0))
    return Scoring("each", scores, tuple(_first_above(capped, scores, threshold) for threshold in wanted))


def _single(real: NDArray[np.float32], logits: bool, temperature: float, wanted: list[float]) -> Scoring:
    """The one output's score is that of the second label; the first has the rest."""
    second = np.array([probabilities(one.reshape(1))[0] for one in real]) if logits else real
    pairs = np.minimum(np.stack([1 - second, second], axis=-1), BELOW_ONE).astype(np.float32)
    pairs = tempered(pairs, temperature)
    wins = pairs[:, 1] > pairs[:, 0]
    half = UNIT // 2
    rounded = np.clip(np.round(pairs[:, 1].astype(np.float64) * UNIT), 1, _MOST).astype(int)
    scores = np.where(wins, np.maximum(rounded, half + 1), np.minimum(rounded, half))
    seconds = tuple(int(score) for score in scores)
    firsts = tuple(UNIT - score for score in reversed(seconds))
    least = _first_above(pairs[::-1, 0], firsts, wanted[0]), _first_above(pairs[:, 1], seconds, wanted[1])
    return Scoring("single", seconds, least)


def _first_above(real: NDArray[np.floating], scores: tuple[int, ...], threshold: float) -> int:
    """Return the score of the first value, of rising ones, that reaches a threshold."""
    return next((score for value, score in zip(real, scores, strict=True) if float(value) >= threshold), NEVER)


def _least(threshold: float) -> int:
    return min(math.ceil(threshold * UNIT), NEVER)


def _sixteen_bits(values: NDArray[np.floating]) -> tuple[int, ...]:
    rounded = np.round(np.asarray(values, np.float64) * UNIT)
    return tuple(int(value) for value in np.clip(rounded, 0, _MOST))
