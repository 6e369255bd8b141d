"""The networks: the published shapes, pixels in, and for microcontrollers only what runs there."""

from __future__ import annotations

import socket

import numpy as np
import pytest

from edge.errors import DataError
from edge.preprocess import InputSpec
from tests.installed import require_installed
from training.network_settings import KerasNetworkSettings, MobileNetSettings, SmallCnnSettings
from training.networks import check_weights
from training.recipe import read_recipe

pytestmark = [
    pytest.mark.slow,
    # Keras 3 saves and loads its variables through an __array__ without the copy keyword of numpy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]
require_installed("tensorflow", "TensorFlow comes with the desktop install")

SPEC = InputSpec(width_px=64, height_px=64)
MOBILENET = MobileNetSettings(kind="mobilenet-v2", weights="none", alpha=0.35)
KERAS_KINDS = ["mobilenet-v2", "mobilenet-v3-small", "efficientnet-b0", "resnet50", "vgg16"]


def build(classes, spec, settings):
    from training.networks import build_network

    return build_network(classes, spec, settings)


def keras_settings(kind, weights):
    """What a recipe would say about a network of keras.applications."""
    return (MobileNetSettings if "mobilenet" in kind else KerasNetworkSettings)(kind=kind, weights=str(weights))


def pictures(count=4, spec=SPEC):
    return np.random.default_rng(0).integers(0, 256, (count, *spec.shape), dtype=np.uint8).astype(np.float32)


def test_paper_2s_network_has_the_published_shapes():
    """Three blocks of 8, 16, 32 filters on 224 px grey, 25088 values flattened, one sigmoid."""
    recipe = read_recipe("paper2")

    model = build(2, recipe.input, recipe.network)

    assert model.input_shape == (None, 224, 224, 1)
    for number, (filters, side) in enumerate(((8, 224), (16, 112), (32, 56)), start=1):
        convolution, pool = model.get_layer(f"conv_{number}"), model.get_layer(f"pool_{number}")
        assert (convolution.kernel_size, convolution.strides, convolution.padding) == ((3, 3), (1, 1), "same")
        assert convolution.activation.__name__ == "relu"
        assert convolution.output.shape == (None, side, side, filters)
        assert pool.output.shape == (None, side // 2, side // 2, filters)
    assert model.get_layer("flatten").output.shape == (None, 25088)
    assert model.layers[-1].activation.__name__ == "sigmoid"
    assert model.output_shape == (None, 1)


def test_default_network_is_paper_2s_for_any_number_of_classes():
    """The same three blocks, under a softmax."""
    model = build(5, InputSpec(width_px=224, height_px=224, color="grey"), SmallCnnSettings())

    assert [model.get_layer(f"conv_{n}").filters for n in (1, 2, 3)] == [8, 16, 32]
    assert model.get_layer("flatten").output.shape == (None, 25088)
    assert model.output_shape == (None, 5)


def test_one_output_tells_two_classes_apart_and_no_more():
    """Three classes with paper 2's network: refused, with another recipe."""
    recipe = read_recipe("paper2")

    with pytest.raises(DataError, match=r"expected two classes .* found 3; use --recipe small-cnn"):
        build(3, recipe.input, recipe.network)


@pytest.mark.parametrize("name", ["mcu-depthwise", "mcu-residual"])
def test_microcontroller_networks_convert_to_few_operators_and_bytes(name):
    """Under 250 kB, and nothing that TensorFlow Lite Micro or an Edge TPU would not run in integers."""
    from tensorflow.lite.python import schema_py_generated as schema

    from quantize.convert import convert
    from quantize.integer_model import load_integer_model

    recipe = read_recipe(name)
    model = build(6, recipe.input, recipe.network)
    inputs = pictures(12, recipe.input)
    inputs[0], inputs[1] = 0, 255

    converted = convert(model, inputs.astype(np.uint8))

    operators = {value: operator for operator, value in vars(schema.BuiltinOperator).items()}
    used = {operators[code.builtinCode] for code in schema.ModelT.InitFromPackedBuf(converted, 0).operatorCodes}
    assert used <= {"CONV_2D", "DEPTHWISE_CONV_2D", "ADD", "MEAN", "FULLY_CONNECTED", "SOFTMAX"}
    assert len(converted) < 250_000
    classifier = load_integer_model(converted, tuple("abcdef"), recipe.input).classifier
    answers = np.stack([classifier.scores_of_input(pixels) for pixels in inputs.astype(np.uint8)])
    assert np.abs(answers - model.predict(inputs, verbose=0)).max() < 0.1


@pytest.mark.parametrize("kind", KERAS_KINDS)
def test_weights_from_a_file_see_what_they_were_trained_on(kind, tmp_path):
    """The network takes pixels; its features are those of Keras's own after Keras's own preprocessing."""
    from training.keras_networks import FEATURES, KERAS_NETWORKS
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    keras.utils.set_random_seed(1)
    applications, entry = keras.applications, KERAS_NETWORKS[kind]
    original = getattr(applications, entry.builder)(
        input_shape=SPEC.shape, include_top=False, pooling="avg", weights=None
    )
    path = tmp_path / "own.weights.h5"
    original.save_weights(path)
    model = build(3, SPEC, keras_settings(kind, path))
    family = {"mobilenet-v2": "mobilenet_v2", "resnet50": "resnet50", "vgg16": "vgg16"}.get(kind)
    inputs = pictures()
    expected = inputs if family is None else getattr(applications, family).preprocess_input(inputs.copy())

    features = keras.Model(model.input, model.get_layer(FEATURES).output).predict(inputs, verbose=0)

    if kind == "efficientnet-b0":  # the file's weights expect one more division, which the stem's kernel has taken over
        scale = 1 / np.sqrt([0.229, 0.224, 0.225])
        stem = original.get_layer("stem_conv")
        stem.set_weights([stem.get_weights()[0] * scale[None, None, :, None]])
    np.testing.assert_allclose(features, original.predict(expected, verbose=0), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("kind", KERAS_KINDS)
def test_from_chance_the_statistics_follow_within_a_hundred_steps(kind):
    """A thousand, as MobileNets have them for ImageNet, are more than a few hundred pictures make in twenty epochs."""
    from training.tensorflow_setup import load_keras

    normalization = load_keras("testing").layers.BatchNormalization
    model = build(3, InputSpec(width_px=32, height_px=32), keras_settings(kind, "none"))

    assert {layer.momentum for layer in model.layers if isinstance(layer, normalization)} <= {0.9, 0.99}


def test_grey_input_is_repeated_for_a_network_of_colours():
    """Three equal channels, inside the network."""
    grey = InputSpec(width_px=32, height_px=32, color="grey")

    model = build(2, grey, MOBILENET)

    assert model.input_shape == (None, 32, 32, 1)
    np.testing.assert_allclose(model.predict(pictures(2, grey), verbose=0).sum(axis=1), 1, atol=1e-5)


def test_pretrained_network_converts_to_integers():
    """Its rescaling, its blocks and its classifier are one model of integers."""
    from quantize.convert import convert

    spec = InputSpec(width_px=32, height_px=32)

    assert len(convert(build(3, spec, MOBILENET), pictures(6, spec).astype(np.uint8))) < 900_000


def test_too_small_input_is_named():
    """Keras's own sentence speaks of an input_shape that the user never gave."""
    with pytest.raises(DataError, match=r"at least 32 px for mobilenet-v2, found 16x16; use a larger --size"):
        build(3, InputSpec(width_px=16, height_px=16), MOBILENET)


def test_weights_that_do_not_fit_are_one_sentence(tmp_path):
    """A file that is not there, one of another network, one that is no weights."""
    other = tmp_path / "vgg.weights.h5"
    build(3, InputSpec(width_px=32, height_px=32), SmallCnnSettings()).save_weights(other)
    (tmp_path / "text.h5").write_text("not HDF5")

    for path, found in (
        (tmp_path / "none.h5", "expected a file of weights for mobilenet-v2, found none"),
        (other, "expected Keras weights of mobilenet-v2 without its top"),
        (tmp_path / "text.h5", "expected Keras weights of mobilenet-v2 without its top"),
    ):
        with pytest.raises(DataError) as error:
            check_weights(SPEC, keras_settings("mobilenet-v2", path))
        assert str(error.value).startswith(f"{path}: {found}")
        assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "alpha"), [("mobilenet-v2", 0.3), ("mobilenet-v3-small", 0.5)])
def test_a_width_that_keras_has_no_weights_for_is_named(kind, alpha):
    """Nobody looks for the mistake in his network connection."""
    settings = MobileNetSettings(kind=kind, alpha=alpha, weights="imagenet")

    with pytest.raises(DataError, match=rf"network\.alpha: expected one of .* found {alpha}; correct it, or give"):
        build(2, SPEC, settings)


def test_imagenet_weights_without_a_connection_say_what_to_do(tmp_path, monkeypatch, capsys):
    """Keras downloads them once; offline there are two other ways. stdout stays clean."""

    def offline(*_arguments, **_options):
        raise OSError("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))

    with pytest.raises(DataError, match="connect to the internet, or give --weights FILE, or --weights none"):
        build(3, SPEC, keras_settings("mobilenet-v2", "imagenet"))
    assert capsys.readouterr().out == ""  # stdout is for results, Keras's talk of downloads is not
