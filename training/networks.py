"""The one table of networks: what a recipe calls `network.kind`, and who builds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.preprocess import InputSpec
from training.network_settings import NetworkSettings
from training.small_networks import build_small_cnn

if TYPE_CHECKING:
    import keras

_BUILDERS: dict[str, Callable[[int, InputSpec, Any], keras.Model]] = {
    "small-cnn": build_small_cnn,
}


def build_network(classes: int, spec: InputSpec, settings: NetworkSettings) -> keras.Model:
    """Build a network: pixels 0..255 of `spec.shape` in, scores out.

    Raises DataError when the input or the number of classes does not suit it.
    """
    return _BUILDERS[settings.kind](classes, spec, settings)
