"""Spread scores: the answers stay, and right and wrong ones that 8 bits would make alike stay apart."""

import numpy as np
import pytest

from edge.classifier import probabilities
from edge.errors import ModelError
from quantize.spread import recorded_spread, spread_scores
from quantize.temperature import fit_temperature, with_temperature
from quantize.thresholds import choose_threshold
from training.answers import Answers

LOGITS = np.array([[9.0, 0], [8, 0], [6.5, 0], [0, 9], [1, 2]], np.float32)  # the third is wrong, and quite sure
TRUTH = np.array([0, 0, 1, 1, 1])


class Layer:
    """The last layer of a network, as Keras shows it."""

    name = "scores"

    def __init__(self, end):
        def activation(_):
            """Its name is all that is asked for."""

        activation.__name__ = end
        self.activation, self.weights = activation, [np.full((2, 2), 6.0), np.array([2.0, 4.0])]

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


class Network:
    """A network of one layer."""

    def __init__(self, end="softmax"):
        self.layers = [Layer(end)]


def answers(spread):
    """Return what an int8 softmax makes of LOGITS."""
    exact = np.array([probabilities(logits / spread) for logits in LOGITS])
    return Answers(("nut", "bolt"), TRUTH, np.clip(np.round(exact * 256), 0, 255).astype(np.float32) / 256)


def test_sums_are_divided():
    """Weights and biases alike, so that the order of the scores stays."""
    network = Network()
    spread_scores(network, 2)

    assert [weights.max() for weights in network.layers[0].weights] == [3.0, 2.0]


def test_by_one_nothing_changes_whatever_the_network_is():
    """Who does not ask for it needs no such last layer."""
    network = Network("relu")
    spread_scores(network, 1)

    assert network.layers[0].weights[0].max() == 6.0


def test_a_network_with_another_end_is_refused():
    """In the words of the user's option."""
    with pytest.raises(ModelError, match="found 'scores' with relu; leave out --spread"):
        spread_scores(Network("relu"), 2)


def test_a_bin_becomes_pure_that_8_bits_made_impure():
    """Of two right answers and a wrong one, all at 255/256, no threshold can divide any; spread, one can."""
    alike, apart = answers(1), answers(2)

    assert not choose_threshold(alike, "nut", 0.995).reached
    softened = with_temperature(apart, fit_temperature(apart, spread=2))
    choice = choose_threshold(softened, "nut", 0.995)
    assert choice.reached
    assert choice.validation.right == 2
    assert list(apart.answered) == list(alike.answered)


@pytest.mark.parametrize("written", [{}, {"spread": "2"}, {"spread": 0.1}, {"spread": 99}, {"spread": float("nan")}])
def test_a_bundle_that_names_no_factor_that_can_be_is_taken_as_it_is(written):
    """Anybody may have written it."""
    assert recorded_spread(written) == 1


def test_a_bundle_names_its_factor():
    """So that the float network beside it is spread alike when it is judged again."""
    assert recorded_spread({"spread": 2.0}) == 2
