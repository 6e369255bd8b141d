"""A training under way, from its first stage to its last: what each epoch gave, which weights to keep, when to stop.

Going on from a checkpoint gives what an undisturbed training gives, to the last digit on one CPU machine: a
checkpoint holds every variable, and an epoch's pictures depend on the seed and the epoch's number alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import DataError
from training.checkpoints import Checkpoint, Checkpoints
from training.distribute import Distribution
from training.distributed_fit import fit_distributed
from training.history import Epoch
from training.optimizers import OptimizerSettings, make_optimizer
from training.tensorflow_setup import load_keras

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Examples:
    """Model inputs, (N, H, W, C) uint8 or (N, F) features, and the position of each one's label, (N,) int64."""

    inputs: NDArray[Any]
    targets: NDArray[np.int64]


@dataclass(frozen=True)
class Stage:
    """One stretch of training. position: its place among the stages, from 0. keep: the recipe's "best" or "last".

    shared: whether all devices of a distributed training do it together, or each for itself.
    """

    position: int
    epochs: int
    optimizer: OptimizerSettings
    patience_epochs: int | None
    keep: str
    shared: bool = True


Batches = Iterator[tuple[NDArray[Any], NDArray[np.int64], NDArray[np.float32]]]


@dataclass(frozen=True)
class Lessons:
    """What a stage learns from. `batches` yields them without end, from the given epoch on, counted from 0."""

    batches: Callable[[int], Batches]
    steps_per_epoch: int
    validation: Examples


class Course:
    """A training under way. `history` is what its epochs gave, `kept` the number of the one whose weights to keep.

    distribution: the devices that train; None means this process alone on one.
    """

    def __init__(
        self,
        on_epoch: Callable[[Epoch], None],
        checkpoints: Checkpoints | None = None,
        distribution: Distribution | None = None,
    ) -> None:
        self._on_epoch, self._distribution = on_epoch, distribution
        self._checkpoints = checkpoints or Checkpoints()
        self._found = self._checkpoints.found()
        self.history: list[Epoch] = list(self._found.history) if self._found else []
        self.kept = self._found.kept if self._found else 0

    def needs(self, position: int) -> bool:
        """Whether the stage at `position` has work left: not when a later one is under way already."""
        return self._found is None or self._found.stage <= position

    def fit(self, model: keras.Model, stage: Stage, lessons: Lessons) -> None:
        """Train `model` for one stage; it ends with the weights of the epoch to keep, of this stage or an earlier one.

        Raises DataError when training diverges, ClusterError when a worker is gone.
        """
        compile_for(model, make_optimizer(stage.optimizer, lessons.steps_per_epoch * stage.epochs))
        model.optimizer.build(model.trainable_variables)
        under_way = self._begin(model, stage)
        done = len(under_way.own)
        if done < stage.epochs and not under_way.out_of_patience():
            shared = self._distribution if stage.shared else None
            fit = partial(fit_distributed, shared, model) if shared else model.fit
            fit(
                lessons.batches(done),
                steps_per_epoch=lessons.steps_per_epoch,
                initial_epoch=done,
                epochs=stage.epochs,
                validation_data=(lessons.validation.inputs, lessons.validation.targets),
                validation_batch_size=256,
                shuffle=False,
                callbacks=self._callbacks(under_way),
                verbose=0,
            )
        self._end(under_way)

    def _begin(self, model: keras.Model, stage: Stage) -> _UnderWay:
        found, self._found = self._found, None
        if found is None or found.stage != stage.position:
            return _UnderWay(model, stage, [], model.get_weights() if self.kept and stage.keep == "best" else [])
        _assign(model.variables, found.variables)
        _assign(model.optimizer.variables, found.optimizer)
        own = self.history[len(self.history) - found.own_epochs :]
        return _UnderWay(model, stage, own, list(found.kept_weights))

    def _callbacks(self, under_way: _UnderWay) -> list[Any]:
        callbacks = load_keras("training").callbacks
        started = time.monotonic()

        def epoch_ended(_number: int, logs: dict[str, float]) -> None:
            nonlocal started
            now = time.monotonic()
            self._note(under_way, logs, now - started)
            started = time.monotonic()

        return [callbacks.TerminateOnNaN(), callbacks.LambdaCallback(on_epoch_end=epoch_ended)]

    def _note(self, under_way: _UnderWay, logs: dict[str, float], seconds: float) -> None:
        epoch = Epoch(
            number=len(self.history) + 1,
            loss=float(logs["loss"]),
            accuracy=float(logs["accuracy"]),
            validation_loss=float(logs["val_loss"]),
            validation_accuracy=float(logs["val_accuracy"]),
            seconds=round(seconds, 3),
        )
        best = self.history[self.kept - 1].validation_loss if self.kept else np.inf
        self.history.append(epoch)
        under_way.own.append(epoch)
        if under_way.stage.keep == "last":
            self.kept = epoch.number
        elif epoch.validation_loss < best:
            self.kept = epoch.number
            under_way.kept_weights = under_way.model.get_weights()
        if under_way.out_of_patience():
            under_way.model.stop_training = True
        self._on_epoch(epoch)
        self._checkpoints.offer(lambda: self._checkpoint(under_way))

    def _checkpoint(self, under_way: _UnderWay) -> Checkpoint:
        model = under_way.model
        return Checkpoint(
            stage=under_way.stage.position,
            history=tuple(self.history),
            own_epochs=len(under_way.own),
            kept=self.kept,
            variables=[variable.numpy() for variable in model.variables],
            optimizer=[variable.numpy() for variable in model.optimizer.variables],
            kept_weights=under_way.kept_weights,
        )

    def _end(self, under_way: _UnderWay) -> None:
        if not all(np.isfinite((epoch.loss, epoch.validation_loss)).all() for epoch in under_way.own):
            self._checkpoints.discard()
            raise DataError(
                f"expected the loss to sink, found it without bound in epoch {len(self.history)}; use a smaller "
                f"--learning-rate than {under_way.stage.optimizer.learning_rate}"
            )
        if under_way.stage.keep == "best":
            under_way.model.set_weights(under_way.kept_weights)


@dataclass
class _UnderWay:
    """A stage under way. own: its epochs so far. kept_weights: those to go back to; none when it keeps the last."""

    model: keras.Model
    stage: Stage
    own: list[Epoch]
    kept_weights: list[NDArray[Any]]

    def out_of_patience(self) -> bool:
        """Whether too many epochs have gone by without one better than all before it in this stage."""
        if self.stage.patience_epochs is None or len(self.own) < 2:
            return False
        best = min(range(len(self.own)), key=lambda index: self.own[index].validation_loss)
        return len(self.own) - 1 - best >= self.stage.patience_epochs


def compile_for(model: keras.Model, optimizer: Any) -> None:
    """Give the model its optimizer and the loss its output asks for: one sigmoid, or a score per class."""
    loss = "binary_crossentropy" if model.output_shape[-1] == 1 else "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])


def _assign(variables: list[Any], values: Any) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
