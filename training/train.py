"""Train a whole network on pixels: batches in, the network of the epoch to keep out."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from training.augment import augment
from training.course import Batches, Course, Examples, Lessons, Stage
from training.history import Epoch
from training.networks import build_network
from training.recipe import Recipe
from training.tensorflow_setup import load_keras, load_tensorflow

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Trained:
    """The network with the weights of `best_epoch`: the one with the lowest validation loss, or the last one."""

    model: keras.Model
    history: tuple[Epoch, ...]
    best_epoch: int


class Hears(Protocol):
    """Hears how far a training is."""

    def say(self, line: str) -> None:
        """Hear a remark for the user."""

    def features(self, done: int, total: int) -> None:
        """Hear that `done` of `total` features are ready."""

    def epoch(self, epoch: Epoch) -> None:
        """Hear what an epoch gave."""


def train_network(train: Examples, validation: Examples, classes: int, recipe: Recipe, course: Course) -> Trained:
    """Train the whole network on pixels. The same arguments give the same network on one CPU machine.

    Raises DataError when training diverges, ClusterError when a worker is gone.
    """
    make_repeatable(recipe.seed)
    model = build_network(classes, recipe.input, recipe.network)
    stage = Stage(0, recipe.epochs, recipe.optimizer, recipe.patience_epochs, recipe.keep)
    course.fit(model, stage, pixel_lessons(train, validation, classes, recipe))
    return Trained(model, tuple(course.history), course.kept)


def make_repeatable(seed: int) -> None:
    """Fix every source of chance in Keras and TensorFlow."""
    load_keras("training").utils.set_random_seed(seed)
    load_tensorflow("training").config.experimental.enable_op_determinism()


def pixel_lessons(train: Examples, validation: Examples, classes: int, recipe: Recipe) -> Lessons:
    """Return what a stage on pixels learns from."""
    steps = -(-len(train.targets) // recipe.batch)
    return Lessons(lambda first: pixel_batches(train, classes, recipe, first), steps, validation)


def pixel_batches(train: Examples, classes: int, recipe: Recipe, first_epoch: int = 0) -> Batches:
    """Yield (inputs, targets, weights) for ever. An epoch's order and variations depend on seed and epoch alone."""
    weights = class_weights(train.targets, classes) if recipe.weight_classes else np.ones(classes, np.float32)
    for epoch in itertools.count(first_epoch):
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
