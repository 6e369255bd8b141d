"""A model whose weights alone are 8 bits: what passes between its layers stays float (TFLite's dynamic range).

It is as small as the full-integer model. Each layer rounds what it reads to 8 bits, but on a scale that fits the
picture at hand: no picture stretches the range of another, and what a layer gives is not rounded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from quantize.convert import check_settled, float_converter, run_converter, weights_in_8_bits
from training.dataset import Item
from training.tensorflow_setup import load_tensorflow


def convert_weights(model: Any) -> bytes:
    """Convert a Keras model to one with 8-bit weights and float ends; the same network gives the same bytes.

    The converter leaves the weights of small layers, below 1,024 numbers, in float. Raises ModelError when it refuses.
    """
    tf = load_tensorflow("converting a model")
    converter = float_converter(tf, model)
    weights_in_8_bits(tf, converter)
    converted = run_converter(converter)
    check_settled(converted)
    return converted


@dataclass(frozen=True)
class WeightsAlone:
    """The remedy that comes last: give up whole numbers between the layers. model: the Keras network."""

    model: Any
    name: str = "8-bit weights alone (dynamic range)"
    items: Sequence[Item] = ()  # no range is needed, so no calibration picture
    float_layers: tuple[str, ...] = ()

    def convert(self) -> bytes:
        """Return the model.tflite of this remedy. Made once: it begins with the Keras network, which takes its time."""
        return self._converted

    @cached_property
    def _converted(self) -> bytes:
        return convert_weights(self.model)
