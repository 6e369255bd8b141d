"""A training killed at any epoch goes on, and ends as if nothing had happened."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge.cli import cli
from training.history import read_history
from training.run_folder import open_run
from training.unfinished import epochs_kept, unfinished_place

pytestmark = [
    pytest.mark.slow,
    # Keras 3 saves and loads its variables through an __array__ without the copy keyword of numpy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]

# Kills itself in the epoch given, with a checkpoint after every epoch instead of every few seconds.
DOOMED = """
import os, signal, sys
from training import checkpoints, progress
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore Ctrl-C
checkpoints._PAUSE_S, checkpoints._SHARE_OF_TIME = 0.0, 1e9
last, how, heard = int(sys.argv[1]), int(sys.argv[2]), progress.TrainingProgress.epoch
def epoch(self, epoch):
    heard(self, epoch)
    if epoch.number == last:
        os.kill(os.getpid(), how)
progress.TrainingProgress.epoch = epoch
sys.argv = ["edge-sort", "train", *sys.argv[3:]]
from edge.cli import main
main()
"""
PIXELS = ("--size", "24", "--epochs", "8", "--seed", "2", "--set", "network.dropout=0.3")
TRANSFER = (
    "--recipe", "mobilenet-v2-035", "--size", "32", "--epochs", "6", "--batch", "8", "--set", "frozen.views=2",
    "--set", 'fine_tune=[{blocks=2, epochs=4, optimizer={kind="adam", learning_rate=0.0001, schedule="cosine"}}]',
)  # fmt: skip


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    for number in range(60):
        random = np.random.default_rng(number)
        pixels = random.integers(0, 120, (24, 24, 3)) + 60 * (number % 2) * np.array([1, 0, 1])
        place = folder / ("even", "odd")[number % 2]
        place.mkdir(exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}_.png")
    return folder


@pytest.fixture(scope="module")
def weights(tmp_path_factory) -> Path:
    """Weights of no worth, so that the transfer stages run."""
    from training.tensorflow_setup import load_keras

    keras = load_keras("testing")
    keras.utils.set_random_seed(1)
    network = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
    path = tmp_path_factory.mktemp("weights") / "some.weights.h5"
    network.save_weights(path)
    return path


def train(*arguments: object) -> None:
    result = CliRunner().invoke(cli, ["train", *map(str, arguments)])
    assert result.exit_code == 0, result.output


def killed(epoch: int, how: signal.Signals, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", DOOMED, str(epoch), str(int(how)), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


def assert_same_run(one: Path, other: Path) -> None:
    """The same metrics to the last digit, epoch by epoch, and the same weights."""
    histories = [read_history(run) for run in (one, other)]
    curves = [[(e.number, e.loss, e.accuracy, e.validation_loss) for e in epochs] for epochs, _ in histories]
    assert curves[0] == curves[1]
    assert histories[0][1] == histories[1][1]
    metrics = [json.loads((run / "metrics.json").read_text()) for run in (one, other)]
    assert metrics[0] == metrics[1]
    for first, second in zip(*(open_run(run).load_model().get_weights() for run in (one, other)), strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "pixels"
    train(data, *PIXELS, "--out", out)
    return out


@pytest.fixture(scope="module")
def transfer_options(weights, tmp_path_factory) -> tuple[object, ...]:
    return (*TRANSFER, "--weights", weights, "--feature-cache", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def undisturbed_transfer(data, transfer_options, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "transfer"
    train(data, *transfer_options, "--out", out)
    return out


@pytest.mark.parametrize("epoch", [2, 7])
def test_killed_training_on_pixels_ends_as_if_undisturbed(data, undisturbed, tmp_path, epoch):
    """SIGKILL: nothing could be tidied up. Optimizer, schedule, dropout and order of pictures go on where they were."""
    done = killed(epoch, signal.SIGKILL, data, *PIXELS, "--out", tmp_path / "run")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert epochs_kept(tmp_path / "run") == epoch - 1
    train(data, *PIXELS, "--out", tmp_path / "run", "--resume")

    assert_same_run(undisturbed, tmp_path / "run")
    assert not unfinished_place(tmp_path / "run").exists()


@pytest.mark.parametrize("epoch", [3, 9])
def test_killed_transfer_ends_as_if_undisturbed(data, transfer_options, undisturbed_transfer, tmp_path, epoch):
    """In the stage of the head, and in fine-tuning, where the head is not trained again."""
    done = killed(epoch, signal.SIGKILL, data, *transfer_options, "--out", tmp_path / "run")
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert epochs_kept(tmp_path / "run") == epoch - 1
    train(data, *transfer_options, "--out", tmp_path / "run", "--resume")

    assert_same_run(undisturbed_transfer, tmp_path / "run")


def test_ctrl_c_says_how_to_go_on(data, tmp_path):
    """One sentence, no traceback, and the run folder is not there."""
    done = killed(5, signal.SIGINT, data, *PIXELS, "--out", tmp_path / "run")

    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "keeps epochs 1 to" in done.stderr
    assert "the same command with --resume goes on from there" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run.unfinished"]


def test_tensorboard_logs_hold_every_epoch(data, tmp_path):
    """On request, and readable by TensorBoard's own reader."""
    loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader", reason="extra: tensorboard")

    train(data, *PIXELS, "--out", tmp_path / "run", "--tensorboard", tmp_path / "logs")

    for side in ("train", "validation"):
        (file,) = (tmp_path / "logs" / side).iterdir()
        events = list(loader.EventFileLoader(str(file)).Load())
        found = {(value.tag, event.step) for event in events for value in event.summary.value}
        assert found == {(name, step) for name in ("loss", "accuracy") for step in range(1, 9)}
