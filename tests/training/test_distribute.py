"""Several replicas learn what one learns from the combined batch; and none waits for ever for one that is gone.

Each worker is a process of its own, as on machines of their own, and they talk over loopback.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import cli
from tests.installed import require_installed

pytestmark = pytest.mark.slow
require_installed("tensorflow", "TensorFlow comes with the desktop install")

# 40 pictures to train on: batches of 13, 13, 13 and a last one of a single picture
SETTINGS = ("--size", "32", "--epochs", "3", "--batch", "13", "--seed", "3")
MAIN = "from edge.cli import main; main()"
TWO_DEVICES = (
    "import tensorflow as tf; cpu = tf.config.list_physical_devices('CPU')[0];"
    "tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2);"
)
BOUND_S = 240.0  # none may wait for ever; a minute is plenty on an idle machine


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """Rendered parts of three classes, of one class fewer than of the others: weights differ."""
    folder = tmp_path_factory.mktemp("data")
    made = CliRunner().invoke(cli, ["parts", str(folder / "all"), "--count", "24", "--size", "48"])
    assert made.exit_code == 0, made.output
    for label, count in (("coin", 24), ("key", 24), ("nut", 10)):
        (folder / "parts" / label).mkdir(parents=True)
        for path in sorted((folder / "all" / label).iterdir())[:count]:
            path.rename(folder / "parts" / label / path.name)
    return folder / "parts"


@pytest.fixture(autouse=True)
def no_process_left():
    """However a test ends, what it started ends too."""
    yield
    while _started:
        with _started.pop() as process:
            process.kill()


_started: list[subprocess.Popen[str]] = []


def start(*arguments: object, code: str = MAIN, tf_config: str | None = None) -> subprocess.Popen[str]:
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": os.pathsep.join(sys.path)}
    environment.pop("TF_CONFIG", None)
    if tf_config is not None:
        environment["TF_CONFIG"] = tf_config
    command = [sys.executable, "-c", code, "train", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    _started.append(subprocess.Popen(command, env=environment, text=True, **pipes))
    return _started[-1]


def finished(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a process, not for ever; its stderr comes back in one line."""
    stdout, stderr = process.communicate(timeout=BOUND_S)
    return process.returncode, stdout, " ".join(stderr.split())


def cluster() -> list[str]:
    """TF_CONFIG of two workers, on ports that nobody uses now."""
    with socket.socket() as first, socket.socket() as second:
        for one in (first, second):
            one.bind(("127.0.0.1", 0))
        workers = [f"127.0.0.1:{one.getsockname()[1]}" for one in (first, second)]
    tasks = [{"type": "worker", "index": index} for index in (0, 1)]
    return [json.dumps({"cluster": {"worker": workers}, "task": task}) for task in tasks]


def epochs(run: Path) -> list[dict[str, float]]:
    history = json.loads((run / "history.json").read_text())["epochs"]
    return [{key: value for key, value in epoch.items() if key != "seconds"} for epoch in history]


@pytest.fixture(scope="module")
def alone(data, tmp_path_factory) -> list[dict[str, float]]:
    """What one process on one device makes of the combined batch: class weights and augmentation are on."""
    out = tmp_path_factory.mktemp("alone") / "run"
    code, _, stderr = finished(start(data, "--out", out, *SETTINGS))
    assert code == 0, stderr
    return epochs(out)


def assert_same(found: list[dict[str, float]], expected: list[dict[str, float]]) -> None:
    """Equal but for the order in which 32-bit numbers were added up."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, abs=1e-5)


def test_two_workers_learn_what_one_learns(data, alone, tmp_path):
    """The same curves; the chief writes the run and prints, the other says that it is done and writes nothing."""
    chief, other = (
        start(data, "--out", tmp_path / name, *SETTINGS, "--json", "--distribute", "multiworker", tf_config=config)
        for name, config in zip(("run", "none"), cluster(), strict=True)
    )
    (code, stdout, stderr), (other_code, other_stdout, other_stderr) = finished(chief), finished(other)

    assert (code, other_code) == (0, 0), stderr + other_stderr
    assert_same(epochs(tmp_path / "run"), alone)
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["distribute"]
    assert recorded == {"kind": "multiworker", "replicas": 2, "workers": 2}
    assert json.loads(stdout)["run"] == str(tmp_path / "run")
    assert other_stdout == ""
    assert "done; the chief, 127.0.0.1:" in other_stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_two_devices_learn_what_one_learns(data, alone, tmp_path):
    """The same on one machine, whose processor stands in for two devices."""
    arguments = (data, "--out", tmp_path / "run", *SETTINGS, "--distribute", "mirrored")
    code, _, stderr = finished(start(*arguments, code=TWO_DEVICES + MAIN))

    assert code == 0, stderr
    assert_same(epochs(tmp_path / "run"), alone)
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["settings"]["distribute"]
    assert recorded == {"kind": "mirrored", "replicas": 2, "workers": 1}


@pytest.mark.parametrize("victim", [0, 1])
def test_killed_worker_ends_the_other(data, tmp_path, victim):
    """Chief or not: the one that is left says who should be there, ends with exit code 1 and leaves nothing behind."""
    arguments = (data, "--out", tmp_path / "run", *SETTINGS, "--epochs", 100000, "--distribute", "multiworker")
    workers = [start(*arguments, tf_config=config) for config in cluster()]
    killed, left = workers[victim], workers[1 - victim]
    assert any("for train" in line for line in killed.stderr), "it never came to the training"
    killed.kill()
    code, _, stderr = finished(left)

    assert code == 1, stderr
    assert "expected all 2 workers (127.0.0.1:" in stderr
    assert "found one of them gone or out of reach" in stderr
    assert "Traceback" not in stderr
    if victim == 1:  # a chief killed so leaves a draft, as any killed training does
        assert list(tmp_path.iterdir()) == []


def test_workers_with_different_pictures_refuse_to_train(data, tmp_path):
    """Another seed is another split: the batches would not belong together. Both are told."""
    workers = [
        start(
            data, "--out", tmp_path / "run", *SETTINGS, "--seed", seed, "--distribute", "multiworker", tf_config=config
        )
        for seed, config in zip((3, 4), cluster(), strict=True)
    ]
    (code, _, stderr), (other_code, _, other_stderr) = map(finished, workers)

    assert (code, other_code) == (1, 1), stderr + other_stderr
    assert "expected the same pictures and recipe on every worker, found others on another worker than here" in stderr
    assert "found others here than on the chief" in other_stderr
    assert list(tmp_path.iterdir()) == []


TWINS = """
import json, sys
import numpy as np
from training.distribute import open_distribution
from training.distributed_fit import Twin
from training.tensorflow_setup import load_keras
keras, distribution = load_keras("testing"), open_distribution("mirrored", None, print)

def network(dropout):
    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((8, 8, 3)), layers.Rescaling(1 / 127.5, -1), layers.Conv2D(8, 3), layers.BatchNormalization(),
        layers.ReLU(), layers.Conv2D(8, 3), layers.BatchNormalization(trainable=False), layers.ReLU(),
        layers.Dropout(dropout), layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax"),
    ])
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model

random = np.random.default_rng(0)
pictures, targets = random.integers(0, 256, (15, 8, 8, 3), np.uint8), random.integers(0, 3, 15)
alone, model = network(0), network(0)
twin = Twin(distribution, model)
differences = []
for count in (15, 8, 3, 1):
    inputs, truth = pictures[:count].astype(np.float32), targets[:count]
    loss = float(alone.train_on_batch(inputs, truth))
    alone.reset_metrics()
    sums = twin.learn(pictures[:count], truth, np.ones(count, np.float32))
    twin.give()
    pairs = zip(alone.get_weights(), model.get_weights(), strict=True)
    differences.append([sums[0] / count - loss, *(float(np.abs(one - other).max()) for one, other in pairs)])

wet = network(0.5)
drawing = Twin(distribution, wet)
before = [state.numpy().tolist() for state in distribution.strategy.experimental_local_results(
    drawing._seeds()[0][1].value)]
drawing.learn(pictures, targets, np.ones(15, np.float32))
drawing.give()
print(json.dumps({"differences": differences, "seeds": before, "after": drawing._seeds()[0][0].numpy().tolist()}))
"""


def test_batch_normalization_takes_the_whole_batch_and_dropout_differs():
    """Step by step with uneven batches: the same weights and statistics as on one device; each replica its own dropout.

    A batch norm in inference mode, as in transfer, stays as it was in both.
    """
    code, stdout, stderr = finished(start(code=TWO_DEVICES + TWINS))

    assert code == 0, stderr
    found = json.loads(stdout)
    assert all(abs(difference) < 1e-5 for step in found["differences"] for difference in step)
    (seed, drawn), (other_seed, other_drawn) = found["seeds"]
    assert (other_seed - seed, drawn, other_drawn) == (1, 0, 0)
    assert found["after"] == [seed, 1]  # the model goes on where the twin stopped
