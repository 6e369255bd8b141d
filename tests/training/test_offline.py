"""Varied pictures made before the split: as paper 2 does, and without its leak."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.labelled import held_out
from edge.preprocess import InputSpec
from tests.installed import require_installed
from training.augment import AugmentSettings
from training.dataset import load_inputs, read_dataset
from training.groups import group_by_name
from training.offline import enlarge
from training.recipe import OfflineSettings, read_recipe
from training.run_folder import RunFacts, open_run, write_run
from training.split import SUBSETS, Fractions, split_items

pytestmark = pytest.mark.slow
require_installed("tensorflow", "TensorFlow comes with the desktop install")

SPEC = InputSpec(width_px=24, height_px=24, color="grey")
SETTINGS = OfflineSettings(per_original=4.5, together=True, augment=AugmentSettings(rotation_deg=45))


@pytest.fixture
def data(tmp_path):
    for seed in range(16):
        path = tmp_path / "data" / ("bolt", "nut")[seed % 2] / f"photo{'abcdefghijklmnop'[seed]}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (30, 30, 3), dtype=np.uint8)).save(path)
    return read_dataset(tmp_path / "data", SPEC, group_by_name)


def origin(relative: str) -> str:
    return relative.split(".png")[0]


def test_what_is_saved_is_what_was_made(data, tmp_path):
    """Originals and variations are files; read again through preprocess they are the same pixels."""
    enlarged = enlarge(data, SETTINGS, 3, tmp_path / "run" / "pictures")

    assert len(enlarged.items) == 16 + 72
    np.testing.assert_array_equal(enlarged.inputs[:16], data.inputs)
    np.testing.assert_array_equal(load_inputs(enlarged.items, SPEC), enlarged.inputs)
    assert len({item.sha256 for item in enlarged.items}) == 88
    assert "72 varied pictures were added to 16 originals" in enlarged.notes[-1]


def test_same_seed_same_pictures(data, tmp_path):
    """A run can be made again."""
    first, again = (enlarge(data, SETTINGS, 3, tmp_path / name) for name in "ab")

    assert [item.sha256 for item in first.items] == [item.sha256 for item in again.items]


@pytest.mark.parametrize("together", [True, False])
def test_only_the_papers_protocol_lets_one_photo_stand_on_both_sides(data, tmp_path, together):
    """Together: the originals divide and take their variations along. Else every picture goes its own way."""
    settings = SETTINGS.model_copy(update={"together": together})
    enlarged = enlarge(data, settings, 0, tmp_path / "pictures")

    split = split_items(enlarged.items, Fractions(0.2, 0.2), 0)

    sides = {subset: {origin(enlarged.items[i].relative) for i in split[subset]} for subset in SUBSETS}
    assert bool(sides["train"] & sides["test"]) is not together


def test_recipes_differ_in_nothing_but_the_split():
    """So that the two figures can be compared, and 160 photos become the paper's 2477."""
    paper, leakfree = read_recipe("paper2"), read_recipe("paper2-leakfree")

    assert paper.offline is not None
    assert (paper.offline.together, round(160 * paper.offline.per_original)) == (False, 2317)
    assert leakfree.changed({"offline": {"together": False}, "note": paper.note, "summary": paper.summary}) == paper
    assert "tends to be higher than what new photos get" in paper.note
    assert "tends to be lower" in leakfree.note


def test_run_with_its_own_pictures_can_be_moved(data, tmp_path):
    """Their place is written relative to the run."""
    run = tmp_path / "run"
    enlarged = enlarge(data, SETTINGS, 0, run / "pictures")
    split = split_items(enlarged.items, Fractions(), 0)
    items = {subset: [enlarged.items[i] for i in split[subset]] for subset in SUBSETS}
    facts = RunFacts(labels=data.labels, input=SPEC, seed=0, data="data", settings={}, versions={})
    write_run(run, facts, enlarged.folder, items, ())
    (run / "model.keras").write_bytes(b"stands for the model")

    moved = Path(run.rename(tmp_path / "elsewhere"))

    assert open_run(moved).split["test"][0].path.is_file()
    assert all(picture.path.is_relative_to(moved) for picture in held_out(moved / "split.json").pictures)
