"""The step between the float and the integer model: a float .tflite in which every range is noted.

TensorFlow's converter makes it on its way and throws it away. Kept, it can be quantized again in a fraction of a
second with other ranges, other weights, or with layers left in float, by the very code that made the plain int8 model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from edge.extras import need
from quantize.converter import refusal
from quantize.quiet import quiet
from quantize.tflite_graph import TfliteGraph
from training.tensorflow_setup import load_tensorflow

Ends = Literal["int8", "uint8"]  # what the model takes and gives


@dataclass(frozen=True)
class Calibrated:
    """The bytes of such a model, batch normalization folded, for one picture at a time. See `quantize.convert`."""

    data: bytes

    def quantized(self, float_layers: Sequence[str] = (), ends: Ends = "int8") -> bytes:
        """Return the int8 model. float_layers: names of output tensors whose layers stay float.

        Raises ModelError when TensorFlow refuses.
        """
        with quiet():
            python = need("tensorflow.lite.python.convert", "desktop", "converting a model")
            quantized = self._quantize(ends, denylisted_nodes=list(float_layers) or None)
            shared: bytes = python.deduplicate_readonly_buffers(quantized)  # equal constants once, as TensorFlow does
        return shared

    def verifying(self, float_layers: Sequence[str] = ()) -> bytes:
        """Return an int8 model that also computes every layer in float, from the same int8 values.

        Only TensorFlow's own interpreter runs it: each such pair ends in an operator of its own, NumericVerify.
        """
        return self._quantize("int8", denylisted_nodes=list(float_layers) or None, enable_numeric_verify=True)

    def changed(self, change: Callable[[TfliteGraph], None]) -> Calibrated:
        """Return a copy that `change` has altered."""
        graph = TfliteGraph(self.data)
        change(graph)
        return Calibrated(graph.packed())

    def _quantize(self, ends: Ends, **options: Any) -> bytes:
        tf = load_tensorflow("converting a model")
        with quiet():
            python = need("tensorflow.lite.python.convert", "desktop", "converting a model")
            try:
                quantized: bytes = python.mlir_quantize(
                    self.data,
                    input_data_type=getattr(tf, ends),
                    output_data_type=getattr(tf, ends),
                    disable_per_channel_for_dense_layers=True,  # see quantize.converter
                    **options,
                )
            except Exception as error:  # it raises every kind there is
                raise refusal(error) from error
        return quantized
