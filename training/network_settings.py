"""What a recipe may say about each kind of network. Plain data: TensorFlow is not needed to read a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from edge.errors import DataError

Share = Annotated[float, Field(ge=0, lt=1)]
Width = Annotated[int, Field(ge=1, le=8192)]  # of a layer


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class SmallCnnSettings(_Settings):
    """Paper 2's network for any number of classes. 48 units on a 96 px input make an int8 model of about 240 kB."""

    kind: Literal["small-cnn"] = "small-cnn"
    filters: tuple[Width, ...] = Field(default=(8, 16, 32), min_length=1)
    dense_units: Width = 48
    dropout: Share = 0.0


class Paper2Settings(_Settings):
    """Paper 2's network as published, for two classes. The paper does not give the width of its dense layer."""

    kind: Literal["paper2"] = "paper2"
    dense_units: Width = 64

    def check_classes(self, classes: int) -> None:
        """Raise DataError unless there are two: asked before the work starts."""
        if classes != 2:
            raise DataError(
                f"expected two classes for paper 2's network, whose one output tells two apart, found {classes}; "
                "use --recipe small-cnn"
            )


class McuSettings(_Settings):
    """A network for a microcontroller: of depthwise separable convolutions, or of residual blocks.

    filters: of the stem, then of each stage; every stage halves the side. depth: blocks per stage.
    """

    kind: Literal["mcu-depthwise", "mcu-residual"]
    filters: tuple[Width, ...] = Field(min_length=2)
    depth: int = Field(default=1, ge=1, le=100)
    dropout: Share = 0.0


class KerasNetworkSettings(_Settings):
    """A network of keras.applications under a new classifier.

    weights: "imagenet" (downloaded by Keras once), "none", or a file of weights without the top. dropout: before the
    classifier.
    """

    kind: Literal["efficientnet-b0", "resnet50", "vgg16"]
    weights: str = Field(default="imagenet", min_length=1)
    dropout: Share = 0.2


class MobileNetSettings(KerasNetworkSettings):
    """A MobileNet. alpha: width of its layers, as a factor; Keras has trained weights for some of them."""

    kind: Literal["mobilenet-v2", "mobilenet-v3-small"]  # type: ignore[assignment]  # a union of its own, by kind
    alpha: float = Field(default=1.0, gt=0, le=2)


NetworkSettings = Annotated[
    SmallCnnSettings | Paper2Settings | McuSettings | KerasNetworkSettings | MobileNetSettings,
    Field(discriminator="kind"),
]
