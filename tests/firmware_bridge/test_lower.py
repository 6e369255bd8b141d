"""What cannot be written as C is refused by name, with what to do."""

from __future__ import annotations

import pytest

from edge.errors import ModelError
from edge.model_graph import read_graph
from firmware_bridge.lower import lower
from firmware_bridge.micro_operators import resolver_methods
from tests.integer_graphs import IntegerGraph
from tests.small_graphs import SWISH, graph


def _operator(kind, **options):
    made = IntegerGraph((6, 6, 4), 1)
    target = made.tensor((1, 6, 6, 4), **options)
    made.operator(kind, (made.at,), target)
    return made.packed()


def _wide_logistic():
    made = IntegerGraph((6, 6, 4), 1, scale=2.5)
    made.logistic()
    return made.packed()


def _wide_window():
    made = IntegerGraph((16, 16, 1), 1)
    made.convolution(1, (16, 16))
    return made.packed()


def _wide_pool():
    made = IntegerGraph((260, 4, 1), 1)
    made.pool("AVERAGE_POOL_2D", (260, 1), (1, 1))
    return made.packed()


def _two_constants():
    made = IntegerGraph((6, 6, 4), 1)
    weights = made.tensor((4,), values=b"\1\2\3\4")
    made.operator("MUL", (made.at, weights), made.tensor((1, 6, 6, 4)), ("MulOptions", {}))
    return made.packed()


@pytest.mark.parametrize(
    ("model", "words"),
    [
        (graph(SWISH), "HARD_SWISH cannot be written as C"),
        (_operator("RELU", dtype="INT16"), "int16 values; quantize the whole model"),
        (_operator("RELU", dtype="FLOAT32"), "float32 values; quantize the whole model"),
        (_operator("RELU", scale=[0.1] * 4, axis=3), "4 scales of a tensor"),
        (_wide_logistic(), "an input scale of 2.5, at which TensorFlow Lite's own kernels differ"),
        (_wide_window(), "a window of 16 x 16; use a smaller one"),
        (_wide_pool(), "size outside 1 to 255; use a smaller window"),
        (_two_constants(), "several constants; rescale with one factor"),
    ],
)
def test_a_model_that_cannot_be_written_is_refused_by_name(model, words):
    """Operator, what was found, and a remedy in one sentence."""
    with pytest.raises(ModelError, match=words):
        lower(read_graph(model))


def test_an_operator_that_tensorflow_lite_micro_lacks_is_named():
    """Before anything is written."""
    with pytest.raises(ModelError, match="the operators ROUND: expected"):
        resolver_methods(read_graph(_operator("ROUND")))


def test_the_resolver_is_asked_for_exactly_the_operators_used():
    """Each other one would cost flash."""
    assert resolver_methods(read_graph(graph(SWISH))) == (
        "AddConv2D", "AddDepthwiseConv2D", "AddFullyConnected", "AddHardSwish", "AddReshape", "AddSoftmax",
    )  # fmt: skip
