"""Turn a trained network into one that computes with integers only, and prove that it does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.extras import need
from quantize.quiet import quiet
from training.tensorflow_setup import load_keras, load_tensorflow

INTEGER_TYPES = frozenset({"INT8", "UINT8", "INT16", "INT32", "INT64"})

# what decides on shapes or on its course while it runs, and what no built-in kernel computes
DYNAMIC_OPERATORS = frozenset({
    "SHAPE", "RANK", "RANGE", "WHERE", "UNIQUE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5",
    "DYNAMIC_UPDATE_SLICE", "IF", "WHILE", "CALL", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE",
    "CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES",
})  # fmt: skip


Ends = Literal["int8", "uint8"]  # what the model takes and gives


def convert(model: Any, calibration: NDArray[np.uint8], ends: Ends = "int8") -> bytes:
    """Convert a Keras model to a full-integer TFLite model; the same input gives the same bytes.

    model: its input's values are pixels 0..255. calibration: (N, H, W, C) uint8. ends: dtype of input and output.
    Raises ModelError when the converter refuses or leaves anything that is not an integer.
    """
    with quiet():
        converter = calibrated_converter(model, calibration, ends)
    converted = run_converter(converter)
    check_integer(converted, ends)
    return converted


def run_converter(converter: Any) -> bytes:
    """Run a converter. Raises ModelError when it refuses."""
    try:
        with quiet():
            converted: bytes = converter.convert()
    except Exception as error:  # the converter raises every kind there is, by the layer that it does not know
        raise ModelError(
            f"expected a network that TensorFlow's converter takes, found: {_first_line(error)}; "
            "replace the layer it names and train again"
        ) from error
    return converted


def check_integer(model: bytes, ends: Ends = "int8") -> None:
    """Raise ModelError unless the model takes and gives type `ends`, all in it is integer, and `check_settled` agrees.

    Read in the file itself: a runtime shows only the tensors it kept.
    """
    schema, parsed = _parsed(model)
    names = {value: name for name, value in vars(schema.TensorType).items() if not name.startswith("_")}
    for graph in parsed.subgraphs:
        for tensor in graph.tensors:
            if (dtype := names[tensor.type]) not in INTEGER_TYPES:
                raise _unlike("integer", tensor, dtype.lower())
        for end in (*graph.inputs, *graph.outputs):
            if (dtype := names[graph.tensors[end].type].lower()) != ends:
                raise _unlike("integer", graph.tensors[end], f"{dtype} instead of {ends} at an input or output")
    _require_settled(schema, parsed)


def check_settled(model: bytes) -> None:
    """Raise ModelError unless the model takes and gives one picture's worth, and every shape in it is fixed.

    Nor may an operator depend on what only a running model knows.
    """
    _require_settled(*_parsed(model))


def _require_settled(schema: Any, parsed: Any) -> None:
    for graph in parsed.subgraphs:
        for tensor in graph.tensors:
            signature = tensor.shapeSignature
            if signature is not None and len(signature) and min(signature) < 0:
                raise _unlike("of fixed shape", tensor, f"a shape that is known only when it runs ({list(signature)})")
        for end in (*graph.inputs, *graph.outputs):
            shape = graph.tensors[end].shape
            if shape is None or not len(shape) or shape[0] != 1:
                raise _unlike("of fixed shape", graph.tensors[end], f"{shape} instead of a batch of 1")
    _check_operators(schema, parsed)


def _parsed(model: bytes) -> tuple[Any, Any]:
    schema = need("ai_edge_litert.schema_py_generated", "desktop", "checking a converted model")
    return schema, schema.ModelT.InitFromPackedBuf(model, 0)


def _check_operators(schema: Any, parsed: Any) -> None:
    kinds = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    used = {kinds[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in parsed.operatorCodes}
    if dynamic := sorted(used & DYNAMIC_OPERATORS):
        raise ModelError(
            f"expected operators that are settled before the model runs, found {', '.join(dynamic)}; replace the "
            "layers that ask for shapes, branch or loop, and train again"
        )


def _unlike(expected: str, tensor: Any, found: str) -> ModelError:
    return ModelError(
        f"expected every tensor of the converted model to be {expected}, found {found} in "
        f"{tensor.name.decode(errors='replace')!r}; replace that layer and train again"
    )


def _fixed_batch(model: Any) -> Any:
    """Rebuild the network for one picture at a time.

    A free batch leaves SHAPE, STRIDED_SLICE and PACK around Flatten, which the Edge TPU and microcontrollers refuse.
    """
    keras = load_keras("converting a model")
    picture = keras.Input(batch_shape=(1, *model.input_shape[1:]), name="picture")
    return keras.Model(picture, model(picture, training=False), name="classifier")


def calibrated_converter(model: Any, calibration: NDArray[np.uint8], ends: Ends = "int8") -> Any:
    """Return TensorFlow's converter, set up to make a full-integer model of a Keras model. See `convert`."""
    tf = load_tensorflow("converting a model")
    converter = float_converter(tf, model)
    calibrate(tf, converter, calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = getattr(tf, ends)
    return converter


def float_converter(tf: Any, model: Any) -> Any:
    """Return a converter for the network with a batch of one; as it is, it keeps every number float32."""
    return tf.lite.TFLiteConverter.from_keras_model(_fixed_batch(model))


def calibrate(tf: Any, converter: Any, calibration: NDArray[np.uint8]) -> None:
    """Let a converter quantize, with the ranges that these pictures, (N, H, W, C) uint8, give."""

    def samples() -> Iterator[list[NDArray[np.float32]]]:
        for pixels in calibration:
            yield [pixels[np.newaxis].astype(np.float32)]

    weights_in_8_bits(tf, converter)
    converter.representative_dataset = samples


def weights_in_8_bits(tf: Any, converter: Any) -> None:
    """Let a converter store weights in 8 bits, those of Dense layers with one scale for all of their channels.

    Full-integer Dense weights per channel are stamped with an old operator version, and runtimes of that generation
    answer a constant, in silence; with float between the layers they get version 12, which tflite-runtime 2.14 lacks.
    """
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
