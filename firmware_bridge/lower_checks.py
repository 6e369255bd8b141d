"""What every graph must fulfil before it is written as C, whatever its operators."""

from __future__ import annotations

import math

from edge.errors import ModelError
from edge.model_graph import Graph, Operator, Tensor

MOST_SIDE = 32767  # sizes are int16_t in the C
QUANTIZE = "quantize the whole model to int8 (edge-sort quantize, and no remedy of --rescue that leaves float)"
_QUANTIZES = ("QUANTIZE", "RESHAPE", "SQUEEZE", "EXPAND_DIMS")  # may touch the uint8 ends of a model


def refuse(operator: Operator, found: str, remedy: str) -> ModelError:
    """Return the error that an operator cannot be exported."""
    return ModelError(
        f"the operator {operator.kind} at {operator.outputs[0].name[:80] if operator.outputs else '?'!r}: "
        f"expected one that can be written as C, found {found}; {remedy}"
    )


def check_graph(graph: Graph) -> None:
    """Raise ModelError unless the graph is one picture to one row of scores, in int8 throughout, of fixed shapes."""
    from firmware_bridge.lower import SUPPORTED

    if graph.subgraphs != 1 or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ModelError(
            f"expected a model with one graph, one input and one output, found {graph.subgraphs}, "
            f"{len(graph.inputs)} and {len(graph.outputs)}; export only the classifier"
        )
    unsupported = sorted({operator.kind for operator in graph.operators} - SUPPORTED)
    if unsupported:
        raise ModelError(
            f"the operators {', '.join(unsupported)} cannot be written as C; there are {', '.join(sorted(SUPPORTED))}; "
            "train one of the mcu recipes (edge-sort recipes), or use --target tflm"
        )
    for operator in graph.operators:
        _check_operator(operator)
    if graph.outputs[0].constant or not graph.operators:
        raise ModelError("expected a model that computes something, found a constant; convert it again")


def _check_operator(operator: Operator) -> None:
    if not operator.inputs or len(operator.outputs) != 1:
        raise refuse(operator, f"{len(operator.inputs)} inputs and {len(operator.outputs)} outputs", "convert it again")
    computed = [tensor for tensor in operator.inputs if not tensor.constant]
    if not computed:
        raise refuse(operator, "constants only", "convert the model again")
    for tensor in (*computed, *operator.outputs):
        _check_tensor(operator, tensor)


def _check_tensor(operator: Operator, tensor: Tensor) -> None:
    """A tensor that is computed: int8 (uint8 at a QUANTIZE), one scale, one zero point, a batch of 1."""
    kinds = ("INT8", "UINT8") if operator.kind in _QUANTIZES else ("INT8",)
    if tensor.dtype not in kinds:
        raise refuse(operator, f"{tensor.dtype.lower()} values", QUANTIZE)
    if len(tensor.scale) != 1 or len(tensor.zero_point) != 1 or not 0 < tensor.scale[0] < math.inf:
        raise refuse(operator, f"{len(tensor.scale)} scales of a tensor", "convert the model again")
    lowest = 0 if tensor.dtype == "UINT8" else -128
    if not lowest <= tensor.zero_point[0] <= lowest + 255:
        raise refuse(operator, f"a zero point of {tensor.zero_point[0]}", "convert the model again")
    if not tensor.fixed or not tensor.shape or any(not 0 < size <= MOST_SIDE for size in tensor.shape):
        raise refuse(operator, f"the shape {tensor.shape}", "convert the model with a fixed batch of 1")
    if len(tensor.shape) > 1 and tensor.shape[0] != 1:
        raise refuse(operator, f"a batch of {tensor.shape[0]}", "convert the model with a fixed batch of 1")
