"""Transfer learning: features kept and found again, one model at the end, batch normalization untouched."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from edge.cli import cli
from edge.preprocess import InputSpec
from tests.installed import require_installed
from training.augment import AugmentSettings
from training.dataset import load_inputs
from training.features import FeatureCache, Pictures
from training.network_settings import MobileNetSettings
from training.run_folder import open_run

pytestmark = [
    pytest.mark.slow,
    # Keras 3 saves and loads its variables through an __array__ without the copy keyword of numpy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]
require_installed("tensorflow", "TensorFlow comes with the desktop install")

SPEC = InputSpec(width_px=32, height_px=32)
SETTINGS = MobileNetSettings(kind="mobilenet-v2", weights="none", alpha=0.35)
OPTIONS = (
    "--recipe", "mobilenet-v2-035", "--size", "32", "--epochs", "12", "--batch", "8", "--json", "--set",
    "frozen.views=2", "--set", 'fine_tune=[{blocks=2, epochs=2, optimizer={kind="adam", learning_rate=0.0001}}]',
)  # fmt: skip


def network(seed: int):
    from training.networks import build_network
    from training.tensorflow_setup import load_keras

    load_keras("testing").utils.set_random_seed(seed)
    model = build_network(3, SPEC, SETTINGS)
    enliven(model)
    return model


def enliven(model) -> None:
    """Fit the statistics of batch normalization to noise: with random weights alone hardly a signal gets through."""
    for layer in model.layers:
        if type(layer).__name__ == "BatchNormalization":
            layer.momentum = 0.3
    for _ in range(6):
        model(pictures(16).inputs.astype(np.float32), training=True)


def pictures(count: int, first: int = 0) -> Pictures:
    numbers = range(first, first + count)
    inputs = [np.random.default_rng(number).integers(0, 256, SPEC.shape, dtype=np.uint8) for number in numbers]
    return Pictures(np.stack(inputs), tuple(hashlib.sha256(pixels.tobytes()).hexdigest() for pixels in inputs))


def cache(folder: Path, seed: int = 1, shift: float = 0.04) -> FeatureCache:
    from training.transfer import split_model

    return FeatureCache(folder, split_model(network(seed))[0], SPEC, AugmentSettings(shift=shift))


def test_features_are_computed_once(tmp_path):
    """Another training with the same backbone and preprocessing finds them; new pictures join what is there."""
    first, again = cache(tmp_path), cache(tmp_path)

    computed = [first.view(pictures(5), number) for number in (0, 1, 2)]
    found = [again.view(pictures(7), number) for number in (0, 1, 2)]

    assert (first.computed, first.found) == (15, 0)
    assert (again.computed, again.found) == (6, 15)
    for before, after in zip(computed, found, strict=True):
        np.testing.assert_array_equal(before, after[:5])
    assert np.abs(computed[0] - computed[1]).max() > 0.01


def test_features_do_not_depend_on_what_came_first(tmp_path):
    """A picture's varied views are its own: alone or among others, in any order, they are the same."""
    among = cache(tmp_path / "a").view(pictures(40), 3)
    alone = cache(tmp_path / "b").view(pictures(2, first=35), 3)

    np.testing.assert_allclose(among[35:37], alone, rtol=1e-5, atol=1e-6)


def test_other_weights_or_another_augmentation_are_other_features(tmp_path):
    """Nothing is taken for what it is not; the plain picture does not depend on the augmentation."""
    cache(tmp_path).view(pictures(3), 0)
    cache(tmp_path).view(pictures(3), 1)

    other_weights, other_views = cache(tmp_path, seed=2), cache(tmp_path, shift=0.2)
    other_weights.view(pictures(3), 0)
    other_views.view(pictures(3), 0)
    other_views.view(pictures(3), 1)

    assert (other_weights.computed, other_weights.found) == (3, 0)
    assert (other_views.computed, other_views.found) == (3, 3)


def test_damaged_file_is_computed_again(tmp_path):
    """A cache cut short by a full disk must never stop a training or change its result."""
    before = cache(tmp_path).view(pictures(3), 0)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:200])

    after = cache(tmp_path)

    np.testing.assert_array_equal(after.view(pictures(3), 0), before)
    assert (after.computed, len(list(tmp_path.iterdir()))) == (3, 1)


def test_backbone_and_head_are_the_model():
    """Split apart and put behind each other they give its scores; training the head trains the model."""
    from training.transfer import split_model

    model = network(1)
    backbone, head = split_model(model)
    inputs = pictures(3).inputs.astype(np.float32)

    features = backbone.predict(inputs, verbose=0)
    np.testing.assert_allclose(head.predict(features, verbose=0), model.predict(inputs, verbose=0), atol=1e-6)
    head.set_weights([np.zeros_like(values) for values in head.get_weights()])
    np.testing.assert_allclose(model.predict(inputs, verbose=0), 1 / 3, atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "count", "last"),
    [("mobilenet-v2", 2, "block_16"), ("mobilenet-v3-small", 2, "expanded_conv_10"), ("efficientnet-b0", 2, "block7a"),
     ("resnet50", 1, "conv5_block3"), ("vgg16", 1, "block5")],
)  # fmt: skip
def test_fine_tuning_frees_the_last_blocks_but_no_batch_normalization(kind, count, last):
    """From the named block to the scores; everything before stays as it was."""
    from training.keras_networks import KERAS_NETWORKS
    from training.network_settings import KerasNetworkSettings
    from training.networks import build_network
    from training.transfer import unfreeze

    settings = (MobileNetSettings if "mobilenet" in kind else KerasNetworkSettings)(kind=kind, weights="none")
    model = build_network(3, SPEC, settings)

    unfreeze(model, KERAS_NETWORKS[kind].block, count)

    free = [layer for layer in model.layers if layer.trainable]
    assert free[0].name.startswith(last)
    assert free[-1].name == "scores"
    assert not any(type(layer).__name__ == "BatchNormalization" for layer in free)
    assert all(not layer.trainable for layer in model.layers[: model.layers.index(free[0])])


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Two classes told apart by their colour, which features of random weights show as well."""
    folder = tmp_path_factory.mktemp("data")
    for seed in range(48):
        random, label = np.random.default_rng(seed), ("blue", "red")[seed % 2]
        colour = (40, 60, 200) if label == "blue" else (200, 60, 40)
        pixels = np.clip(random.normal(colour, 25, (32, 32, 3)), 0, 255).astype(np.uint8)
        (folder / label).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / label / f"{label}_{seed:03d}.png")
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """A file of weights, random ones, as a user would give it."""
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    keras.utils.set_random_seed(5)
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    model = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
    enliven(model)
    model.save_weights(path)
    return path


def build_given(weights: Path):
    """The backbone as the file has it."""
    from training.networks import build_network

    return build_network(2, SPEC, SETTINGS.model_copy(update={"weights": str(weights)}))


def train(data: Path, out: Path, weights: Path | str, cache: Path, *more: str) -> Result:
    command = ["train", str(data), "--out", str(out), "--weights", str(weights), "--feature-cache", str(cache)]
    result = CliRunner().invoke(cli, [*command, *OPTIONS, *more])
    assert result.exit_code == 0, result.output
    return result


def epochs(run: Path) -> list[tuple[float, float]]:
    history = json.loads((run / "history.json").read_text())
    return [(epoch["loss"], epoch["validation_loss"]) for epoch in history["epochs"]]


def test_training_from_pictures_to_one_model(data, weights, tmp_path):
    """Head, then blocks, in one history; the saved model takes pixels; the backbone's normalization is the file's."""
    result = train(data, tmp_path / "run", weights, tmp_path / "cache")

    run = open_run(tmp_path / "run")
    views = 3 * len(run.split["train"]) + len(run.split["validation"])
    assert f"features: {views} computed, 0 found" in " ".join(result.stderr.split())
    assert len(epochs(tmp_path / "run")) == 14
    model = run.load_model()
    assert (model.input_shape, model.output_shape) == ((None, 32, 32, 3), (None, 2))
    scores = model.predict(load_inputs(run.split["test"], run.spec), verbose=0)
    truth = [run.labels.index(item.label) for item in run.split["test"]]
    facts = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert np.mean(scores.argmax(axis=1) == truth) == pytest.approx(facts["accuracy"])
    assert facts["accuracy"] > 0.8
    given = build_given(weights)
    for name, changed in (("bn_Conv1", False), ("block_14_project", False), ("Conv_1_bn", False), ("Conv_1", True)):
        old, new = given.get_layer(name).get_weights(), model.get_layer(name).get_weights()
        assert all(np.array_equal(a, b) for a, b in zip(old, new, strict=True)) is not changed, name


def test_kept_features_give_the_same_run(data, weights, tmp_path):
    """From the cache or computed: the same losses to the last digit."""
    train(data, tmp_path / "first", weights, tmp_path / "cache")
    again = train(data, tmp_path / "again", weights, tmp_path / "cache")

    assert "features: 0 computed, " in " ".join(again.stderr.split())
    assert epochs(tmp_path / "again") == epochs(tmp_path / "first")
