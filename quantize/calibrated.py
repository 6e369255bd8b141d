"""The step between the float and the integer model: a float .tflite in which every range is noted.

TensorFlow's converter makes it on its way and throws it away. Kept, it can be quantized again in a fraction of a
second with other ranges, other weights, or with layers left in float, by the very code that made the plain int8 model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.extras import need
from quantize.convert import calibrated_converter
from quantize.quiet import quiet
from quantize.tflite_graph import TfliteGraph
from training.tensorflow_setup import load_tensorflow


@dataclass(frozen=True)
class Calibrated:
    """The bytes of such a model, batch normalization folded, for one picture at a time."""

    data: bytes

    def quantized(self, float_layers: Sequence[str] = ()) -> bytes:
        """Return the int8 model, int8 at both ends. float_layers: names of output tensors whose layers stay float."""
        return self._quantize(denylisted_nodes=list(float_layers) or None)

    def verifying(self, float_layers: Sequence[str] = ()) -> bytes:
        """Return an int8 model that also computes every layer in float, from the same int8 values.

        Only TensorFlow's own interpreter runs it: each such pair ends in an operator of its own, NumericVerify.
        """
        return self._quantize(denylisted_nodes=list(float_layers) or None, enable_numeric_verify=True)

    def changed(self, change: Callable[[TfliteGraph], None]) -> Calibrated:
        """Return a copy that `change` has altered."""
        graph = TfliteGraph(self.data)
        change(graph)
        return Calibrated(graph.packed())

    def _quantize(self, **options: Any) -> bytes:
        tf = load_tensorflow("converting a model")
        with quiet():
            python = need("tensorflow.lite.python.convert", "desktop", "converting a model")
            try:
                quantized: bytes = python.mlir_quantize(
                    self.data,
                    input_data_type=tf.int8,
                    output_data_type=tf.int8,
                    disable_per_channel_for_dense_layers=True,  # see quantize.convert
                    **options,
                )
            except Exception as error:  # the converter raises every kind there is
                raise ModelError(f"expected a model that can be quantized, found: {error}; train again") from error
        return quantized


def calibrate(model: Any, calibration: NDArray[np.uint8]) -> Calibrated:
    """Convert a Keras model as `quantize.convert.convert` does, but stop before the ranges become integers.

    model: its input's values are pixels 0..255. calibration: (N, H, W, C) uint8.
    Raises ModelError when the converter refuses.
    """
    with quiet():
        converter = calibrated_converter(model, calibration)
        converter._experimental_calibrate_only = True
        try:
            return Calibrated(converter.convert())
        except Exception as error:  # the converter raises every kind there is
            raise ModelError(f"expected a network that can be calibrated, found: {error}; train again") from error
