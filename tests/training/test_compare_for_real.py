"""`edge-sort compare` trains for real, on rendered parts: killed and begun again, it ends as if nothing had been."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import cli
from tests.installed import require_installed
from training.recipe import recipe_text

pytestmark = [
    pytest.mark.slow,
    # Keras 3 saves and loads its variables through an __array__ without the copy keyword of numpy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"),
]
require_installed("tensorflow", "TensorFlow comes with the desktop install")

ROOT = Path(__file__).resolve().parents[2]
SHORT = ("--epochs", "2", "--size", "32")


def edge_sort(*arguments):
    result = CliRunner().invoke(cli, list(map(str, arguments)))
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Ten rendered pictures of each part."""
    folder = tmp_path_factory.mktemp("data") / "parts"
    edge_sort("parts", folder, "--count", "10", "--size", "32")
    return folder


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    """A recipe of one's own: the small network with two layers of few filters."""
    path = tmp_path_factory.mktemp("recipes") / "narrow.toml"
    path.write_text(recipe_text("small-cnn").replace("filters = [8, 16, 32]", "filters = [4, 8]"))
    return path


@pytest.fixture(scope="module")
def study(parts, narrow, tmp_path_factory):
    """A study killed by SIGKILL after its first run and gone on with: folder, that run's model, the second's answer."""
    out = tmp_path_factory.mktemp("work") / "study"
    command = [
        "compare",
        parts,
        "--recipe",
        "small-cnn",
        "--recipe",
        narrow,
        "--seeds",
        "2",
        "--out",
        out,
        *SHORT,
    ]
    script = "from edge.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", script, *map(str, command)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    ) as process:
        told = next(line for line in process.stderr if line.startswith("run 1/4"))
        process.kill()
    assert "small-cnn, seed 0: accuracy" in told
    first = out / "runs" / "small-cnn-seed0" / "model.keras"
    made_at = first.stat().st_mtime_ns
    return out, made_at, edge_sort(*command, "--json")


def test_a_killed_study_goes_on(study):
    """The finished run is kept as it is, the three others are made; no half-written one stays."""
    out, made_at, result = study

    assert "4 runs, 1 of them finished already" in result.stderr
    assert (out / "runs" / "small-cnn-seed0" / "model.keras").stat().st_mtime_ns == made_at
    assert sorted(path.name for path in (out / "runs").iterdir()) == [
        "narrow-seed0", "narrow-seed1", "small-cnn-seed0", "small-cnn-seed1",
    ]  # fmt: skip
    facts = json.loads(result.stdout)
    assert len(facts["runs"]) == 4
    assert facts["failed"] == []


def test_a_run_of_a_study_is_what_train_makes(parts, narrow, study, tmp_path):
    """Same recipe, options and seed: the same confusion matrix, weights and split to the last digit."""
    edge_sort("train", parts, "--recipe", narrow, "--seed", "1", "--out", tmp_path / "run", *SHORT)

    alone, studied = tmp_path / "run", study[0] / "runs" / "narrow-seed1"
    assert (alone / "split.json").read_text() == (studied / "split.json").read_text()
    alone_metrics, metrics = (json.loads((run / "metrics.json").read_text()) for run in (alone, studied))
    assert alone_metrics["confusion_matrix"] == metrics["confusion_matrix"]
    assert alone_metrics["calibration"] == metrics["calibration"]


def test_costs_are_those_of_the_networks(study):
    """Counted from the layers that were built; a study's runs are ordinary runs."""
    facts = json.loads(study[2].stdout)
    small, narrow = facts["recipes"]

    convolutions = 9 * (32**2 * 3 * 8 + 16**2 * 8 * 16 + 8**2 * 16 * 32)
    assert small["multiply_accumulates"] == convolutions + 4 * 4 * 32 * 48 + 48 * 7
    assert narrow["multiply_accumulates"] == 9 * (32**2 * 3 * 4 + 16**2 * 4 * 8) + 8 * 8 * 8 * 48 + 48 * 7
    assert (study[0] / facts["runs"][0]["run"] / "report.html").is_file()


def test_what_cannot_be_trained_is_found_first(parts, tmp_path):
    """An input too small for one network: said with the recipe's name before any training, nothing left behind."""
    out = tmp_path / "study"
    command = ["compare", parts, "--recipe", "small-cnn", "--recipe", "mobilenet-v2", "--size", "16", "--out", out]

    result = CliRunner().invoke(cli, [*map(str, command), "--weights", "none"])

    assert result.exit_code == 1
    assert "recipe 'mobilenet-v2': expected an input of at least 32 px" in " ".join(result.stderr.split())
    assert "run 1/" not in result.stderr
    assert not out.exists()
