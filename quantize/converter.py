"""TensorFlow's converter, set up the one way this project uses it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from quantize.quiet import quiet
from training.tensorflow_setup import load_keras, load_tensorflow


def calibrating_converter(model: Any, calibration: NDArray[np.uint8]) -> Any:
    """Return a converter that stops where every range is noted and nothing is an integer yet.

    model: a Keras model whose input's values are pixels 0..255. calibration: (N, H, W, C) uint8.
    """
    tf = load_tensorflow("converting a model")
    converter = float_converter(tf, model)
    quantize_with(tf, converter, calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.int8
    converter._experimental_calibrate_only = True
    return converter


def float_converter(tf: Any, model: Any) -> Any:
    """Return a converter for the network with a batch of one; as it is, it keeps every number float32."""
    return tf.lite.TFLiteConverter.from_keras_model(_fixed_batch(model))


def quantize_with(tf: Any, converter: Any, calibration: NDArray[np.uint8]) -> None:
    """Let a converter quantize, with the ranges that these pictures, (N, H, W, C) uint8, give."""

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for pixels in calibration:
            yield [pixels[np.newaxis].astype(np.float32)]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = samples
    # Per-channel Dense weights are stamped with an old operator version: runtimes of that generation then answer
    # a constant, in silence.
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True


def run_converter(converter: Any) -> bytes:
    """Run a converter. Raises ModelError when it refuses."""
    try:
        with quiet():
            converted: bytes = converter.convert()
    except Exception as error:  # the converter raises every kind there is, by the layer that it does not know
        raise refusal(error) from error
    return converted


def refusal(error: Exception) -> ModelError:
    """Turn whatever TensorFlow raised into a sentence."""
    lines = str(error).strip().splitlines()
    return ModelError(
        f"expected a network that can be computed with integers, found: {lines[0] if lines else type(error).__name__}; "
        "replace the layer it names and train again"
    )


def _fixed_batch(model: Any) -> Any:
    """Rebuild the network for one picture at a time.

    A free batch leaves SHAPE, STRIDED_SLICE and PACK around Flatten, which the Edge TPU and microcontrollers refuse.
    """
    keras = load_keras("converting a model")
    picture = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="picture")
    return keras.Model(picture, model(picture, training=False), name="classifier")
