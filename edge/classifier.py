"""From a picture of one part to a score per label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.conventions import OWN, Conventions
from edge.errors import ModelError
from edge.interpreter import Interpreter, input_encoder, real_values
from edge.preprocess import InputSpec, preprocess

# A float model can be so sure that its score rounds to 1; a threshold of 1 must still let nothing through.
BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))
_HALF_STEP = 1 / 512


@dataclass(frozen=True)
class Prediction:
    """What the network thinks: `scores` are in the order of the classifier's labels."""

    label: str
    score: float
    scores: tuple[float, ...]


class Classifier:
    """A model with its labels, its input spec and its temperature: how much its scores are softened (above 1).

    Raises ModelError when model, labels and spec do not fit together.
    """

    def __init__(
        self,
        interpreter: Interpreter,
        labels: tuple[str, ...],
        spec: InputSpec,
        conventions: Conventions = OWN,
        temperature: float = 1.0,
    ) -> None:
        expected = (1, *spec.shape)
        if interpreter.input.shape != expected:
            raise ModelError(
                f"expected a model with input {expected}, found {interpreter.input.shape}; "
                "the input spec and the model do not belong together"
            )
        outputs = int(np.prod(interpreter.output.shape))
        if outputs != len(labels) and not (outputs == 1 and len(labels) == 2):
            raise ModelError(
                f"expected a model with a score for each of {len(labels)} labels, found {outputs} outputs; "
                "the labels and the model do not belong together"
            )
        normalization = conventions.normalization
        if normalization is not None and normalization.channels not in (1, spec.channels):
            raise ModelError(
                f"expected a normalization for all or for each of {spec.channels} channels, found one for "
                f"{normalization.channels}; the normalization and the model do not belong together"
            )
        self.labels, self.spec, self.temperature = labels, spec, temperature
        self._interpreter, self._conventions = interpreter, conventions
        self._encode = input_encoder(interpreter.input, normalization)

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score a picture, (H, W, 3) uint8: one float32 per label, in the order of `labels`."""
        return self.scores_of_input(preprocess(image, self.spec))

    def scores_of_input(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score pixels that `preprocess` has already made, `spec.shape` uint8."""
        return tempered(self.raw_scores_of_input(pixels), self.temperature)

    def raw_scores_of_input(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score such pixels as the model itself does, without temperature."""
        stored = self._interpreter.run(self._encode(pixels)[np.newaxis])
        answers = real_values(stored, self._interpreter.output).reshape(-1)
        scores = probabilities(answers) if self._conventions.answers == "logits" else answers
        if scores.size == 1 and len(self.labels) == 2:  # one sigmoid: the score of the second label
            scores = np.array([1 - scores[0], scores[0]], dtype=np.float32)
        return np.minimum(scores, BELOW_ONE)

    def classify(self, image: NDArray[np.uint8]) -> Prediction:
        """Name what a picture, (H, W, 3) uint8, shows."""
        return best(self.labels, self.scores(image))


def tempered(scores: NDArray[np.float32], temperature: float) -> NDArray[np.float32]:
    """Soften (temperature above 1) or sharpen scores, (..., L), that add up to 1; their order stays.

    Temperature scaling of Guo et al., "On Calibration of Modern Neural Networks" (2017), on the logarithms of the
    scores, which are the logits but for a constant. A score of 0 is taken for half a step of an 8-bit output.
    """
    if temperature == 1.0:
        return scores
    logits = np.log(np.maximum(scores, _HALF_STEP)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return np.minimum(shares.astype(np.float32), BELOW_ONE)


def best(labels: tuple[str, ...], scores: NDArray[np.float32]) -> Prediction:
    """Pick the label with the highest score; the first one wins a tie."""
    top = int(np.argmax(scores))
    return Prediction(labels[top], float(scores[top]), tuple(float(score) for score in scores))


def probabilities(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn logits, (N,), into scores that sum to one: softmax, or the sigmoid of a single one."""
    raised = np.append(logits, np.float32(0)) if logits.size == 1 else logits
    powers = np.exp(raised - raised.max())
    return np.asarray(powers / powers.sum(), dtype=np.float32)[: logits.size]
