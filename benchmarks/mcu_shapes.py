"""Networks that microcontrollers are measured with, with random weights, as integer models.

The shapes are those of MLPerf Tiny (ResNet-8 on 32 x 32, MobileNetV1-0.25 on 96 x 96) and of keras.applications.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.preprocess import InputSpec
from quantize.convert import convert
from training.mcu_networks import build_mcu_depthwise, build_mcu_residual
from training.network_settings import McuSettings
from training.tensorflow_setup import load_keras


def resnet8() -> Any:
    """ResNet-8 of MLPerf Tiny: three stacks of 16, 32 and 64 filters."""
    keras = load_keras("training")
    layers = keras.layers

    def convolution(x: Any, width: int, size: int, stride: int = 1, activate: bool = True) -> Any:
        x = layers.BatchNormalization()(layers.Conv2D(width, size, strides=stride, padding="same")(x))
        return layers.ReLU()(x) if activate else x

    pixels = keras.Input((32, 32, 3))
    x = convolution(pixels, 16, 3)
    for width, stride in ((16, 1), (32, 2), (64, 2)):
        straight = x if stride == 1 else layers.Conv2D(width, 1, strides=stride, padding="same")(x)
        x = convolution(convolution(x, width, 3, stride), width, 3, activate=False)
        x = layers.ReLU()(layers.Add()([x, straight]))
    x = layers.Flatten()(layers.AveragePooling2D(8)(x))
    return keras.Model(pixels, layers.Dense(10, activation="softmax")(x))


def mobilenet_v1() -> Any:
    """MobileNetV1-0.25 on 96 x 96, two labels."""
    return load_keras("training").applications.MobileNet((96, 96, 3), alpha=0.25, weights=None, classes=2)


def mobilenet_v2() -> Any:
    """MobileNetV2-0.35 on 96 x 96, two labels."""
    return load_keras("training").applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=2)


# as in the recipes mcu-depthwise and mcu-residual
_SPEC = InputSpec(width_px=96, height_px=96)
_DEPTHWISE = McuSettings(kind="mcu-depthwise", filters=(16, 32, 64, 128), depth=2)
_RESIDUAL = McuSettings(kind="mcu-residual", filters=(16, 16, 32, 64), depth=1)

SHAPES: dict[str, Callable[[], Any]] = {
    "resnet8": resnet8,
    "mobilenet-v1-025": mobilenet_v1,
    "mobilenet-v2-035": mobilenet_v2,
    "mcu-depthwise": lambda: build_mcu_depthwise(7, _SPEC, _DEPTHWISE),
    "mcu-residual": lambda: build_mcu_residual(7, _SPEC, _RESIDUAL),
}


def integer_model(name: str, seed: int = 0) -> bytes:
    """Return a .tflite of a shape with random weights that let something through every layer."""
    keras = load_keras("training")
    keras.utils.set_random_seed(seed)
    network, random = SHAPES[name](), np.random.default_rng(seed)
    pictures = coloured(network.input_shape[1:], 16, seed)
    normalizations = [one for one in network.layers if isinstance(one, keras.layers.BatchNormalization)]
    for layer in normalizations:
        gamma, beta, *moments = layer.get_weights()
        layer.set_weights([random.uniform(0.7, 1.4, gamma.shape), random.normal(0, 0.3, beta.shape), *moments])
        layer.momentum = 0.0  # the next pass sets mean and variance to what it sees
    network(pictures.astype(np.float32), training=True)
    _make_doubtful(network, pictures)
    return convert(network, pictures)


def coloured(shape: tuple[int, ...], count: int, seed: int) -> NDArray[np.uint8]:
    """Return (count, *shape) uint8: 16 fields of random colours under noise. Of noise alone all answers are alike."""
    random = np.random.default_rng(seed)
    height, width, channels = shape
    fields = random.integers(0, 256, (count, 4, 4, channels))
    large = fields.repeat(-(-height // 4), axis=1).repeat(-(-width // 4), axis=2)[:, :height, :width]
    return np.clip(large + random.integers(-40, 41, large.shape), 0, 255).astype(np.uint8)


def _make_doubtful(network: Any, pictures: NDArray[np.uint8]) -> None:
    """Weaken the last layer until its scores are none of sure ones: answers that are all alike would prove little."""
    last = [layer for layer in network.layers if layer.get_weights()][-1]
    for _ in range(12):
        if network.predict(pictures.astype(np.float32), verbose=0).max(axis=-1).mean() < 0.8:
            return
        last.set_weights([values / 2 for values in last.get_weights()])
