"""The training loop: batches in, the network of the epoch to keep out."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from training.augment import augment
from training.distribute import Distribution
from training.distributed_fit import fit_distributed
from training.networks import build_network
from training.optimizers import OptimizerSettings, make_optimizer
from training.recipe import Recipe
from training.tensorflow_setup import load_keras, load_tensorflow

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Examples:
    """Model inputs, (N, H, W, C) uint8 or (N, F) features, and the position of each one's label, (N,) int64."""

    inputs: NDArray[Any]
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
    """The network with the weights of `best_epoch`: the one with the lowest validation loss, or the last one."""

    model: keras.Model
    history: tuple[Epoch, ...]
    best_epoch: int


@dataclass(frozen=True)
class Stage:
    """One stretch of training. keep: the recipe's "best" or "last"."""

    epochs: int
    optimizer: OptimizerSettings
    patience_epochs: int | None
    keep: str


class Hears(Protocol):
    """Hears how far a training is."""

    def say(self, line: str) -> None:
        """Hear a remark for the user."""

    def features(self, done: int, total: int) -> None:
        """Hear that `done` of `total` features are ready."""

    def epoch(self, epoch: Epoch) -> None:
        """Hear what an epoch gave."""


Batches = Iterator[tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float32]]]


def train_network(
    train: Examples,
    validation: Examples,
    classes: int,
    recipe: Recipe,
    on_epoch: Callable[[Epoch], None],
    distribution: Distribution | None = None,
) -> Trained:
    """Train the whole network on pixels. The same arguments give the same network on one CPU machine.

    Raises DataError when training diverges, ClusterError when a worker is gone.
    """
    make_repeatable(recipe.seed)
    model = build_network(classes, recipe.input, recipe.network)
    stage = Stage(recipe.epochs, recipe.optimizer, recipe.patience_epochs, recipe.keep)
    history: list[Epoch] = []
    steps = -(-len(train.inputs) // recipe.batch)
    kept = fit(model, stage, pixel_batches(train, classes, recipe), steps, validation, history, on_epoch, distribution)
    return Trained(model, tuple(history), kept)


def make_repeatable(seed: int) -> None:
    """Fix every source of chance in Keras and TensorFlow."""
    load_keras("training").utils.set_random_seed(seed)
    load_tensorflow("training").config.experimental.enable_op_determinism()


def fit(
    model: keras.Model,
    stage: Stage,
    batches: Batches,
    steps: int,
    validation: Examples,
    history: list[Epoch],
    on_epoch: Callable[[Epoch], None],
    distribution: Distribution | None = None,
) -> int:
    """Train `model` for one stage of `steps` batches per epoch; return the number of the epoch whose weights it has.

    Epochs are appended to `history` and numbered on from there. distribution: None means here, on one device.
    Raises DataError when training diverges, ClusterError when a worker is gone.
    """
    callbacks = load_keras("training").callbacks
    before = len(history)
    compile_for(model, make_optimizer(stage.optimizer, steps * stage.epochs))
    stop_or_restore = callbacks.EarlyStopping(
        monitor="val_loss",
        patience=stage.patience_epochs or stage.epochs,
        restore_best_weights=stage.keep == "best",
    )
    fit_model = partial(fit_distributed, distribution, model) if distribution else model.fit
    fit_model(
        batches,
        steps_per_epoch=steps,
        epochs=stage.epochs,
        validation_data=(validation.inputs, validation.targets),
        validation_batch_size=256,
        shuffle=False,
        callbacks=[stop_or_restore, callbacks.TerminateOnNaN(), _reporter(history, on_epoch)],
        verbose=0,
    )
    own = history[before:]
    if not all(np.isfinite((epoch.loss, epoch.validation_loss)).all() for epoch in own):
        raise DataError(
            f"expected the loss to sink, found it without bound in epoch {len(history)}; use a smaller --learning-rate "
            f"than {stage.optimizer.learning_rate}"
        )
    return min(own, key=lambda epoch: epoch.validation_loss).number if stage.keep == "best" else own[-1].number


def compile_for(model: keras.Model, optimizer: Any) -> None:
    """Give the model its optimizer and the loss its output asks for: one sigmoid, or a score per class."""
    loss = "binary_crossentropy" if model.output_shape[-1] == 1 else "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def pixel_batches(train: Examples, classes: int, recipe: Recipe) -> Batches:
    """Yield (inputs, targets, weights) for ever. An epoch's order and variations depend on seed and epoch alone."""
    weights = class_weights(train.targets, classes) if recipe.weight_classes else np.ones(classes, np.float32)
    for epoch in itertools.count():
        random = np.random.default_rng([recipe.seed, epoch])
        order = random.permutation(len(train.targets))
        for start in range(0, len(order), recipe.batch):
            chosen = order[start : start + recipe.batch]
            inputs, targets = train.inputs[chosen], train.targets[chosen]
            if recipe.augment is not None:
                inputs = augment(inputs, recipe.augment, random)
            yield inputs, targets, weights[targets]


def class_weights(targets: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Weigh each class as if all had the same number of pictures; a picture weighs 1 on average."""
    return (len(targets) / (classes * np.bincount(targets, minlength=classes))).astype(np.float32)


def _reporter(history: list[Epoch], on_epoch: Callable[[Epoch], None]) -> Any:
    started = time.monotonic()

    def note(_number: int, logs: dict[str, float]) -> None:
        history.append(
            Epoch(
                number=len(history) + 1,
                loss=float(logs["loss"]),
                accuracy=float(logs["accuracy"]),
                validation_loss=float(logs["val_loss"]),
                validation_accuracy=float(logs["val_accuracy"]),
                seconds=round(time.monotonic() - started, 3),
            )
        )
        on_epoch(history[-1])

    return load_keras("training").callbacks.LambdaCallback(on_epoch_end=note)
