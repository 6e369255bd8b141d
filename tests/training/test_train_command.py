"""`edge-sort train` refuses what it cannot use, before it trains."""

from __future__ import annotations

import errno
import sys

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge.cli import cli
from edge.errors import DataError
from edge.preprocess import InputSpec
from training.networks import check_weights
from training.recipe import read_recipe


@pytest.fixture(autouse=True)
def no_tensorflow_needed(monkeypatch):
    """Everything here is decided before TensorFlow is used; a stand-in saves seconds."""
    for name in ("tensorflow", "keras"):
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name, object()))


def train(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["train", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def save_pictures(folder, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        pixels = np.random.default_rng([len(folder.name), number]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def test_missing_folder(tmp_path):
    """One sentence names the folder."""
    code, output = train(tmp_path / "nowhere", "--out", tmp_path / "run")

    assert code == 1
    assert f"{tmp_path / 'nowhere'}: expected a folder with one sub-folder" in output


def test_empty_folder(tmp_path):
    """No classes, no training."""
    (tmp_path / "data").mkdir()

    code, output = train(tmp_path / "data", "--out", tmp_path / "run")

    assert code == 1
    assert "expected at least two class folders, found none" in output


def test_one_class(tmp_path):
    """One class needs no classifier."""
    save_pictures(tmp_path / "data" / "bolt", 3)

    code, output = train(tmp_path / "data", "--out", tmp_path / "run")

    assert code == 1
    assert "found only 'bolt'" in output


def test_too_few_pictures(tmp_path):
    """Two pictures cannot stand on three sides of a split; nothing is left behind."""
    save_pictures(tmp_path / "data" / "bolt", 2)
    save_pictures(tmp_path / "data" / "nut", 9)

    code, output = train(tmp_path / "data", "--out", tmp_path / "run")

    assert code == 1
    assert "class 'bolt': expected at least 3 groups of pictures to divide, found 2" in " ".join(output.split())
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_run_in_use_is_refused_before_any_picture_is_read(tmp_path):
    """A run folder is never overwritten, and the user does not wait to hear it."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "model.keras").write_bytes(b"precious")

    code, output = train(tmp_path / "nowhere", "--out", tmp_path / "run")

    assert code == 1
    assert f"{tmp_path / 'run'}: expected a new or empty folder" in output


@pytest.mark.parametrize(
    "option",
    [("--group-pattern", "IMG_"), ("--group-pattern", "("), ("--epochs", "0"), ("--size", "4"), ("--test", "1")],
)
def test_wrong_options_are_usage_errors(tmp_path, option):
    """Exit code 2 and the option's name."""
    code, output = train(tmp_path, "--out", tmp_path / "run", *option)

    assert code == 2
    assert option[0] in output


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (("--recipe", "resnet"), "expected one of the recipes"),
        (("--set", "optimizer.kind=lion"), "optimizer.kind: expected one of 'adam', 'sgd', 'rmsprop', found 'lion'"),
        (("--set", "augment.twist=3"), "--set augment.twist=3: unknown key 'augment.twist'"),
        (("--weights", "imagenet"), "expected a network that can start from trained weights, found 'small-cnn'"),
        (("--set", "epochs"), "--set: expected KEY=VALUE"),
        (("--validation", "0.5", "--test", "0.4"), "expected shares above 0"),
    ],
)
def test_recipe_that_cannot_be_used_is_one_sentence(tmp_path, options, found):
    """Said before a picture is read, with the key and what to do."""
    code, output = train(tmp_path / "nowhere", "--out", tmp_path / "run", *options)

    assert code == 1
    assert found in " ".join(output.split())
    assert "Traceback" not in output


def test_paper_2_refuses_three_classes_before_it_works(tmp_path):
    """Thousands of varied pictures would be made first, for nothing."""
    for label in ("bolt", "nut", "screw"):
        save_pictures(tmp_path / "data" / label, 4)

    code, output = train(tmp_path / "data", "--out", tmp_path / "run", "--recipe", "paper2", "--size", "16")

    assert code == 1
    assert "expected two classes for paper 2's network" in " ".join(output.split())
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


@pytest.mark.parametrize(
    ("left_out", "found"),
    [
        (["blot"], "expected class 'blot', which is to be left out, found only bolt, nut, screw; correct --leave-out"),
        (["bolt", "nut"], "expected two classes at least to be left to train on; leave out fewer"),
    ],
)
def test_a_class_that_cannot_be_left_out_is_refused_before_tensorflow_is_loaded(tmp_path, monkeypatch, left_out, found):
    """Nor are weights fetched or other workers waited for: the names of the folders tell."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    for label in ("bolt", "nut", "screw"):
        save_pictures(tmp_path / "data" / label, 1)

    options = [word for label in left_out for word in ("--leave-out", label)]
    code, output = train(tmp_path / "data", "--out", tmp_path / "run", *options)

    assert code == 1
    assert found in output
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_place_in_use_is_refused_before_tensorflow_is_loaded(tmp_path, monkeypatch):
    """To load it takes seconds, and longer on a small computer."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    save_pictures(tmp_path / "run", 1)

    code, output = train(tmp_path / "data", "--out", tmp_path / "run")

    assert code == 1
    assert "found one in use" in output


def test_without_tensorflow_it_says_how_to_install_it(tmp_path, monkeypatch):
    """On a device install the command is listed, and says what it lacks."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)

    code, output = train(tmp_path / "data", "--out", tmp_path / "run")

    assert code == 1
    assert "edge-sort train needs the Python package 'tensorflow'" in output
    assert "pip install '.[desktop]'" in output


def fail_with(monkeypatch, error: Exception) -> None:
    from training import train_run

    def fail(*_arguments):
        raise error

    monkeypatch.setattr(train_run, "train_network", fail)


def test_full_disk_says_what_is_left(tmp_path, monkeypatch):
    """And what to do; half a run is nowhere."""
    save_pictures(tmp_path / "data" / "bolt", 9)
    save_pictures(tmp_path / "data" / "nut", 9)
    fail_with(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))

    code, output = train(tmp_path / "data", "--out", tmp_path / "run")

    assert code == 1
    assert "the disk is full; free some space. Of this training, nothing was written" in " ".join(output.split())
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


class ResourceExhaustedError(Exception):
    """Named as TensorFlow's, which is not loaded here."""


@pytest.mark.parametrize("error", [MemoryError(), ResourceExhaustedError("OOM when allocating tensor")])
def test_out_of_memory_names_what_to_make_smaller(tmp_path, monkeypatch, error):
    """Python's and TensorFlow's way to say it are one to the user."""
    save_pictures(tmp_path / "data" / "bolt", 9)
    save_pictures(tmp_path / "data" / "nut", 9)
    fail_with(monkeypatch, error)

    code, output = train(tmp_path / "data", "--out", tmp_path / "run", "--batch", "512")

    assert code == 1
    assert "for batches of 512, found none left" in " ".join(output.split())
    assert "a smaller --batch, a smaller --size" in " ".join(output.split())


def test_tensorboard_that_is_missing_is_told_before_training(tmp_path, monkeypatch):
    """Not after the first epoch."""
    monkeypatch.setitem(sys.modules, "tensorboard", None)

    code, output = train(tmp_path / "nowhere", "--out", tmp_path / "run", "--tensorboard", tmp_path / "logs")

    assert code == 1
    assert "pip install '.[tensorboard]'" in output


def test_tensorboard_folder_that_cannot_be_is_told_before_training(tmp_path, monkeypatch):
    """Not by TensorFlow's traceback."""
    monkeypatch.setitem(sys.modules, "tensorboard", object())
    (tmp_path / "logs").write_bytes(b"")

    code, output = train(tmp_path / "nowhere", "--out", tmp_path / "run", "--tensorboard", tmp_path / "logs")

    assert code == 1
    assert f"{tmp_path / 'logs' / 'train'}: expected a folder for TensorBoard logs" in output
    assert "choose another --tensorboard" in " ".join(output.split())


def test_a_seed_that_keras_cannot_take_is_refused_at_once(tmp_path):
    """Its own message would come as a traceback, after all pictures have been read."""
    code, output = train(tmp_path / "data", "--out", tmp_path / "run", "--seed", 2**32)

    assert code == 2
    assert "4294967296 is not in the range 0<=x<=4294967295" in output


@pytest.mark.parametrize("out", [".", "/", ""])
def test_out_without_a_name_is_refused(tmp_path, monkeypatch, out):
    """A run appears under its name, whole; the folder one stands in cannot be replaced."""
    monkeypatch.chdir(tmp_path)

    code, output = train(tmp_path / "nowhere", "--out", out)

    assert code == 1
    assert "expected the name of a new folder, found none" in output


@pytest.mark.parametrize("out", ["run", "bolt/run"])
def test_out_among_the_pictures_is_refused(tmp_path, out):
    """The next training would take its plots for pictures of a class."""
    save_pictures(tmp_path / "data" / "bolt", 3)

    code, output = train(tmp_path / "data", "--out", tmp_path / "data" / out)

    assert code == 1
    assert "expected a folder outside the pictures" in output
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["bolt"]


def test_weights_that_do_not_fit_are_told_before_any_picture_is_read(tmp_path, monkeypatch):
    """Ten thousand photographs take minutes to read, a misspelt file name a second."""
    asked = []

    def refuse(_spec, settings):
        asked.append(settings.weights)
        raise DataError("typo.h5: expected a file of weights")

    monkeypatch.setattr("training.train_run.check_weights", refuse)
    monkeypatch.setattr("training.train_run.read_pictures", lambda *_: pytest.fail("read the pictures first"))
    save_pictures(tmp_path / "data" / "bolt", 3)

    code, output = train(
        tmp_path / "data", "--out", tmp_path / "run", "--recipe", "mobilenet-v2", "--weights", "typo.h5"
    )

    assert (code, asked) == (1, ["typo.h5"])
    assert "typo.h5: expected a file of weights" in output
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_a_network_that_starts_from_chance_has_no_weights_to_check():
    """Nothing is built: here that would fail for want of Keras."""
    check_weights(InputSpec(width_px=64, height_px=64), read_recipe("small-cnn").network)


def test_no_variation_with_a_setting_of_it_is_a_contradiction(tmp_path):
    """One of both would be lost without a word."""
    code, output = train(tmp_path, "--out", tmp_path / "run", "--no-augment", "--set", "augment.flip=true")

    assert code == 2
    assert "--no-augment varies nothing, but --set augment.flip=true does; leave one of them out" in output
