"""Paper 2's small convolutional network, for any number of classes.

Rescaling to -1..1, three blocks of a 3x3 convolution with ReLU and a 2x2 max-pool, a fully connected layer, softmax.
The paper does not give the width of the fully connected layer; ours is NetworkSettings' default. Rescaling is the first
layer, so nobody can forget it and it is quantized with the rest. Around zero, not 0..1: parts lie on a light ground,
and a constant offset slows learning (on rendered parts 50 epochs so learned more than 100 from 0..1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from edge.errors import DataError
from edge.preprocess import InputSpec
from training.tensorflow_setup import load_keras

if TYPE_CHECKING:
    import keras


class NetworkSettings(BaseModel):
    """Sizes of the network. 48 units on a 96 px input make an int8 model of about 240 kB."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    filters: tuple[int, ...] = Field(default=(8, 16, 32), min_length=1)
    dense_units: int = Field(default=48, ge=1)
    dropout: float = Field(default=0.0, ge=0, lt=1)


def build_network(classes: int, spec: InputSpec, settings: NetworkSettings) -> keras.Model:
    """Build the network, untrained: pixels 0..255 of `spec.shape` in, `classes` scores that sum to 1 out.

    Raises DataError when the input is too small for its pooling layers.
    """
    needed, found = 2 ** len(settings.filters), min(spec.width_px, spec.height_px)
    if found < needed:
        raise DataError(
            f"expected an input of at least {needed} px for {len(settings.filters)} pooling layers, found {found}; "
            "use a larger --size"
        )
    keras = load_keras("training")
    layers = keras.layers
    pixels = keras.Input(spec.shape, name="pixels")
    x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(pixels)
    for number, filters in enumerate(settings.filters, start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv_{number}")(x)
        x = layers.MaxPooling2D(2, name=f"pool_{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(settings.dropout, name="dropout_1")(x)
    x = layers.Dense(settings.dense_units, activation="relu", name="dense")(x)
    x = layers.Dropout(settings.dropout, name="dropout_2")(x)
    scores = layers.Dense(classes, activation="softmax", name="scores")(x)
    return keras.Model(pixels, scores, name="small_cnn")
