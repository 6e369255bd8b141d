"""Transfer learning: the classifier on kept features first, then, if the recipe says so, the last blocks as well.

What comes out is one functional model, pixels in and scores out, as from any other training. Batch normalization
stays in inference mode throughout: a few hundred pictures would spoil what it learned from a million.

On several machines each computes the features and trains the classifier for itself: an epoch of it takes milliseconds,
less than adding up over a network. The fine-tuning, which starts from the chief's classifier, is shared.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.course import Batches, Course, Examples, Lessons, Stage
from training.features import FeatureCache, Pictures
from training.keras_networks import FEATURES, KERAS_NETWORKS
from training.networks import build_network
from training.recipe import Recipe
from training.tensorflow_setup import load_keras
from training.train import Hears, Trained, class_weights, make_repeatable, pixel_lessons

if TYPE_CHECKING:
    from pathlib import Path

    import keras


_HEAD = 0  # the first stage; those of fine-tuning follow


@dataclass(frozen=True)
class TransferData:
    """Training and validation pictures with the digests of their files, and where features are kept."""

    train: Examples
    train_digests: tuple[str, ...]
    validation: Examples
    validation_digests: tuple[str, ...]
    cache: Path


def train_transfer(data: TransferData, classes: int, recipe: Recipe, course: Course, hears: Hears) -> Trained:
    """Train by the recipe's [frozen] and [[fine_tune]]. The same arguments give the same network on one CPU machine.

    Raises DataError when weights or input do not suit the network, or when training diverges, ClusterError when a
    worker is gone.
    """
    make_repeatable(recipe.seed)
    model = build_network(classes, recipe.input, recipe.network)
    if course.needs(_HEAD):
        _train_head(model, data, classes, recipe, course, hears)
    for position, settings in enumerate(recipe.fine_tune, start=_HEAD + 1):
        if course.needs(position):
            unfreeze(model, KERAS_NETWORKS[recipe.network.kind].block, settings.blocks)
            stage = Stage(position, settings.epochs, settings.optimizer, settings.patience_epochs, recipe.keep)
            course.fit(model, stage, pixel_lessons(data.train, data.validation, classes, recipe))
    return Trained(model, tuple(course.history), course.kept)


def split_model(model: keras.Model) -> tuple[keras.Model, keras.Model]:
    """Return backbone (pixels to features) and head (features to scores) of a network; they share its layers."""
    keras = load_keras("training")
    features = model.get_layer(FEATURES)
    x = start = keras.Input(features.output.shape[1:], name="kept_features")
    for layer in model.layers[model.layers.index(features) + 1 :]:
        x = layer(x)
    return keras.Model(model.input, features.output, name=model.name), keras.Model(start, x, name="head")


def feature_batches(
    views: NDArray[np.float32],
    targets: NDArray[np.int64],
    weights: NDArray[np.float32],
    recipe: Recipe,
    first_epoch: int = 0,
) -> Batches:
    """Yield (features, targets, weights) for ever: each epoch every picture once, in one of its views, (V, N, F)."""
    for epoch in itertools.count(first_epoch):
        random = np.random.default_rng([recipe.seed, epoch])
        order = random.permutation(len(targets))
        shown = random.integers(0, len(views), len(targets))
        for start in range(0, len(order), recipe.batch):
            chosen = order[start : start + recipe.batch]
            yield views[shown[chosen], chosen], targets[chosen], weights[targets[chosen]]


def _train_head(
    model: keras.Model, data: TransferData, classes: int, recipe: Recipe, course: Course, hears: Hears
) -> None:
    backbone, head = split_model(model)
    cache = FeatureCache(data.cache, backbone, recipe.input, recipe.augment)
    views, validation = _features(cache, data, recipe, hears)
    targets = data.train.targets
    weights = class_weights(targets, classes) if recipe.weight_classes else np.ones(classes, np.float32)
    lessons = Lessons(
        batches=lambda first: feature_batches(views, targets, weights, recipe, first),
        steps_per_epoch=-(-len(targets) // recipe.batch),
        validation=Examples(validation, data.validation.targets),
    )
    stage = Stage(_HEAD, recipe.epochs, recipe.optimizer, recipe.patience_epochs, recipe.keep, shared=False)
    course.fit(head, stage, lessons)


def _features(
    cache: FeatureCache, data: TransferData, recipe: Recipe, hears: Hears
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    count = 1 + (recipe.frozen.views if recipe.frozen and recipe.augment else 0)
    train = Pictures(data.train.inputs, data.train_digests)
    validation = Pictures(data.validation.inputs, data.validation_digests)
    total, done = count * len(train.digests) + len(validation.digests), 0

    def note(more: int) -> None:
        nonlocal done
        done += more
        hears.features(done, total)

    views = np.stack([cache.view(train, number, note) for number in range(count)])
    seen = cache.view(validation, 0, note)
    hears.say(f"features: {cache.computed} computed, {cache.found} found in {data.cache}")
    return views, seen


def unfreeze(model: keras.Model, block: str, count: int) -> None:
    """Let the last `count` blocks of the backbone and the head learn, except batch normalization; freeze the rest.

    block: a pattern whose matches in layer names tell the blocks apart.
    """
    keras = load_keras("training")
    matches = [re.search(block, layer.name) for layer in model.layers]
    names = [match.group() if match else None for match in matches]
    last = set([name for name in dict.fromkeys(names) if name][-count:])
    first = next(index for index, name in enumerate(names) if name in last)
    for index, layer in enumerate(model.layers):
        layer.trainable = index >= first and not isinstance(layer, keras.layers.BatchNormalization)
