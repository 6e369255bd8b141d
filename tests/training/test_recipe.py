"""Recipes are data: all that ship can be read, mistakes are named, and options lie over them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import cli
from training.recipe import Recipe, read_recipe, recipe_text, shipped_recipes
from training.recipe_changes import DEFAULT_RECIPE, RecipeError, from_options, from_setting

SMALL = recipe_text(DEFAULT_RECIPE)


def own(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text)
    return str(path)


def test_every_shipped_recipe_can_be_read():
    """Each has a line for the list, and the default is among them."""
    recipes = shipped_recipes()

    assert DEFAULT_RECIPE in recipes
    assert all(recipe.summary for recipe in recipes.values())


def test_command_lists_and_prints(tmp_path):
    """A printed recipe is a file to start one's own from."""
    listed = CliRunner().invoke(cli, ["recipes"]).output
    printed = CliRunner().invoke(cli, ["recipes", DEFAULT_RECIPE]).output

    assert len(listed.splitlines()) == len(shipped_recipes())
    assert read_recipe(own(tmp_path, printed)) == read_recipe(DEFAULT_RECIPE)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("batch = 16", "batch = 0", "batch: input should be greater than or equal to 1, found 0"),
        ("batch = 16", 'batch = "16"', "batch: input should be a valid integer, found '16'"),
        ("batch = 16", "batch = true", "batch: input should be a valid integer, found True"),
        ("flip = false", "flip = 1", "augment.flip: input should be a valid boolean, found 1"),
        ("size = [0.85, 1.08]", "size = [1.1, 0.9]", "augment.size: expected the smaller factor first"),
        ("batch = 16", "batch = " + "9" * 5000, "expected TOML, found: Exceeds the limit"),
        ("batch = 16", "batch = 0x" + "f" * 5000, "expected shorter numbers, found: Exceeds the limit"),
        ("[8, 16, 32]", "[8, -1]", "network.filters.1: input should be greater than or equal"),
        ("[8, 16, 32]", "8", "network.filters: expected a list, found 8"),
        ("batch = 16", "bach = 16", "unknown key 'bach'"),
        ("batch = 16", "", "expected a key 'batch'"),
        ("flip = false", "flop = false", "unknown key 'augment.flop'"),
        ("dense_units", "dense_unit", "unknown key 'network.dense_unit'"),
        ("test = 0.15", "tset = 0.15", "unknown key 'split.tset'"),
        ("test = 0.15", "test = 0.95", "expected shares above 0"),
        ("test = 0.15", "test = nan", "split.test: input should be a finite number, found nan"),
        ("learning_rate = 0.002", "learning_rate = inf", "optimizer.learning_rate: input should be a finite number"),
        ('kind = "adam"', 'kind = "adamw"', "optimizer.kind: expected one of 'adam', 'sgd', 'rmsprop', found 'adamw'"),
        ('kind = "adam"', "", "optimizer.kind: expected a name, found none"),
        ('kind = "adam"', "kind = adam", "expected TOML"),
    ],
)
def test_mistake_names_file_and_key(tmp_path, old, new, found):
    """One sentence, so that a slip of the pen is found at once."""
    path = own(tmp_path, SMALL.replace(old, new))

    with pytest.raises(RecipeError) as error:
        read_recipe(path)

    assert str(error.value).startswith(f"{path}: ")
    assert found in str(error.value)


def test_recipe_that_is_not_there(tmp_path):
    """A name gets the list of names, a path only its own."""
    with pytest.raises(RecipeError, match=r"expected one of the recipes .*small-cnn.* found 'big-cnn'"):
        read_recipe("big-cnn")
    with pytest.raises(RecipeError, match="expected a recipe, found no such file"):
        read_recipe(str(tmp_path / "mine.toml"))


def test_options_lie_over_the_recipe():
    """What is given changes, all else stays."""
    recipe = read_recipe(DEFAULT_RECIPE)

    changed = recipe.changed(from_options({"size": 32, "color": None, "learning_rate": 0.1, "seed": 4}, True))

    assert (changed.input.width_px, changed.input.height_px, changed.input.color) == (32, 32, "rgb")
    assert (changed.optimizer.learning_rate, changed.optimizer.schedule) == (0.1, "cosine")
    assert (changed.seed, changed.augment) == (4, None)
    assert changed.network == recipe.network
    assert recipe.changed({}) is recipe


def test_another_kind_of_optimizer_keeps_nothing_of_the_old_one():
    """Adam's learning rate is no learning rate for SGD."""
    changed = read_recipe(DEFAULT_RECIPE).changed(from_setting("optimizer.kind=sgd"))

    assert changed.optimizer.model_dump() == {
        "kind": "sgd", "learning_rate": 0.01, "momentum": 0.0, "nesterov": False, "schedule": "constant",
    }  # fmt: skip


def test_recorded_recipe_is_the_recipe():
    """run.json holds the whole of it: read back, it is the same."""
    recipe = read_recipe(DEFAULT_RECIPE).changed({"epochs": 3})

    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe


@pytest.mark.parametrize(
    ("added", "found"),
    [
        ("[frozen]\nviews = 2\n", "expected a network with trained weights for [frozen], found 'small-cnn'"),
        ("[[fine_tune]]\nblocks = 1\nepochs = 1\noptimizer = {kind = 'sgd'}\n", "expected [frozen] before"),
    ],
)
def test_stages_that_make_no_sense_are_named(tmp_path, added, found):
    """Each key fine by itself, the whole not."""
    path = own(tmp_path, SMALL + added)

    with pytest.raises(RecipeError) as error:
        read_recipe(path)

    assert str(error.value).startswith(f"{path}: {found}")


def test_a_setting_of_five_thousand_digits_is_one_sentence():
    """Read as a word, which is no number."""
    with pytest.raises(RecipeError, match="epochs: input should be a valid integer"):
        read_recipe(DEFAULT_RECIPE).changed(from_setting("epochs=" + "9" * 5000))


def test_a_mark_at_the_start_is_no_mistake(tmp_path):
    """As Windows editors put it there."""
    path = own(tmp_path, "\ufeff" + SMALL)

    assert read_recipe(path).batch == 16


def test_without_weights_nothing_is_frozen():
    """--weights none trains the whole network, for the epochs of the first stage."""
    recipe = read_recipe("mobilenet-v2")

    assert (recipe.transfers, recipe.total_epochs) == (True, 112)
    scratch = recipe.changed(from_options({"weights": "none"}))
    assert (scratch.transfers, scratch.total_epochs) == (False, 100)
