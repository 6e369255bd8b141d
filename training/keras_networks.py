"""The networks of keras.applications: one builder for all, with the pixels' way into each of them inside.

Each was trained with another preprocessing. Here it is made of the network's own first layers, so all take pixels
0..255 and nobody can forget it. A grey input is repeated three times. The layer "features" ends the backbone; what
follows it is the classifier.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from edge.preprocess import InputSpec
from training.network_settings import KerasNetworkSettings, MobileNetSettings
from training.tensorflow_setup import load_keras

if TYPE_CHECKING:
    import keras

FEATURES = "features"
_MIN_PX = 32
_MOST_MOMENTUM = 0.99  # Keras's default
_IMAGENET_MEAN = (123.68, 116.779, 103.939)  # red, green, blue
_IMAGENET_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class KerasNetwork:
    """How one of them is made.

    rescale: from pixels to what its first layer expects, where Keras does not do it inside. first_kernel: the first
    convolution, and what to do to its kernel, given whether the weights are a file. block: a pattern whose matches in
    layer names are the blocks, for fine-tuning the last ones.
    """

    builder: str
    block: str
    rescale: Callable[[Any], Any] | None = None
    first_kernel: tuple[str, Callable[[NDArray[Any], bool], NDArray[Any]]] | None = None


def _to_one(x: Any) -> Any:
    return load_keras("training").layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)


def _without_mean(x: Any) -> Any:
    return load_keras("training").layers.Normalization(mean=_IMAGENET_MEAN, variance=(1, 1, 1), name="rescale")(x)


def _blue_first(kernel: NDArray[Any], _from_file: bool) -> NDArray[Any]:
    """These weights were trained on blue, green, red: the kernel turns around once, so that no picture has to."""
    return kernel[:, :, ::-1, :]


def _deviation(kernel: NDArray[Any], from_file: bool) -> NDArray[Any]:
    """Keras divides by the root of the deviation once more, in a layer that it adds for its own download only."""
    return kernel / np.sqrt(_IMAGENET_DEVIATION)[None, None, :, None] if from_file else kernel


KERAS_NETWORKS: dict[str, KerasNetwork] = {
    "mobilenet-v2": KerasNetwork("MobileNetV2", r"block_\d+|Conv_1", _to_one),
    "mobilenet-v3-small": KerasNetwork("MobileNetV3Small", r"expanded_conv_\d+|^conv_1"),
    "efficientnet-b0": KerasNetwork("EfficientNetB0", r"block\d[a-z]|^top", None, ("stem_conv", _deviation)),
    "resnet50": KerasNetwork("ResNet50", r"conv\d_block\d", _without_mean, ("conv1_conv", _blue_first)),
    "vgg16": KerasNetwork("VGG16", r"block\d", _without_mean, ("block1_conv1", _blue_first)),
}

# of keras.applications, as its own checks state them
_IMAGENET_ALPHAS = {"mobilenet-v2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4), "mobilenet-v3-small": (0.75, 1.0)}


def build_keras_network(classes: int, spec: InputSpec, settings: KerasNetworkSettings) -> keras.Model:
    """Build one of KERAS_NETWORKS under a new classifier. Raises DataError when input or weights do not suit it."""
    if min(spec.width_px, spec.height_px) < _MIN_PX:
        raise DataError(
            f"expected an input of at least {_MIN_PX} px for {settings.kind}, found {spec.width_px}x{spec.height_px}; "
            "use a larger --size"
        )
    keras = load_keras("training")
    entry = KERAS_NETWORKS[settings.kind]
    pixels = keras.Input(spec.shape, name="pixels")
    x = keras.layers.Concatenate(name="repeat_grey")([pixels] * 3) if spec.color == "grey" else pixels
    backbone = _backbone(entry, settings, entry.rescale(x) if entry.rescale else x)
    x = keras.layers.GlobalAveragePooling2D(name=FEATURES)(backbone.output)
    x = keras.layers.Dropout(settings.dropout, name="head_dropout")(x)
    scores = keras.layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras.Model(pixels, scores, name=settings.kind.replace("-", "_"))


def _backbone(entry: KerasNetwork, settings: KerasNetworkSettings, x: Any) -> keras.Model:
    keras = load_keras("training")
    width = {"alpha": settings.alpha} if isinstance(settings, MobileNetSettings) else {}
    weights = None if settings.weights == "none" else settings.weights
    known = _IMAGENET_ALPHAS.get(settings.kind, ()) if weights == "imagenet" else ()
    if known and width["alpha"] not in known:
        raise DataError(
            f"network.alpha: expected one of {', '.join(map(str, known))}, for which Keras has ImageNet weights of "
            f"{settings.kind}, found {width['alpha']}; correct it, or give --weights FILE or none"
        )
    if weights not in (None, "imagenet") and not Path(weights).is_file():
        raise DataError(f"{weights}: expected a file of weights for {settings.kind}, found none; correct --weights")
    try:
        # Keras warns that for odd sizes it takes the weights for 224 px, which serve, and tells of downloads on stdout.
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore", UserWarning)
            backbone = getattr(keras.applications, entry.builder)(
                input_tensor=x, input_shape=tuple(x.shape[1:]), include_top=False, weights=weights, **width
            )
    except Exception as error:  # Keras raises whatever its download, its checks and its HDF5 reader raise
        raise DataError(_no_weights(settings, error)) from error
    if weights is None:
        _follow_sooner(backbone)
    if weights and entry.first_kernel:
        name, change = entry.first_kernel
        _change_kernel(backbone.get_layer(name), lambda kernel: change(kernel, weights != "imagenet"))
    return backbone


def _follow_sooner(backbone: keras.Model) -> None:
    """Let batch normalization average over a hundred steps, not the thousand that some networks have for ImageNet.

    A few hundred pictures make too few steps for that: the trained network would still answer as an untrained one.
    """
    keras = load_keras("training")
    for layer in backbone.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = min(layer.momentum, _MOST_MOMENTUM)


def _change_kernel(layer: Any, change: Callable[[NDArray[Any]], NDArray[Any]]) -> None:
    kernel, *others = layer.get_weights()
    layer.set_weights([change(kernel), *others])


def _no_weights(settings: KerasNetworkSettings, error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    if settings.weights == "imagenet":
        return (
            f"{settings.kind}: expected its ImageNet weights, which Keras downloads once, found: {lines[0]}; "
            "connect to the internet, or give --weights FILE, or --weights none to start from random ones"
        )
    return (
        f"{settings.weights}: expected Keras weights of {settings.kind} without its top, found: {lines[0]}; "
        "give a file made for this network"
    )
