"""`edge-sort quantize`, as a user types it: a bundle, or a refusal with nothing written."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge.bundle import open_bundle
from edge.check import check_bundle
from edge.cli import cli
from edge.preprocess import InputSpec
from quantize.quiet import quiet
from training.dataset import Item
from training.run_folder import RunFacts, write_run

SIDE_PX = 16
LABELS = ("bright", "dim")


def quantize(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["quantize", *map(str, arguments)])


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


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """One sentence, exit code 1, nothing written."""
    result = quantize(tmp_path, "--out", tmp_path / "bundle")

    assert result.exit_code == 1
    assert "make one with: edge-sort train" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_in_use_is_refused_before_the_work_starts(tmp_path):
    """Even before the run is looked at, so nobody waits for minutes to hear it."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "mine.txt").write_text("mine")

    result = quantize(tmp_path / "no-run", "--out", tmp_path / "bundle")

    assert result.exit_code == 1
    assert f"{tmp_path / 'bundle'}: expected a new or empty folder" in result.stderr


@pytest.mark.parametrize("wrong", [["--max-drop", "1.5"], ["--purity", "99"], ["--calibration", "0"]])
def test_a_share_is_between_0_and_1(tmp_path, wrong):
    """99 for 99 % is caught at once, with exit code 2."""
    assert quantize(tmp_path, "--out", tmp_path / "b", *wrong).exit_code == 2


@pytest.fixture(scope="module")
def easy_run(tmp_path_factory):
    """A run whose classes are far apart: integers lose nothing."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    return make_run(tmp_path_factory.mktemp("easy"), bright=180.5, dim=60.5)


@pytest.fixture(scope="module")
def fragile_run(tmp_path_factory):
    """A run whose classes differ by 0.15 of a grey level: the mean of an int8 tensor cannot hold that."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    return make_run(tmp_path_factory.mktemp("fragile"), bright=127.45, dim=127.30)


@pytest.mark.slow
def test_an_accepted_model_becomes_a_bundle(easy_run, tmp_path):
    """Exit code 0, and a bundle that opens, answers and tells where it comes from."""
    result = quantize(easy_run, "--out", tmp_path / "bundle")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("accepted: the integer model answers 20 of 20 test pictures right")
    bundle = open_bundle(tmp_path / "bundle")
    assert bundle.classifier().classify(np.full((40, 40, 3), 180, np.uint8)).label == "bright"
    assert bundle.facts.provenance["accuracy_int8"] == bundle.facts.provenance["accuracy_float"] == 1.0
    assert len(bundle.facts.provenance["calibration"]["pictures"]) == 20
    assert {threshold.recovery for threshold in bundle.facts.thresholds.values()} == {1.0}
    assert bundle.facts.golden is not None
    assert {one.name.split("/")[0] for one in bundle.facts.golden.inputs} == set(LABELS)
    assert check_bundle(tmp_path / "bundle").ok


@pytest.mark.slow
def test_a_bundle_names_no_folder_of_this_machine(easy_run, tmp_path):
    """Everything in it is below the data folder or inside the bundle."""
    quantize(easy_run, "--out", tmp_path / "bundle")

    for path in (tmp_path / "bundle").iterdir():
        contents = path.read_bytes()
        assert str(easy_run.parent).encode() not in contents, path.name
        assert str(tmp_path).encode() not in contents, path.name


@pytest.mark.slow
def test_the_same_run_gives_the_same_bundle(easy_run, tmp_path):
    """Every byte of every file: model, facts and report."""
    for name in ("first", "second"):
        assert quantize(easy_run, "--out", tmp_path / name).exit_code == 0

    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "second")
    )
    assert first == second


@pytest.mark.slow
def test_a_real_loss_is_refused(fragile_run, tmp_path):
    """The float model is always right, the integer model blind: exit code 3, no bundle, the reason first."""
    result = quantize(fragile_run, "--out", tmp_path / "bundle")

    assert result.exit_code == 3
    assert result.stdout.startswith("refused: the integer model answers 10 of 20 test pictures right")
    assert "Error: refused: the integer model answers 10 of 20" in result.stderr
    assert "accept the loss with --max-drop 0.500" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_json_is_one_object_on_stdout_whatever_the_converter_prints(fragile_run, tmp_path):
    """In a process of its own, where nothing stands between the converter's C++ and the terminal."""
    program = "import sys; sys.argv[0] = 'edge-sort'; from edge.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, "quantize", fragile_run, "--out", tmp_path / "bundle", "--json"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip

    found = json.loads(result.stdout)
    assert result.returncode == 3
    assert (found["verdict"], found["bundle"]) == ("refused", None)
    assert (found["accuracy_float"], found["accuracy_int8"], found["drop"]) == (1.0, 0.5, 0.5)
    assert len(found["flips"]) == 10
    assert not (tmp_path / "bundle").exists()
    assert [line for line in result.stderr.splitlines() if not line.endswith("...")][-1].startswith("Error: refused")


@pytest.mark.slow
def test_a_loss_that_was_allowed_is_accepted(fragile_run, tmp_path):
    """The limit that the refusal names is enough."""
    result = quantize(fragile_run, "--out", tmp_path / "bundle", "--max-drop", "0.5", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["bundle"] == str(tmp_path / "bundle")
    assert "all to reject" in (tmp_path / "bundle" / "report.html").read_text()
