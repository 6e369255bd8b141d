"""From a picture to a score per label, on an interpreter that answers what it is told."""

import numpy as np
import pytest

from edge.classifier import Classifier, best
from edge.conventions import Conventions, Normalization
from edge.errors import ModelError
from edge.interpreter import TensorSpec
from edge.preprocess import InputSpec

SPEC = InputSpec(width_px=8, height_px=8)


class Told:
    """An interpreter that remembers its input and answers a fixed int8 vector."""

    def __init__(self, *stored, input_shape=(1, 8, 8, 3)):
        self.input = TensorSpec(input_shape, np.dtype(np.int8), 1.0, -128)
        self.output = TensorSpec((1, len(stored)), np.dtype(np.int8), 1 / 256, -128)
        self._stored, self.seen = np.array([stored], np.int8), None

    def run(self, values):
        self.seen = values
        return self._stored.copy()


def picture(value=0):
    """Return a flat grey picture."""
    return np.full((20, 30, 3), value, np.uint8)


def test_scores_are_real_values_in_the_order_of_the_labels():
    """Stored values become scores with the output's own scale and zero point."""
    classifier = Classifier(Told(-128, 64, -64), ("bolt", "nut", "screw"), SPEC)

    assert classifier.scores(picture()).tolist() == [0.0, 0.75, 0.25]


def test_the_model_sees_the_pixels_in_its_own_units():
    """Pixel 200 of an int8 input with zero point -128 is stored as 72."""
    interpreter = Told(0, 0)

    Classifier(interpreter, ("bolt", "nut"), SPEC).classify(picture(200))

    assert interpreter.seen.shape == (1, 8, 8, 3)
    assert interpreter.seen.dtype == np.int8
    assert set(np.unique(interpreter.seen)) == {72}


def test_the_prediction_names_the_highest_score():
    """Label, its score, and all scores."""
    prediction = Classifier(Told(-128, 64, -64), ("bolt", "nut", "screw"), SPEC).classify(picture())

    assert (prediction.label, prediction.score, prediction.scores) == ("nut", 0.75, (0.0, 0.75, 0.25))


def test_the_first_label_wins_a_tie():
    """int8 scores tie often; every place that picks one must pick the same."""
    assert best(("bolt", "nut"), np.array([0.5, 0.5], np.float32)).label == "bolt"


@pytest.mark.parametrize(("stored", "label", "score"), [(64, "nut", 0.75), (-96, "bolt", 0.875)])
def test_one_sigmoid_is_the_score_of_the_second_of_two_labels(stored, label, score):
    """Two-class networks often end in a single value; the first label gets the rest."""
    prediction = Classifier(Told(stored), ("bolt", "nut"), SPEC).classify(picture())

    assert (prediction.label, prediction.score) == (label, score)
    assert sum(prediction.scores) == pytest.approx(1)


def test_logits_become_scores_that_sum_to_one():
    """Softmax, whatever the size of the logits."""
    classifier = Classifier(Told(-128, 127, 100), ("bolt", "nut", "screw"), SPEC, Conventions(answers="logits"))

    expected = np.exp(np.array([0, 255, 228]) / 256)
    assert classifier.scores(picture()) == pytest.approx(expected / expected.sum())


def test_one_logit_becomes_two_scores():
    """The sigmoid of it is the score of the second label."""
    classifier = Classifier(Told(0), ("bolt", "nut"), SPEC, Conventions(answers="logits"))

    assert classifier.scores(picture())[1] == pytest.approx(1 / (1 + np.exp(-0.5)))


def test_no_score_reaches_a_threshold_of_one():
    """A label that is never to be sorted has threshold 1; a float model may be so sure that its score rounds to it."""
    told = Told(0, 0)
    told.output, told._stored = TensorSpec((1, 2), np.dtype(np.float32), 0.0, 0), np.float32([[0.0, 1.0]])

    score = Classifier(told, ("bolt", "nut"), SPEC).classify(picture()).score

    assert 0.999999 < score < 1


def test_a_normalization_for_other_channels_is_refused():
    """Three means for one channel would make three channels of it."""
    conventions = Conventions(normalization=Normalization(mean=(1, 2, 3), std=(1,)))
    grey = InputSpec(width_px=8, height_px=8, color="grey")

    with pytest.raises(ModelError, match="for all or for each of 1 channels, found one for 3"):
        Classifier(Told(0, 0, input_shape=(1, 8, 8, 1)), ("bolt", "nut"), grey, conventions)


@pytest.mark.parametrize("labels", [("bolt", "nut"), ("bolt", "nut", "screw", "washer")])
def test_labels_of_another_number_are_refused(labels):
    """A label file of another model would sort everything wrong in silence."""
    with pytest.raises(ModelError, match=f"each of {len(labels)} labels, found 3 outputs"):
        Classifier(Told(0, 0, 0), labels, SPEC)


@pytest.mark.parametrize("shape", [(1, 8, 8, 1), (1, 16, 8, 3), (4, 8, 8, 3), (1, 8, 8), (1, 192)])
def test_an_input_of_another_shape_is_refused(shape):
    """Size, channels, batch and rank are all part of the input spec."""
    with pytest.raises(ModelError, match="do not belong together"):
        Classifier(Told(0, 0, input_shape=shape), ("bolt", "nut"), SPEC)
