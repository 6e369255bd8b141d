"""The small networks, built layer by layer. Each takes pixels 0..255 and rescales them in its first layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edge.errors import DataError
from edge.preprocess import InputSpec
from training.network_settings import Paper2Settings, SmallCnnSettings
from training.tensorflow_setup import load_keras

if TYPE_CHECKING:
    import keras


def build_small_cnn(classes: int, spec: InputSpec, settings: SmallCnnSettings) -> keras.Model:
    """Build paper 2's small convolutional network, for any number of classes.

    Rescaling to -1..1, blocks of a 3x3 convolution with ReLU and a 2x2 max-pool, a fully connected layer, softmax.
    Around zero, not 0..1: parts lie on a light ground, and a constant offset slows learning (on rendered parts 50
    epochs so learned more than 100 from 0..1).
    """
    keras = load_keras("training")
    layers = keras.layers
    pixels = keras.Input(spec.shape, name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(pixels)
    x = _convolution_blocks(x, spec, settings.filters)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(settings.dropout, name="dropout_1")(x)
    x = layers.Dense(settings.dense_units, activation="relu", name="dense")(x)
    x = layers.Dropout(settings.dropout, name="dropout_2")(x)
    scores = layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras.Model(pixels, scores, name="small_cnn")


def _convolution_blocks(x: Any, spec: InputSpec, filters: tuple[int, ...]) -> Any:
    needed, found = 2 ** len(filters), min(spec.width_px, spec.height_px)
    if found < needed:
        raise DataError(
            f"expected an input of at least {needed} px for {len(filters)} pooling layers, found {found}; "
            "use a larger --size"
        )
    layers = load_keras("training").layers
    for number, width in enumerate(filters, start=1):
        x = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv_{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{number}")(x)
    return x


def build_paper2(classes: int, spec: InputSpec, settings: Paper2Settings) -> keras.Model:
    """Build paper 2's network as published: blocks of 8, 16, 32 filters, flatten, a dense layer, one sigmoid.

    On the paper's 224 px grey input the flattened layer has 25088 values. Rescaling to 0..1 is our reading: the paper
    does not say.
    """
    settings.check_classes(classes)
    keras = load_keras("training")
    layers = keras.layers
    pixels = keras.Input(spec.shape, name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(pixels)
    x = _convolution_blocks(x, spec, (8, 16, 32))
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(settings.dense_units, activation="relu", name="dense")(x)
    score = layers.Dense(1, activation="sigmoid", name="score")(x)
    return keras.Model(pixels, score, name="paper2")
