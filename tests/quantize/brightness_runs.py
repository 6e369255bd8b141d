"""Runs of a network that tells two classes apart by their mean brightness, and the command that quantizes them."""

from __future__ import annotations

import hashlib

import numpy as np
from click.testing import CliRunner
from PIL import Image

from edge.cli import cli
from edge.preprocess import InputSpec
from quantize.quiet import quiet
from training.dataset import Item
from training.run_folder import RunFacts, write_run

SIDE_PX = 16
LABELS = ("bright", "dim")


def quantize(*arguments):
    """Run `edge-sort quantize` in this process."""
    return CliRunner().invoke(cli, ["quantize", *map(str, arguments)])


def report(*arguments):
    """Run `edge-sort report` in this process."""
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


def picture_of_mean(mean, random):
    """Return grey pixels of exactly this mean: two neighbouring levels, mixed and shuffled."""
    level, share = divmod(mean, 1)
    pixels = np.full(SIDE_PX * SIDE_PX, level, np.uint8)
    pixels[: round(share * pixels.size)] += 1
    random.shuffle(pixels)
    return np.repeat(pixels.reshape(SIDE_PX, SIDE_PX, 1), 3, axis=2)


def items_of(data, label, mean, count):
    """Write pictures of one class and list them."""
    (data / label).mkdir(parents=True)
    random = np.random.default_rng(round(mean * 1000))
    found = []
    for number in range(count):
        path = data / label / f"{number}.png"
        Image.fromarray(picture_of_mean(mean, random)).save(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found.append(Item(path, f"{label}/{number}.png", label, f"{label}{number}", digest))
    return found


def make_run(folder, bright, dim):
    """Make the run folder of a network that knows two classes apart by their mean brightness, set by hand.

    The float network is always right. How many levels lie between the two means decides what integers make of it.
    """
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    classes = [items_of(folder / "data", label, mean, 30) for label, mean in zip(LABELS, (bright, dim), strict=True)]
    picture = keras.Input((SIDE_PX, SIDE_PX, 3), name="pixels")
    mean = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(picture))
    scores = keras.layers.Dense(2, activation="softmax", name="scores")
    model = keras.Model(picture, scores(mean))
    steep = 4 / (bright - dim) * 255 / 3
    middle = steep * 3 * (bright + dim) / 2 / 255
    scores.set_weights([np.array([[steep, -steep]] * 3), np.array([-middle, middle])])
    run = folder / "run"
    run.mkdir()
    with quiet():  # Keras warns of its own way with numpy
        model.save(run / "model.keras")
    split = {
        name: [item for items in classes for item in items[part]]
        for name, part in (("train", slice(0, 10)), ("validation", slice(10, 20)), ("test", slice(20, 30)))
    }
    spec = InputSpec(width_px=SIDE_PX, height_px=SIDE_PX)
    facts = RunFacts(labels=LABELS, input=spec, seed=5, data="data", settings={}, versions={})
    write_run(run, facts, folder / "data", split, ())
    return run
