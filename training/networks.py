"""The one table of networks: what a recipe calls `network.kind`, and who builds it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edge.preprocess import InputSpec
from training.keras_networks import KERAS_NETWORKS, build_keras_network
from training.mcu_networks import build_mcu_depthwise, build_mcu_residual
from training.network_settings import NetworkSettings
from training.small_networks import build_paper2, build_small_cnn

if TYPE_CHECKING:
    import keras

_BUILDERS: dict[str, Callable[[int, InputSpec, Any], keras.Model]] = {
    "small-cnn": build_small_cnn,
    "paper2": build_paper2,
    "mcu-depthwise": build_mcu_depthwise,
    "mcu-residual": build_mcu_residual,
    **dict.fromkeys(KERAS_NETWORKS, build_keras_network),
}


def build_network(classes: int, spec: InputSpec, settings: NetworkSettings) -> keras.Model:
    """Build a network: pixels 0..255 of `spec.shape` in, scores out.

    One sigmoid output is the score of the second of two classes; otherwise there is a score per class, summing to 1.
    Raises DataError when input, number of classes or weights do not suit it.
    """
    return _BUILDERS[settings.kind](classes, spec, settings)


def check_weights(spec: InputSpec, settings: NetworkSettings) -> None:
    """Load the trained weights that a network starts from, if any, and forget them: a wrong file is known in seconds.

    Raises DataError when they do not suit it.
    """
    if getattr(settings, "weights", "none") != "none":
        build_network(2, spec, settings)
