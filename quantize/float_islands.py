"""A model of integers with a few layers left in float: allowed by name, never by silence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge.errors import ModelError
from quantize.convert import check_integer
from quantize.tflite_graph import TfliteGraph

_MOVES_ONLY = ("RESHAPE", "PAD", "MAX_POOL_2D", "SQUEEZE", "TRANSPOSE")


def with_readers(graph: TfliteGraph, layers: Sequence[str]) -> tuple[str, ...]:
    """Return these layers and those that read them, by the names of output tensors.

    A layer left in float by itself hands its answer on in int8: it is rounded all the same, and nothing is won but its
    weights. Only where whoever reads it computes in float too does the answer stay what it is.
    """
    computed = graph.computed
    found = [name for layer in layers for name in (layer, *_readers(graph, computed[layer]))]
    return tuple(dict.fromkeys(found))


def _readers(graph: TfliteGraph, tensor: int) -> Iterator[str]:
    for operator in graph.consumers(tensor):
        yield graph.name(graph.output(operator))
        if graph.kind(operator) in _MOVES_ONLY:
            yield from _readers(graph, graph.output(operator))


def check_islands(model: bytes, float_layers: Sequence[str]) -> None:
    """Raise ModelError unless the model is int8 at both ends and nothing but `float_layers` computes in float.

    float_layers: names of output tensors. Without any, this is `check_integer`.
    """
    if not float_layers:
        check_integer(model)
        return
    graph = TfliteGraph(model)
    _check_all_are_float(graph, float_layers)
    for tensor in graph.ends:
        if graph.type(tensor) != "INT8":
            raise ModelError(
                f"expected int8 at both ends of the model, found {graph.type(tensor).lower()} in "
                f"{graph.name(tensor)!r}; keep fewer layers in float"
            )
    for operator in graph.operators:
        tensor = graph.output(operator)
        if not graph.is_fixed(tensor):
            raise ModelError(f"expected fixed shapes, found a free one in {graph.name(tensor)!r}; train again")
        if graph.kind(operator) != "DEQUANTIZE" and graph.type(tensor).startswith("FLOAT"):
            _check_allowed(graph.name(tensor), float_layers)


def _check_all_are_float(graph: TfliteGraph, float_layers: Sequence[str]) -> None:
    names = {name for name, tensor in graph.computed.items() if graph.type(tensor).startswith("FLOAT")}
    for layer in float_layers:
        if not any(layer in (name, name[:-1]) for name in names):
            raise ModelError(
                f"expected {layer!r} to be computed in float, found no such layer; quantize without --rescue"
            )


def _check_allowed(name: str, float_layers: Sequence[str]) -> None:
    # the converter tells a tensor and its dequantized twin apart by a digit at the end
    if name not in float_layers and name[:-1] not in float_layers:
        raise ModelError(
            f"expected only {len(float_layers)} named layers to compute in float, found {name!r} too; "
            "quantize without --rescue"
        )
