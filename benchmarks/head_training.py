"""An epoch of the head on kept features against one of the same model, backbone frozen, in Keras's fit. One run.

    python benchmarks/head_training.py [--recipe NAME] [--pictures N] [--size PX]

Both train the same layer on the same number of varied pictures with the same batches. The pictures are noise and the
weights random: neither changes how long it takes. What computing the features takes is printed beside it, since it is
paid once per picture and view, and not at all when they are found in the cache.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from training.course import Course, Examples, Lessons, Stage
from training.features import FeatureCache, Pictures
from training.networks import build_network
from training.recipe import Recipe, read_recipe
from training.train import make_repeatable, pixel_lessons
from training.transfer import feature_batches, split_model

CLASSES = 6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="mobilenet-v2")
    parser.add_argument("--pictures", type=int, default=320)
    parser.add_argument("--size", type=int, default=96)
    given = parser.parse_args()
    changes = {"network": {"weights": "none"}, "input": {"width_px": given.size, "height_px": given.size}}
    recipe = read_recipe(given.recipe).changed(changes)
    make_repeatable(recipe.seed)
    random = np.random.default_rng(0)
    inputs = random.integers(0, 256, (given.pictures, *recipe.input.shape), dtype=np.uint8)
    train = Examples(inputs, random.integers(0, CLASSES, given.pictures))
    validation = Examples(inputs[: given.pictures // 5], train.targets[: given.pictures // 5])
    frozen = frozen_epochs(recipe, train, validation)
    features, head = head_epochs(recipe, train, validation)
    print(f"{given.recipe}, {given.size} px, {given.pictures} pictures, {len(validation.targets)} for validation")
    print(f"backbone frozen in fit: {frozen:8.3f} s per epoch")
    print(f"head on kept features:  {head:8.3f} s per epoch")
    print(f"ratio:                  {frozen / head:8.1f}")
    print(f"features, once:         {features:8.3f} s per view of all pictures")


def frozen_epochs(recipe: Recipe, train: Examples, validation: Examples) -> float:
    """Return the seconds of an epoch of the whole model with its backbone frozen."""
    model = build_network(CLASSES, recipe.input, recipe.network)
    for layer in model.layers[:-1]:
        layer.trainable = False
    return _seconds(model, recipe, pixel_lessons(train, validation, CLASSES, recipe), epochs=4)


def head_epochs(recipe: Recipe, train: Examples, validation: Examples) -> tuple[float, float]:
    """Return the seconds of one view of all features, and of an epoch of the head on them."""
    backbone, head = split_model(build_network(CLASSES, recipe.input, recipe.network))
    pictures = Pictures(train.inputs, [f"{number:064x}" for number in range(len(train.targets))])
    with tempfile.TemporaryDirectory() as folder:
        cache = FeatureCache(Path(folder), backbone, recipe.input, recipe.augment)
        cache.view(pictures, 0)
        started = time.perf_counter()
        views = np.stack([cache.view(pictures, number) for number in (0, 1, 2)])
        once = (time.perf_counter() - started) / 2
    weights = np.ones(CLASSES, np.float32)
    lessons = Lessons(
        batches=lambda first: feature_batches(views, train.targets, weights, recipe, first),
        steps_per_epoch=-(-len(train.targets) // recipe.batch),
        validation=Examples(views[0][: len(validation.targets)], validation.targets),
    )
    return once, _seconds(head, recipe, lessons, epochs=30)


def _seconds(model: Any, recipe: Recipe, lessons: Lessons, epochs: int) -> float:
    """The median epoch but for the first one, which also builds the graph."""
    course = Course(lambda _epoch: None)
    course.fit(model, Stage(0, epochs, recipe.optimizer, None, "last"), lessons)
    return statistics.median(epoch.seconds for epoch in course.history[1:])


if __name__ == "__main__":
    main()
