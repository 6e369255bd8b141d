"""The training loop: batches in, the network of the best epoch out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from edge.errors import DataError
from edge.preprocess import InputSpec
from training.augment import AugmentSettings, augment
from training.network import NetworkSettings, build_network
from training.tensorflow_setup import load_keras, load_tensorflow

if TYPE_CHECKING:
    import keras


class TrainSettings(BaseModel):
    """How to train. The optimizer is Adam, as in paper 2; the defaults were chosen on validation pictures.

    batch: pictures per step. schedule: "cosine" lets the learning rate sink to zero over the epochs. patience_epochs:
    stop when the validation loss has not improved for so long. augment: None trains on the pictures as they are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    epochs: int = Field(default=150, ge=1)
    batch: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=0.002, gt=0)
    schedule: Literal["constant", "cosine"] = "cosine"
    patience_epochs: int = Field(default=60, ge=1)
    weight_classes: bool = True
    augment: AugmentSettings | None = AugmentSettings()
    network: NetworkSettings = NetworkSettings()


@dataclass(frozen=True)
class Examples:
    """Model inputs, (N, H, W, C) uint8, and the position of each one's label, (N,) int64."""

    inputs: NDArray[np.uint8]
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class Epoch:
    """What one epoch gave. `loss` and `accuracy` are of the training pictures as varied, with dropout on."""

    number: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float
    seconds: float


@dataclass(frozen=True)
class Trained:
    """The network with the weights of `best_epoch`, the one with the lowest validation loss."""

    model: keras.Model
    history: tuple[Epoch, ...]
    best_epoch: int


def train_network(
    train: Examples,
    validation: Examples,
    classes: int,
    spec: InputSpec,
    settings: TrainSettings,
    seed: int,
    on_epoch: Callable[[Epoch], None],
) -> Trained:
    """Train the small network. The same arguments give the same network on one CPU machine.

    Raises DataError when training diverges.
    """
    keras, tensorflow = load_keras("training"), load_tensorflow("training")
    keras.utils.set_random_seed(seed)
    tensorflow.config.experimental.enable_op_determinism()
    model = build_network(classes, spec, settings.network)
    steps = -(-len(train.inputs) // settings.batch)
    model.compile(
        optimizer=keras.optimizers.Adam(_learning_rate(settings, steps)),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    history: list[Epoch] = []
    keep_best = keras.callbacks.EarlyStopping(
        monitor="val_loss", patience=settings.patience_epochs, restore_best_weights=True
    )
    model.fit(
        _batches(train, classes, settings, seed),
        steps_per_epoch=steps,
        epochs=settings.epochs,
        validation_data=(validation.inputs, validation.targets),
        validation_batch_size=256,
        shuffle=False,
        callbacks=[keep_best, keras.callbacks.TerminateOnNaN(), _reporter(history, on_epoch)],
        verbose=0,
    )
    if not all(np.isfinite((epoch.loss, epoch.validation_loss)).all() for epoch in history):
        raise DataError(
            f"expected the loss to sink, found it without bound in epoch {len(history)}; use a smaller --learning-rate "
            f"than {settings.learning_rate}"
        )
    best = min(history, key=lambda epoch: epoch.validation_loss)
    return Trained(model, tuple(history), best.number)


def _learning_rate(settings: TrainSettings, steps: int) -> Any:
    if settings.schedule == "constant":
        return settings.learning_rate
    schedules = load_keras("training").optimizers.schedules
    return schedules.CosineDecay(settings.learning_rate, decay_steps=steps * settings.epochs)


def _batches(
    train: Examples, classes: int, settings: TrainSettings, seed: int
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.int64], NDArray[np.float32]]]:
    """Yield (inputs, targets, weights) for ever. An epoch's order and variations depend on seed and epoch alone."""
    weights = _class_weights(train.targets, classes) if settings.weight_classes else np.ones(classes, np.float32)
    for epoch in itertools.count():
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(train.targets))
        for start in range(0, len(order), settings.batch):
            chosen = order[start : start + settings.batch]
            inputs, targets = train.inputs[chosen], train.targets[chosen]
            if settings.augment is not None:
                inputs = augment(inputs, settings.augment, random)
            yield inputs, targets, weights[targets]


def _class_weights(targets: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Weigh each class as if all had the same number of pictures; a picture weighs 1 on average."""
    return (len(targets) / (classes * np.bincount(targets, minlength=classes))).astype(np.float32)


def _reporter(history: list[Epoch], on_epoch: Callable[[Epoch], None]) -> Any:
    started = time.monotonic()

    def note(number: int, logs: dict[str, float]) -> None:
        history.append(
            Epoch(
                number=number + 1,
                loss=float(logs["loss"]),
                accuracy=float(logs["accuracy"]),
                validation_loss=float(logs["val_loss"]),
                validation_accuracy=float(logs["val_accuracy"]),
                seconds=round(time.monotonic() - started, 3),
            )
        )
        on_epoch(history[-1])

    return load_keras("training").callbacks.LambdaCallback(on_epoch_end=note)
