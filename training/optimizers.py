"""The optimizers a recipe can name, and the one table that makes them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from training.tensorflow_setup import load_keras

Decay = Annotated[float, Field(ge=0, lt=1)]


class _Optimizer(BaseModel):
    """schedule: "cosine" lets the learning rate sink to zero over the epochs."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    schedule: Literal["constant", "cosine"] = "constant"


class AdamSettings(_Optimizer):
    """Adam; the defaults are Keras's."""

    kind: Literal["adam"] = "adam"
    learning_rate: float = Field(default=0.001, gt=0)
    beta_1: Decay = 0.9
    beta_2: Decay = 0.999


class SgdSettings(_Optimizer):
    """Stochastic gradient descent; the defaults are Keras's: no momentum."""

    kind: Literal["sgd"] = "sgd"
    learning_rate: float = Field(default=0.01, gt=0)
    momentum: Decay = 0.0
    nesterov: bool = False


class RmspropSettings(_Optimizer):
    """RMSprop; the defaults are Keras's."""

    kind: Literal["rmsprop"] = "rmsprop"
    learning_rate: float = Field(default=0.001, gt=0)
    rho: Decay = 0.9
    momentum: Decay = 0.0


OptimizerSettings = Annotated[AdamSettings | SgdSettings | RmspropSettings, Field(discriminator="kind")]

_CLASSES = {"adam": "Adam", "sgd": "SGD", "rmsprop": "RMSprop"}


def make_optimizer(settings: AdamSettings | SgdSettings | RmspropSettings, steps: int) -> Any:
    """Make the Keras optimizer for a training of `steps` batches altogether."""
    optimizers = load_keras("training").optimizers
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = optimizers.schedules.CosineDecay(rate, decay_steps=steps)
    own = settings.model_dump(exclude={"kind", "schedule", "learning_rate"})
    return getattr(optimizers, _CLASSES[settings.kind])(learning_rate=rate, **own)
