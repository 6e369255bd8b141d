"""Networks drawn at random: shapes, strides, paddings, dilations, quantization; every byte must be the reference's."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.firmware_bridge.compiled_models import compile_models
from tests.integer_graphs import NONE, RELU, RELU6, SAME, VALID, IntegerGraph

SIDES = st.integers(1, 3)
PAIRS = st.tuples(SIDES, SIDES)
ACTIVATIONS = st.sampled_from((NONE, RELU, RELU6))
UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)  # a smaller example takes minutes of compiling to find
PADDINGS = st.sampled_from((SAME, SAME, VALID))


@st.composite
def networks(draw):
    """A chain of up to five operators on a small picture, then a classifier's end."""
    heights = st.integers(4, 9)  # less would be taken for channels that come first
    shape = draw(st.tuples(heights, st.integers(1, 9), st.integers(1, 9)))
    zero = draw(st.integers(-128, 127))
    graph = IntegerGraph(shape, draw(st.integers(0, 2**16)), scale=draw(st.floats(0.002, 0.4)), zero=zero)
    for _ in range(draw(st.integers(1, 5))):
        _extend(draw, graph)
    for end in draw(st.sampled_from(((), ("mean",), ("flatten", "dense", "softmax"), ("mean", "dense", "softmax"),
                                     ("flatten", "dense", "logistic")))):  # fmt: skip
        if end == "logistic" and graph.quantization()[0] >= 2:
            graph.requantize(scale=draw(st.floats(0.001, 1.9)))
        getattr(graph, end)(*((draw(st.integers(1, 6)),) if end == "dense" else ()))
    return Drawn(graph.packed())


@dataclass(frozen=True)
class Drawn:
    """A model whose bytes are not printed when it fails."""

    model: bytes = field(repr=False)


def _extend(draw, graph):
    kind = draw(st.sampled_from(("convolution", "depthwise", "residual", "pool", "pad", "constant", "requantize")))
    window, stride, padding = draw(PAIRS), draw(PAIRS), draw(PADDINGS)
    dilation = draw(st.sampled_from(((1, 1), (1, 1), (2, 1), (2, 3)))) if stride == (1, 1) else (1, 1)
    spans = [(size - 1) * apart + 1 for size, apart in zip(window, dilation, strict=True)]
    if any(span > side for span, side in zip(spans, graph.shape()[1:3], strict=True)):
        padding = SAME
    if kind == "convolution":
        graph.convolution(draw(st.integers(1, 9)), window, stride, padding, draw(ACTIVATIONS), dilation)
    elif kind == "depthwise":
        graph.depthwise(window, stride, padding, draw(ACTIVATIONS), dilation, draw(st.sampled_from((1, 1, 2))))
    elif kind == "residual":
        start = graph.at
        graph.addition(graph.depthwise(window), start, draw(ACTIVATIONS))
    elif kind == "pool":
        padding = SAME if any(size > side for size, side in zip(window, graph.shape()[1:3], strict=True)) else padding
        name = draw(st.sampled_from(("MAX_POOL_2D", "AVERAGE_POOL_2D")))
        graph.pool(name, window, stride, padding, draw(ACTIVATIONS))
    elif kind == "pad":
        graph.pad(*draw(st.tuples(*[st.integers(0, 2)] * 4)))
    elif kind == "constant":
        graph.constant_operand(draw(st.sampled_from(("MUL", "ADD"))))
    else:
        graph.requantize(draw(st.sampled_from(("QUANTIZE", "RELU", "RELU6"))))


def _check(models, pictures):
    with tempfile.TemporaryDirectory() as folder:
        for one in compile_models(models, Path(folder)):
            assert one.differing(pictures) == 0


@settings(max_examples=4, deadline=None, derandomize=True, phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
@given(networks())
def test_a_random_network_answers_as_the_reference(drawn):
    """A handful, compiled under the sanitizer, on every run of the tests."""
    _check([drawn.model], 5)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, phases=UNSHRUNK, suppress_health_check=list(HealthCheck))
@given(st.lists(networks(), min_size=5, max_size=5))
def test_many_random_networks_answer_as_the_reference(drawn):
    """Three hundred of them, other ones each time."""
    _check([one.model for one in drawn], 20)
