"""`edge-sort compare` refuses what it cannot use, before it trains; options reach the recipes they are for."""

from __future__ import annotations

import json
import sys
import traceback

import pytest
from click.testing import CliRunner

from edge.cli import cli
from training.recipe import read_recipe
from training.recipe_changes import RecipeError
from training.study_options import named_recipes

NO_OPTIONS: dict[str, object] = {}


@pytest.fixture(autouse=True)
def no_tensorflow_needed(monkeypatch):
    """Everything here is decided before TensorFlow is used; a stand-in saves seconds."""
    for name in ("tensorflow", "keras"):
        monkeypatch.setitem(sys.modules, name, sys.modules.get(name, object()))


def compare(*arguments):
    result = CliRunner().invoke(cli, ["compare", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), "".join(
        traceback.format_exception(result.exception)
    )
    return result


@pytest.fixture
def pictures(request_for, tmp_path):
    """Twenty pictures of two classes."""
    return tmp_path / "data"


@pytest.fixture
def trainer(monkeypatch, fake_trainer):
    """What trains instead of TensorFlow."""
    trainer = fake_trainer(accuracy=lambda recipe, seed: 0.9 if recipe == "small-cnn" else 0.7 + seed / 50)
    monkeypatch.setattr("training.study.ChildTrainer", lambda: trainer)
    return trainer


@pytest.mark.usefixtures("unrendered")
def test_results_on_the_terminal(pictures, tmp_path, trainer):
    """A table, the verdict, the paper's caveat, where the page is; progress is on stderr."""
    arguments = ("--recipe", "small-cnn", "--recipe", "paper1-sgd", "--seeds", 4, "--out", tmp_path / "s")

    result = compare(pictures, *arguments)

    assert result.exit_code == 0, result.output
    assert "run 8/8" in result.stderr
    assert result.stdout.startswith("recipe")
    assert "small-cnn scores higher than paper1-sgd, on other test pictures" in result.stdout
    assert "paper1-sgd: The paper reports" in result.stdout
    assert f"Page:  {tmp_path / 's' / 'report.html'}" in result.stdout
    assert (tmp_path / "s" / "runs.csv").is_file()


@pytest.mark.usefixtures("unrendered")
def test_json_alone_is_on_stdout(pictures, tmp_path, trainer):
    """For scripts; seeds follow the first one."""
    arguments = ("--recipe", "small-cnn", "--first-seed", 5, "--seeds", 2, "--json", "--out", tmp_path / "s")

    facts = json.loads(compare(pictures, *arguments).stdout)

    assert [one["seed"] for one in facts["runs"]] == [5, 6]
    assert facts["best_two"] is None


@pytest.mark.usefixtures("unrendered")
def test_a_failed_run_ends_in_exit_code_1(pictures, tmp_path, trainer):
    """After the table of the others, with the reason."""
    trainer.fails.add("small-cnn-seed1")

    result = compare(pictures, "--recipe", "small-cnn", "--seeds", 2, "--out", tmp_path / "s")

    assert result.exit_code == 1
    assert result.stdout.startswith("recipe")
    assert "1 of 2 runs failed; the same command trains them again:" in result.stderr
    assert "small-cnn, seed 1: killed by the system" in result.stderr


@pytest.mark.usefixtures("unrendered")
def test_ctrl_c_says_how_to_go_on(pictures, tmp_path, trainer):
    """What there is has been written; the same command ends the work."""
    trainer.stops.add("small-cnn-seed1")
    arguments = ("--recipe", "small-cnn", "--seeds", 2, "--out", tmp_path / "s")

    result = compare(pictures, *arguments)

    assert result.exit_code == 1
    assert "stopped with 1 of 2 runs finished; the same command goes on from there" in result.stderr
    assert (tmp_path / "s" / "report.html").is_file()
    trainer.stops.clear()
    assert compare(pictures, *arguments).exit_code == 0
    assert trainer.trained == ["small-cnn-seed0", "small-cnn-seed1"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--recipe", "small-cnn", "--recipe", "small-cnn"), "found 'small-cnn' twice"),
        (("--recipe", "small"), "expected one of the recipes"),
        (("--recipe", "small-cnn", "--weights", "imagenet"), "whose network can start from trained weights"),
        (
            ("--recipe", "small-cnn", "--set", "paper2:epochs=3"),
            "expected one of the recipes small-cnn before the colon",
        ),
        (
            ("--recipe", "small-cnn", "--recipe", "vgg16", "--set", "frozen.views=2"),
            "recipe 'small-cnn': --set frozen.views=2",
        ),
        (("--recipe", "small-cnn", "--test", "0.7"), "recipe 'small-cnn': the options given: expected shares above 0"),
        (("--recipe", "small-cnn"), "nowhere: expected a folder with one sub-folder"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(tmp_path, arguments, told):
    """Before a picture is read; nothing is left behind."""
    result = compare(tmp_path / "nowhere", "--out", tmp_path / "s", *arguments)

    assert result.exit_code == 1
    assert told in " ".join(result.output.split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", [("--seeds", "0"), ("--first-seed", "-1"), ("--epochs", "0"), ("--seeds", "many")])
def test_wrong_options_are_usage_errors(tmp_path, option):
    """Exit code 2 and the option's name."""
    result = compare(tmp_path, "--recipe", "small-cnn", "--out", tmp_path / "s", *option)

    assert result.exit_code == 2
    assert option[0] in result.output


def test_recipe_files_of_one_name_are_refused(tmp_path):
    """Their runs would have one name."""
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    files = [str(tmp_path / folder / "mine.toml") for folder in ("a", "b")]

    with pytest.raises(RecipeError, match=r"a/mine\.toml' and '.*b/mine\.toml', both called 'mine'"):
        named_recipes(files, [], NO_OPTIONS, False)


def test_a_recipe_file_goes_by_its_stem(tmp_path):
    """As shipped ones go by theirs."""
    from training.recipe import recipe_text

    (tmp_path / "mine.toml").write_text(recipe_text("small-cnn").replace("epochs = 150", "epochs = 15"))

    assert named_recipes([str(tmp_path / "mine.toml")], [], NO_OPTIONS, False)["mine"].epochs == 15


def test_weights_are_for_networks_that_take_them():
    """Paper 2's network made from nothing can be compared with a pretrained one in one command."""
    found = named_recipes(["paper2", "mobilenet-v2"], [], {"weights": "file.h5", "epochs": 3}, False)

    assert found["mobilenet-v2"].network.weights == "file.h5"
    assert found["paper2"] == read_recipe("paper2").changed({"epochs": 3})


def test_a_setting_can_be_for_one_recipe():
    """NAME: before the key; without it, for all. A colon in the value is no name."""
    settings = ["vgg16:network.weights=none", "patience_epochs=4", "summary=one: two"]

    found = named_recipes(["resnet50", "vgg16"], settings, NO_OPTIONS, False)

    assert [one.network.weights for one in found.values()] == ["imagenet", "none"]
    assert [one.patience_epochs for one in found.values()] == [4, 4]
    assert found["vgg16"].summary == "one: two"
