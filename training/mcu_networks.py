"""Networks for microcontrollers: under 250 kB as int8, and only operators that run there in integers.

Once converted there are CONV_2D, DEPTHWISE_CONV_2D, ADD, MEAN, FULLY_CONNECTED and SOFTMAX, nothing else. Batch
normalization folds into the convolutions; rescaling is a 1x1 depthwise convolution with fixed weights, because a
Rescaling layer becomes MUL and ADD with operands that not every accelerator takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.errors import DataError
from edge.preprocess import InputSpec
from training.network_settings import McuSettings
from training.tensorflow_setup import load_keras

if TYPE_CHECKING:
    import keras


def build_mcu_depthwise(classes: int, spec: InputSpec, settings: McuSettings) -> keras.Model:
    """Build a network of depthwise separable convolutions, as MobileNet's first version but shorter."""
    pixels, x = _start(spec, settings)
    for width in settings.filters[1:]:
        for number in range(settings.depth):
            x = _depthwise(x, stride=2 if number == 0 else 1)
            x = _convolution(x, width, size=1)
    return _finish(pixels, x, classes, settings, "mcu_depthwise")


def build_mcu_residual(classes: int, spec: InputSpec, settings: McuSettings) -> keras.Model:
    """Build a network of residual blocks, as the ResNet-8 of the MLPerf Tiny benchmark but halving in its stem."""
    pixels, x = _start(spec, settings)
    for width in settings.filters[1:]:
        for number in range(settings.depth):
            x = _residual(x, width, stride=2 if number == 0 else 1)
    return _finish(pixels, x, classes, settings, "mcu_residual")


def _start(spec: InputSpec, settings: McuSettings) -> tuple[Any, Any]:
    needed, found = 2 ** len(settings.filters), min(spec.width_px, spec.height_px)
    if found < needed:
        raise DataError(
            f"expected an input of at least {needed} px for {len(settings.filters)} halvings, found {found}; "
            "use a larger --size"
        )
    keras = load_keras("training")
    pixels = keras.Input(spec.shape, name="pixels")
    x = keras.layers.DepthwiseConv2D(
        1,
        depthwise_initializer=keras.initializers.Constant(1 / 127.5),
        bias_initializer=keras.initializers.Constant(-1),
        trainable=False,
        name="rescale",
    )(pixels)
    return pixels, _convolution(x, settings.filters[0], size=3, stride=2)


def _finish(pixels: Any, x: Any, classes: int, settings: McuSettings, name: str) -> keras.Model:
    keras = load_keras("training")
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    x = keras.layers.Dropout(settings.dropout, name="dropout")(x)
    scores = keras.layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras.Model(pixels, scores, name=name)


def _residual(x: Any, width: int, stride: int) -> Any:
    layers = load_keras("training").layers
    straight = x
    if stride != 1 or x.shape[-1] != width:
        straight = _convolution(x, width, size=1, stride=stride, activate=False)
    x = _convolution(x, width, size=3, stride=stride)
    x = _convolution(x, width, size=3, activate=False)
    return layers.ReLU()(layers.Add()([x, straight]))


def _convolution(x: Any, width: int, size: int, stride: int = 1, activate: bool = True) -> Any:
    layers = load_keras("training").layers
    x = layers.Conv2D(width, size, strides=stride, padding="same", use_bias=False)(x)
    return _normalized(x, activate)


def _depthwise(x: Any, stride: int) -> Any:
    layers = load_keras("training").layers
    return _normalized(layers.DepthwiseConv2D(3, strides=stride, padding="same", use_bias=False)(x), True)


def _normalized(x: Any, activate: bool) -> Any:
    """Batch normalization with a short memory: a training on a few hundred pictures has few steps."""
    layers = load_keras("training").layers
    x = layers.BatchNormalization(momentum=0.9)(x)
    return layers.ReLU()(x) if activate else x
