"""Conversion: integers only, one picture at a time, the same bytes every time."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edge.errors import ModelError
from edge.preprocess import InputSpec
from quantize.convert import check_integer, convert
from quantize.integer_model import load_integer_model
from tests.installed import require_installed

pytestmark = pytest.mark.slow
require_installed("tensorflow", "TensorFlow comes with the desktop install")

SPEC = InputSpec(width_px=32, height_px=32)
LABELS = ("bolt", "nut", "screw")


def network(*extra):
    """Build an untrained network of the shape that `edge-sort train` makes; the same weights every time."""
    from training.network_settings import SmallCnnSettings
    from training.networks import build_network
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    keras.utils.set_random_seed(3)
    model = build_network(len(LABELS), SPEC, SmallCnnSettings(dense_units=8))
    for layer in extra:
        model = keras.Model(model.input, layer(model.output))
    return model


def noise(count=10):
    """Return calibration inputs, black and white first."""
    inputs = np.random.default_rng(0).integers(0, 256, (count, *SPEC.shape), dtype=np.uint8)
    inputs[0], inputs[1] = 0, 255
    return inputs


@pytest.fixture(scope="module")
def converted():
    """One conversion for all who only look at it."""
    return convert(network(), noise())


def test_black_and_white_pin_the_input_to_whole_pixels(converted):
    """Scale exactly 1 and zero point -128: a pixel is stored as itself minus 128."""
    model = load_integer_model(converted, LABELS, SPEC)

    assert (model.interpreter.input.dtype, model.interpreter.output.dtype) == (np.int8, np.int8)
    assert (model.interpreter.input.scale, model.interpreter.input.zero_point) == (1.0, -128)
    assert (model.interpreter.output.scale, model.interpreter.output.zero_point) == (1 / 256, -128)


def test_the_integer_model_answers_nearly_as_the_float_model(converted):
    """Scores differ by quantization noise, not by a forgotten scale."""
    classifier = load_integer_model(converted, LABELS, SPEC).classifier
    inputs = noise(40)

    floats = network().predict(inputs.astype(np.float32), verbose=0)

    assert np.abs(np.stack([classifier.scores_of_input(pixels) for pixels in inputs]) - floats).max() < 0.05


def test_no_float_and_no_free_batch_is_left(converted):
    """No operator that reads a shape: the Edge TPU and microcontrollers refuse those."""
    from tensorflow.lite.python import schema_py_generated as schema

    parsed = schema.ModelT.InitFromPackedBuf(converted, 0)
    operators = {value: name for name, value in vars(schema.BuiltinOperator).items()}
    used = {operators[code.builtinCode] for code in parsed.operatorCodes}

    assert used >= {"CONV_2D", "MAX_POOL_2D", "FULLY_CONNECTED", "SOFTMAX"}
    assert not used & {"SHAPE", "STRIDED_SLICE", "PACK", "QUANTIZE", "DEQUANTIZE", "CUSTOM"}
    check_integer(converted)


def test_dense_weights_have_one_scale(converted):
    """Per-channel Dense weights make older runtimes answer a constant, in silence."""
    from tensorflow.lite.python import schema_py_generated as schema

    parsed = schema.ModelT.InitFromPackedBuf(converted, 0)
    graph = parsed.subgraphs[0]
    dense = [
        graph.tensors[operator.inputs[1]]
        for operator in graph.operators
        if parsed.operatorCodes[operator.opcodeIndex].builtinCode == schema.BuiltinOperator.FULLY_CONNECTED
    ]

    assert [len(weights.quantization.scale) for weights in dense] == [1, 1]


def test_a_model_that_kept_a_float_is_refused():
    """The check reads the file: a model converted without calibration has float tensors."""
    import tensorflow as tf

    from quantize.quiet import quiet

    with quiet():
        floats = tf.lite.TFLiteConverter.from_keras_model(network()).convert()

    with pytest.raises(ModelError, match="to be integer, found"):
        check_integer(floats)


def test_a_layer_without_integers_is_named():
    """What int8 cannot express is an error with a remedy, not a half-float model."""
    from training.tensorflow_setup import load_keras

    odd = load_keras("testing").layers.Lambda(lambda x: __import__("tensorflow").math.lgamma(x + 1.0))

    with pytest.raises(ModelError, match=r"to be integer, found float32 in"):
        convert(network(odd), noise())


def test_the_same_network_gives_the_same_bytes(converted):
    """Here a second time, and in a fresh process, where Keras counts its layers from the start."""
    program = (
        "import sys, hashlib, importlib.util as u; "
        "spec = u.spec_from_file_location('t', sys.argv[1]); t = u.module_from_spec(spec); spec.loader.exec_module(t); "
        "print(hashlib.sha256(t.convert(t.network(), t.noise())).hexdigest())"
    )
    root = Path(__file__).resolve().parents[2]

    fresh = subprocess.run(
        [sys.executable, "-c", program, __file__], capture_output=True, text=True, check=True, cwd=root
    )

    assert convert(network(), noise()) == converted
    assert fresh.stdout == hashlib.sha256(converted).hexdigest() + "\n"
