"""`edge-sort evaluate`, as a user types it, on the packaged bundle: no TensorFlow, no training."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from edge.cli import cli
from edge.labelled import held_out
from edge.parts_command import write_parts
from edge.render import PART_LABELS
from tests.installed import require_installed

require_installed("sklearn", "evaluating needs the desktop install")

BUNDLE = Path(__file__).resolve().parents[2] / "edge" / "data" / "bundle"


def evaluate(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["evaluate", *map(str, arguments)])


def flat(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def parts(tmp_path_factory) -> Path:
    """Eight rendered pictures of each of the seven classes that the packaged bundle knows."""
    folder = tmp_path_factory.mktemp("parts") / "parts"
    write_parts(folder, PART_LABELS, count=8, size_px=128, seed=11)
    (folder / "sheet.png").unlink()
    return folder


@pytest.mark.slow
@pytest.mark.usefixtures("unrendered")
def test_a_bundle_is_evaluated_by_its_integer_model(parts, tmp_path):
    """The JSON has what scripts rely on, and the page is there."""
    result = evaluate(BUNDLE, parts, "--json", "--out", tmp_path / "page")

    assert result.exit_code == 0, result.output
    facts = json.loads(result.stdout)
    assert facts["labels"] == list(PART_LABELS)
    assert facts["pictures"] == 56
    assert facts["accuracy"] > 0.9
    assert facts["accuracy"] == pytest.approx(np.trace(facts["confusion_matrix"]) / 56)
    assert facts["per_class"]["nut"]["support"] == 8
    assert facts["report"] == str(tmp_path / "page" / "report.html")
    assert "56 test pictures answered right" in (tmp_path / "page" / "report.html").read_text()
    assert (tmp_path / "page" / "confusion_matrix.png").is_file()
    assert not (tmp_path / "page" / "curves.png").exists()


def test_no_page_is_written_unless_asked_for(parts):
    """Without --out it prints, and says how to get the page."""
    result = evaluate(BUNDLE, parts)

    assert result.exit_code == 0
    assert "macro average" in result.stdout
    assert "--out DIR" in result.stdout


def test_a_bundle_needs_no_tensorflow(parts, monkeypatch):
    """The integer model is run as on the device; TensorFlow need not even be installed."""
    for name in ("tensorflow", "keras"):
        monkeypatch.setitem(sys.modules, name, None)

    done = evaluate(BUNDLE, parts, "--json")

    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["pictures"] == 56


def test_the_test_pictures_of_a_divided_folder_are_used(parts, tmp_path):
    """train/ and val/ have made the model; only test/ may judge it."""
    for side in ("train", "val", "test"):
        for label in ("coin", "nut"):
            (tmp_path / side / label).mkdir(parents=True)
            for path in sorted((parts / label).iterdir())[: 2 if side == "test" else 5]:
                (tmp_path / side / label / path.name).write_bytes(path.read_bytes())

    facts = json.loads(evaluate(BUNDLE, tmp_path, "--json").stdout)

    assert facts["pictures"] == 4


def test_held_out_pictures_of_a_run_judge_its_bundle(parts, tmp_path):
    """A split.json names the test pictures and where they lie; the others are not looked at."""
    tested = [{"path": f"{label}/{label}_0000{n}.png", "label": label} for label in ("coin", "nut") for n in (0, 1)]
    (tmp_path / "split.json").write_text(json.dumps({"data": str(parts), "train": [], "test": tested}))

    facts = json.loads(evaluate(BUNDLE, tmp_path / "split.json", "--json").stdout)

    assert facts["pictures"] == 4
    assert {one["picture"] for one in facts["panel"]} == {one["path"] for one in tested}


def test_pictures_of_a_run_that_have_moved_are_found_where_the_user_says(parts, tmp_path):
    """Only the pictures that it kept apart are asked, wherever they lie now."""
    tested = [{"path": "coin/coin_00000.png", "label": "coin"}, {"path": "nut/nut_00001.png", "label": "nut"}]
    split = tmp_path / "split.json"
    split.write_text(json.dumps({"data": str(tmp_path / "gone"), "train": [], "test": tested}))

    found = held_out(split, parts)

    assert [one.path for one in found.pictures] == [parts / one["path"] for one in tested]
    both = evaluate(BUNDLE, parts, "--run-data", parts)
    assert both.exit_code == 2
    assert "--run-data says where the pictures that RUN kept apart lie" in flat(both.stderr)


def test_held_out_pictures_that_lie_in_the_run_are_found(parts, tmp_path):
    """A recipe that enlarges the data keeps it in the run, and its split.json says where from there."""
    shutil.copytree(parts / "coin", tmp_path / "enlarged" / "coin")
    tested = [{"path": "coin/coin_00000.png", "label": "coin"}]
    (tmp_path / "split.json").write_text(json.dumps({"data": "enlarged", "train": [], "test": tested}))

    assert json.loads(evaluate(BUNDLE, tmp_path / "split.json", "--json").stdout)["pictures"] == 1


@pytest.mark.usefixtures("unrendered")
def test_pictures_of_one_class_are_enough(parts, tmp_path):
    """How many of these new coins are right?"""
    (tmp_path / "coin").symlink_to(parts / "coin")

    result = evaluate(BUNDLE, tmp_path, "--json", "--out", tmp_path.parent / f"{tmp_path.name}-page")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["per_class"]["coin"]["recall"] > 0.9


def test_classes_without_pictures_are_said(parts, tmp_path):
    """Pictures of two of seven classes are allowed, not passed over in silence."""
    for label in ("coin", "nut"):
        (tmp_path / label).symlink_to(parts / label)

    result = evaluate(BUNDLE, tmp_path, "--json")

    assert result.exit_code == 0
    assert "found none of key, paper_clip, part_a, part_b, screw" in flat(result.stderr)
    assert json.loads(result.stdout)["macro"]["recall"] > 0.9


def test_class_that_the_model_does_not_know_is_refused(parts, tmp_path):
    """A new label has no output: the sentence names it and what the model tells apart."""
    (tmp_path / "coin").symlink_to(parts / "coin")
    (tmp_path / "gear").symlink_to(parts / "nut")

    result = evaluate(BUNDLE, tmp_path)

    assert result.exit_code == 1
    assert "expected pictures of coin, key, nut" in flat(result.output)
    assert "found gear; rename or remove" in flat(result.output)


def test_a_bundle_needs_pictures(tmp_path):
    """Only a run has test pictures of its own."""
    result = evaluate(BUNDLE)

    assert result.exit_code == 1
    assert "expected pictures to show to the bundle, found none given" in flat(result.output)


def test_what_is_neither_run_nor_bundle_is_named(parts):
    """A data folder given in the wrong place."""
    result = evaluate(parts, parts)

    assert result.exit_code == 1
    assert "expected a run folder with run.json or a bundle with bundle.json" in flat(result.output)


def test_folder_in_use_is_refused_before_anything_is_read(tmp_path):
    """A page never lands among other files."""
    (tmp_path / "mine.txt").write_text("precious")

    result = evaluate(BUNDLE, tmp_path / "nowhere", "--out", tmp_path)

    assert result.exit_code == 1
    assert f"{tmp_path}: expected a new or empty folder" in flat(result.output)


def test_pictures_that_calibrated_the_bundle_are_told(parts, tmp_path, monkeypatch):
    """Figures on pictures that helped to make the model flatter it."""
    import hashlib

    from edge.bundle import open_bundle

    opened = open_bundle(BUNDLE)
    seen = hashlib.sha256((parts / "coin" / "coin_00000.png").read_bytes()).hexdigest()
    provenance = {"calibration": {"pictures": [{"path": "a.png", "sha256": seen}]}}
    changed = type(opened)(opened.folder, opened.facts.model_copy(update={"provenance": provenance}), opened.digest)
    monkeypatch.setattr("training.evaluate_run.open_bundle", lambda _folder: changed)

    result = evaluate(BUNDLE, parts)

    assert "at least 1 of 56 pictures helped to make this model" in flat(result.stderr)


def test_unreadable_picture_is_skipped_and_named(parts, tmp_path):
    """The others are still answered."""
    for label in ("coin", "nut"):
        (tmp_path / label).mkdir()
        with Image.open(parts / label / f"{label}_00000.png") as picture:
            picture.save(tmp_path / label / "a.png")
    (tmp_path / "nut" / "broken.jpg").write_text("no picture")

    result = evaluate(BUNDLE, tmp_path, "--json")

    assert json.loads(result.stdout)["pictures"] == 2
    assert "broken.jpg: expected a picture" in flat(result.stderr)
