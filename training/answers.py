"""What a model says about labelled pictures: the one record that evaluation, thresholds and comparisons start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.classifier import Classifier
from edge.preprocess import InputSpec
from edge.wilson import Share
from training.dataset import Item, label_indices, load_inputs

_AT_ONCE = 256  # pictures in memory at a time: 10,000 pictures must fit into a small desktop

# From model inputs, (N, H, W, C) uint8, to a score per label, (N, L) float32.
Scorer = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


@dataclass(frozen=True)
class Answers:
    """What one model said: `truth` (N,) and `scores` (N, L), both in the order of `labels`."""

    labels: tuple[str, ...]
    truth: NDArray[np.int64]
    scores: NDArray[np.float32]

    @property
    def answered(self) -> NDArray[np.int64]:
        """Index of the label answered for each picture; the first one wins a tie."""
        answered: NDArray[np.int64] = np.argmax(self.scores, axis=1)
        return answered

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The score of each answer, 0..1."""
        confidence: NDArray[np.float32] = self.scores.max(axis=1)
        return confidence

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each answer is right."""
        right: NDArray[np.bool_] = self.answered == self.truth
        return right

    @property
    def accuracy(self) -> Share:
        """How many answers are right."""
        return Share(int(self.right.sum()), len(self.truth))

    @property
    def confusion(self) -> NDArray[np.int64]:
        """(L, L) counts: row = true label, column = answered label."""
        matrix = np.zeros((len(self.labels), len(self.labels)), np.int64)
        np.add.at(matrix, (self.truth, self.answered), 1)
        return matrix

    def of(self, chosen: Sequence[int]) -> Answers:
        """Return the answers to some of the pictures."""
        return Answers(self.labels, self.truth[list(chosen)], self.scores[list(chosen)])


def network_scorer(model: Any) -> Scorer:
    """Score with a Keras model. One sigmoid output is the score of the second of two labels."""

    def score(inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        scores = np.asarray(model.predict(inputs.astype(np.float32), batch_size=32, verbose=0), np.float32)
        return np.concatenate([1 - scores, scores], axis=1) if scores.shape[1] == 1 else scores

    return score


def classifier_scorer(classifier: Classifier) -> Scorer:
    """Score with the classifier that the device uses: the integer model of a bundle."""
    return lambda inputs: np.stack([classifier.scores_of_input(pixels) for pixels in inputs])


def ask(scorers: Sequence[Scorer], items: Sequence[Item], spec: InputSpec, labels: tuple[str, ...]) -> list[Answers]:
    """Show every picture to each of the models, which share input spec and labels; read it once.

    Raises DataError naming the first picture that cannot be read.
    """
    scores: list[list[NDArray[np.float32]]] = [[] for _ in scorers]
    for start in range(0, len(items), _AT_ONCE):
        inputs = load_inputs(items[start : start + _AT_ONCE], spec)
        for given, scorer in zip(scores, scorers, strict=True):
            given.append(scorer(inputs))
    truth = label_indices(items, labels)
    return [Answers(labels, truth, np.concatenate(given)) for given in scores]


def answers_to(inputs: NDArray[np.uint8], truth: NDArray[np.int64], scorer: Scorer, labels: tuple[str, ...]) -> Answers:
    """Show inputs that have been read already to one model."""
    scores = [scorer(inputs[start : start + _AT_ONCE]) for start in range(0, len(inputs), _AT_ONCE)]
    return Answers(labels, truth, np.concatenate(scores))
