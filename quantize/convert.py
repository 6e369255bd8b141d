"""Turn a trained network into one that computes with integers only, and prove that it does."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.extras import need
from quantize.calibrated import Calibrated, Ends
from quantize.converter import calibrating_converter, run_converter
from quantize.quiet import quiet
from quantize.ranges import pixel_ranges

INTEGER_TYPES = frozenset({"INT8", "UINT8", "INT16", "INT32", "INT64"})

# what decides on shapes or on its course while it runs, and what no built-in kernel computes
DYNAMIC_OPERATORS = frozenset({
    "SHAPE", "RANK", "RANGE", "WHERE", "UNIQUE", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5",
    "DYNAMIC_UPDATE_SLICE", "IF", "WHILE", "CALL", "CALL_ONCE", "VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE",
    "CUSTOM", "DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES",
})  # fmt: skip


def convert(model: Any, calibration: NDArray[np.uint8], ends: Ends = "int8") -> bytes:
    """Convert a Keras model to a full-integer TFLite model; the same input gives the same bytes.

    model, calibration: see `calibrate`. ends: dtype of input and output.
    Raises ModelError when the converter refuses or leaves anything that is not an integer.
    """
    converted = calibrate(model, calibration).quantized(ends=ends)
    check_integer(converted, ends)
    return converted


def calibrate(model: Any, calibration: NDArray[np.uint8]) -> Calibrated:
    """Learn the range of every layer from pictures of parts, and the input's from a black and a white one.

    Black and white pin the input's scale to exactly 1 and its zero point to -128: dim pictures alone would give another
    scale, and the brightest parts on the belt would be cut off. The layers behind do not see them: what no part causes
    would only make their steps coarser.

    model: a Keras model whose input's values are pixels 0..255. calibration: (N, H, W, C) uint8.
    Raises ModelError when the converter refuses.
    """
    with quiet():
        converter = calibrating_converter(model, calibration)
    seen = Calibrated(run_converter(converter))
    pixels = pixel_ranges(seen, calibration.shape[1:])
    return seen.changed(lambda graph: graph.set_ranges(pixels))


def check_integer(model: bytes, ends: Ends = "int8") -> None:
    """Raise ModelError unless the model takes and gives one picture's worth of type `ends`, and all in it is integer.

    Every shape must be fixed, and no operator may depend on what only a running model knows. Read in the file itself:
    a runtime shows only the tensors it kept.
    """
    with quiet():
        schema = need("tensorflow.lite.python.schema_py_generated", "desktop", "checking a converted model")
    parsed = schema.ModelT.InitFromPackedBuf(model, 0)
    names = {value: name for name, value in vars(schema.TensorType).items() if not name.startswith("_")}
    for graph in parsed.subgraphs:
        for tensor in graph.tensors:
            _check_tensor(tensor, names[tensor.type])
        for end in (*graph.inputs, *graph.outputs):
            tensor = graph.tensors[end]
            if (dtype := names[tensor.type].lower()) != ends:
                raise _not_integer(tensor, f"{dtype} instead of {ends} at an input or output")
            if tensor.shape is None or not len(tensor.shape) or tensor.shape[0] != 1:
                raise _not_integer(tensor, f"{tensor.shape} instead of a batch of 1 at an input or output")
    _check_operators(schema, parsed)


def _check_operators(schema: Any, parsed: Any) -> None:
    kinds = {value: name for name, value in vars(schema.BuiltinOperator).items() if not name.startswith("_")}
    used = {kinds[max(code.builtinCode, code.deprecatedBuiltinCode)] for code in parsed.operatorCodes}
    if dynamic := sorted(used & DYNAMIC_OPERATORS):
        raise ModelError(
            f"expected operators that are settled before the model runs, found {', '.join(dynamic)}; replace the "
            "layers that ask for shapes, branch or loop, and train again"
        )


def _check_tensor(tensor: Any, dtype: str) -> None:
    if dtype not in INTEGER_TYPES:
        raise _not_integer(tensor, dtype.lower())
    signature = tensor.shapeSignature
    if signature is not None and len(signature) and min(signature) < 0:
        raise _not_integer(tensor, f"a shape that is known only when it runs ({list(signature)})")


def _not_integer(tensor: Any, found: str) -> ModelError:
    return ModelError(
        f"expected every tensor of the converted model to be integer and of fixed shape, found {found} in "
        f"{tensor.name.decode(errors='replace')!r}; replace that layer and train again"
    )
