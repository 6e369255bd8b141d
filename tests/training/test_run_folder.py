"""The run folder as the next stage opens it: intact, or refused by name."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.errors import DataError
from edge.labelled import held_out
from edge.preprocess import InputSpec
from training.dataset import Item, Skipped, read_dataset
from training.groups import group_by_name
from training.run_folder import RunFacts, open_run, write_run

SPEC = InputSpec(width_px=16, height_px=16)


@pytest.fixture
def data(tmp_path) -> Path:
    folder = tmp_path / "data"
    for seed, name in enumerate(("bolt/a", "bolt/b", "bolt/c", "nut/d", "nut/e", "nut/f")):
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.random.default_rng(seed).integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    return folder


@pytest.fixture
def run(tmp_path, data) -> Path:
    """A run folder with everything but a real model."""
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "model.keras").write_bytes(b"stands for the model")
    facts = RunFacts(labels=("bolt", "nut"), input=SPEC, seed=5, data="data", settings={}, versions={})
    write_run(folder, facts, data, split_of(data), (Skipped("bolt/x.jpg", "no picture"),))
    return folder


def split_of(data: Path) -> dict[str, list[Item]]:
    items = read_dataset(data, SPEC, group_by_name).items
    return {subset: [items[start], items[start + 3]] for start, subset in enumerate(("train", "validation", "test"))}


def test_what_was_written_is_what_is_read(run, data):
    """Labels, spec, seed and every item survive; pictures are found again by absolute path."""
    opened = open_run(run)

    assert (opened.folder, opened.labels, opened.spec, opened.seed) == (run, ("bolt", "nut"), SPEC, 5)
    assert opened.split == split_of(data)


def test_device_commands_read_the_held_out_pictures(run, data):
    """`edge` reads split.json without knowing `training`."""
    assert [picture.path for picture in held_out(run / "split.json").pictures] == [
        data / "bolt" / "c.png",
        data / "nut" / "f.png",
    ]


def test_moved_pictures_are_found_where_the_user_says(run, data, tmp_path):
    """The data folder may move between training and quantizing."""
    moved = data.rename(tmp_path / "elsewhere")

    with pytest.raises(DataError, match="found 6 of them missing, this one first"):
        open_run(run)
    assert open_run(run, moved).split["test"][0].path == moved / "bolt" / "c.png"


def test_changed_picture_is_named(run, data):
    """A picture that is no longer the one trained on would make every later figure a lie."""
    shutil.copy(data / "bolt" / "a.png", data / "nut" / "f.png")

    with pytest.raises(DataError, match=re.escape(str(data / "nut" / "f.png")) + ".*other contents"):
        open_run(run)


def test_folder_that_is_no_run_is_refused(tmp_path):
    """A data folder or a bundle given by mistake is told from a run."""
    with pytest.raises(DataError, match=r"expected a run folder with run\.json"):
        open_run(tmp_path)


@pytest.mark.parametrize("name", ["run.json", "split.json"])
def test_damaged_facts_are_named(run, name):
    """Half a JSON file is an error that says which."""
    (run / name).write_text((run / name).read_text()[:40])

    with pytest.raises(DataError, match=re.escape(f"{run / name}: expected a file that edge-sort train wrote")):
        open_run(run)


def test_run_without_its_model_is_refused(run):
    """All of the run or nothing."""
    (run / "model.keras").unlink()

    with pytest.raises(DataError, match=r"model\.keras: expected the trained model"):
        open_run(run)


def test_run_of_another_format_is_refused(run):
    """A newer edge-sort may mean something else by the same words."""
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "format_version": 2}))

    with pytest.raises(DataError, match="expected run format 1, found 2"):
        open_run(run)


def test_labels_and_split_must_agree(run):
    """Labels in run.json that the split does not know would shift every answer."""
    facts = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**facts, "labels": ["bolt", "washer"]}))

    with pytest.raises(DataError, match="expected train pictures of bolt, washer, found bolt, nut"):
        open_run(run)
