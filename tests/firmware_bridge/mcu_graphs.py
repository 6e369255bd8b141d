"""The shapes of MobileNetV1-0.25 and ResNet-8 with random integer weights, made without a converter."""

from __future__ import annotations

from tests.integer_graphs import RELU, RELU6, IntegerGraph

LOGITS = 0.03  # a scale at which they are a few units, as a trained network's


class _ReluGraph(IntegerGraph):
    """One whose zero points are all those of values that are never below zero, as a trained network's mostly are."""

    def _zero(self):
        return -128


def mobilenet_v1_025():
    """96 x 96 px, two labels."""
    graph = _ReluGraph((96, 96, 3), 1)
    graph.pad(0, 1, 0, 1)
    graph.convolution(8, (3, 3), (2, 2), 1, RELU6)
    for width, stride in ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)):
        graph.depthwise((3, 3), (stride, stride), activation=RELU6)
        graph.convolution(width, (1, 1), activation=RELU6)
    graph.mean(keep=True)
    graph.convolution(2, (1, 1))
    return _ended(graph)


def resnet8():
    """32 x 32 px, ten labels."""
    graph = _ReluGraph((32, 32, 3), 1)
    graph.convolution(16, (3, 3), activation=RELU)
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        start = graph.at
        graph.convolution(width, (3, 3), (stride, stride), activation=RELU)
        straight = graph.convolution(width, (3, 3))
        if stride > 1:
            graph.at = start
            start = graph.convolution(width, (1, 1), (stride, stride))
        graph.addition(straight, start, RELU)
    graph.pool("AVERAGE_POOL_2D", (8, 8), (8, 8))
    graph.flatten()
    graph.dense(10)
    return _ended(graph)


def _ended(graph):
    graph.called(LOGITS)
    graph.softmax()
    return graph
