"""Multiply-accumulates, against layers counted by hand and published networks."""

from __future__ import annotations

import pytest

from tests.installed import require_installed
from training.network_cost import NetworkCost, network_cost
from training.tensorflow_setup import load_keras

pytestmark = pytest.mark.slow
require_installed("tensorflow", "TensorFlow comes with the desktop install")


def cost_of(*layers, shape=(10, 8, 4)):
    """Put layers on one input and count."""
    keras = load_keras("a test")
    return network_cost(keras.Sequential([keras.Input(shape), *layers]))


def test_layers_counted_by_hand():
    """Output values times what each of them takes; biases are parameters but no multiply-accumulates."""
    layers = load_keras("a test").layers

    # 8 x 6 x 6 outputs, each of 3 x 3 x 4 values; in two groups of 3 x 3 x 2
    assert cost_of(layers.Conv2D(6, 3)) == NetworkCost(3 * 3 * 4 * 6 + 6, 288 * 36)
    assert cost_of(layers.Conv2D(6, 3, groups=2)).multiply_accumulates == 288 * 18
    # 5 x 4 places after the stride, 2 x 4 channels, 3 x 3 values each
    depthwise = layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2)
    assert cost_of(depthwise).multiply_accumulates == 5 * 4 * 8 * 9
    # the same, then 6 outputs of 8 values at each place
    separable = layers.SeparableConv2D(6, 3, strides=2, padding="same", depth_multiplier=2)
    assert cost_of(separable).multiply_accumulates == 5 * 4 * 8 * 9 + 5 * 4 * 6 * 8
    assert cost_of(layers.Flatten(), layers.Dense(7)) == NetworkCost(320 * 7 + 7, 320 * 7)


def test_the_rest_counts_nothing():
    """Normalization, activation, pooling and rescaling are folded away or small."""
    layers = load_keras("a test").layers

    assert cost_of(layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()) == NetworkCost(16, 0)


def test_models_inside_models_count():
    """A backbone that is one layer of the model is counted layer by layer."""
    keras = load_keras("a test")
    inner = keras.Sequential([keras.Input((10, 8, 4)), keras.layers.Conv2D(6, 3)])

    assert cost_of(inner).multiply_accumulates == 288 * 36


def test_a_kernel_nobody_counts_is_an_error():
    """Better none than a figure that leaves out the main thing."""
    with pytest.raises(TypeError, match="Conv2DTranspose is not known here"):
        cost_of(load_keras("a test").layers.Conv2DTranspose(6, 3))


def test_published_networks():
    """MobileNetV2 1.0 at 224 px has 300 M multiply-adds in table 4 of its paper."""
    found = network_cost(load_keras("a test").applications.MobileNetV2(weights=None))

    assert found.multiply_accumulates == pytest.approx(300e6, rel=0.005)
    assert found.parameters == 3_538_984  # keras.io/api/applications says 3.5M


def test_paper_2s_network_by_hand():
    """Three convolutions on 224, 112 and 56 px, 64 units on 25088 values, one output."""
    from training.networks import build_network
    from training.recipe import read_recipe

    recipe = read_recipe("paper2")

    found = network_cost(build_network(2, recipe.input, recipe.network))

    convolutions = 9 * (224**2 * 1 * 8 + 112**2 * 8 * 16 + 56**2 * 16 * 32)
    assert found.multiply_accumulates == convolutions + 25088 * 64 + 64
