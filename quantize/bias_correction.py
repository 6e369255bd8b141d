"""Take out of each layer what int8 shifts it by on average.

Rounded weights move a channel's mean a little, always the same way, and the shifts add up from layer to layer. The
mean difference between the layer in float and in int8, on the same int8 values, goes into its bias. Nagel et al.,
"Data-Free Quantization Through Weight Equalization and Bias Correction" (2019), section 4.2, measured on pictures
instead of derived from batch normalization.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from quantize.calibrated import Calibrated
from quantize.layers import layer_sums
from quantize.tflite_graph import TfliteGraph

_WITH_BIAS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")


def bias_corrected(calibrated: Calibrated, inputs: NDArray[np.uint8]) -> Calibrated:
    """Return the model with its biases corrected by what `inputs`, (N, H, W, C) uint8, show. Ranges stay."""
    sums = layer_sums(calibrated, inputs)

    def correct(graph: TfliteGraph) -> None:
        for pair, total in sums:
            operator = graph.operators[pair.operator]
            if graph.kind(operator) not in _WITH_BIAS or len(operator.inputs) < 3:
                continue
            bias = graph.constant(int(operator.inputs[2]))
            if bias is not None:
                graph.replace_constant(operator, 2, (bias + total.mean_shift).astype(np.float32))

    return calibrated.changed(correct)
