"""A study makes what is missing, keeps what is there, and never mixes what cannot be compared."""

from __future__ import annotations

import fcntl
import json
import shutil

import pytest

from edge.errors import DataError
from training.study import StudyStopped, run_study
from training.study_record import read_study

ALL = ["small-cnn-seed0", "mcu-depthwise-seed0", "small-cnn-seed1", "mcu-depthwise-seed1"]


class Quiet:
    """Hears everything and says nothing."""

    def __getattr__(self, method):
        return lambda *arguments: None


@pytest.fixture
def out(tmp_path):
    return tmp_path / "study"


@pytest.fixture
def begun(request_for, fake_trainer, out):
    """A finished study of two recipes and two seeds."""
    return run_study(request_for(), out, Quiet(), fake_trainer())


def refusal(request, out, trainer):
    """Return what the user is told; nothing may have been trained."""
    with pytest.raises(DataError) as refused:
        run_study(request, out, Quiet(), trainer)
    assert trainer.trained == []
    return str(refused.value)


def test_every_recipe_is_trained_with_every_seed(request_for, fake_trainer, out):
    """Seed by seed: stopped half-way, all recipes have the same seeds."""
    trainer = fake_trainer(accuracy=lambda recipe, seed: 0.9 if recipe == "small-cnn" else 0.75 - seed / 4)

    study = run_study(request_for(), out, Quiet(), trainer)

    assert trainer.trained == ALL
    assert [run.accuracy for run in study.of("mcu-depthwise")] == [0.75, 0.5]
    assert sorted(path.name for path in (out / "runs").iterdir()) == sorted(ALL)
    assert read_study(out) == study.record
    assert study.of("small-cnn")[0].seconds == 21


def test_seeds_divide_the_pictures_alike_for_all_recipes(begun):
    """So the runs of one seed can be paired."""
    first, second = begun.of("small-cnn"), begun.of("mcu-depthwise")

    assert [run.tested for run in first] == [run.tested for run in second]
    assert first[0].tested != first[1].tested


def test_the_same_command_again_trains_nothing(begun, request_for, fake_trainer, out):
    """Nor does it check the networks again: it ends at once."""
    trainer = fake_trainer()

    again = run_study(request_for(), out, Quiet(), trainer)

    assert (trainer.trained, trainer.checked) == ([], 0)
    assert set(again.runs) == set(begun.runs)


def test_a_stopped_study_goes_on_where_it_was(request_for, fake_trainer, out):
    """What was finished is kept, and so is what there is of the run that was not."""
    with pytest.raises(StudyStopped) as stopped:
        run_study(request_for(), out, Quiet(), fake_trainer(stops={ALL[2]}))
    assert [str(name) for name in stopped.value.study.runs] == ALL[:2]
    draft = out / "runs" / f"{ALL[2]}.unfinished"
    draft.mkdir()
    trainer = fake_trainer()

    study = run_study(request_for(), out, Quiet(), trainer)

    assert trainer.trained == ALL[2:]
    assert trainer.checked == 0
    assert len(study.runs) == 4
    assert draft.exists(), "going on there is up to the trainer"


def test_a_failed_run_ends_nothing_and_is_tried_again(request_for, fake_trainer, out):
    """Its reason is kept, the others are made."""
    study = run_study(request_for(), out, Quiet(), fake_trainer(fails={ALL[1]}))
    assert {str(name): reason for name, reason in study.failed.items()} == {ALL[1]: "killed by the system"}
    assert len(study.runs) == 3
    trainer = fake_trainer()

    study = run_study(request_for(), out, Quiet(), trainer)

    assert trainer.trained == [ALL[1]]
    assert not study.failed


def test_more_seeds_and_recipes_join(begun, request_for, fake_trainer, out):
    """The table of recipes and seeds is filled; who joins gets all seeds, and nobody leaves."""
    trainer = fake_trainer()

    study = run_study(request_for(recipes=["mcu-residual"], seeds=3), out, Quiet(), trainer)

    assert trainer.trained == [
        "mcu-residual-seed0", "mcu-residual-seed1", "small-cnn-seed2", "mcu-depthwise-seed2", "mcu-residual-seed2",
    ]  # fmt: skip
    assert len(study.runs) == 9
    assert study.record.recipes["mcu-residual"].cost is not None


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"epochs": 7}, "recipe 'small-cnn' with epochs 7 instead of 150"),
        ({"optimizer": {"kind": "sgd"}}, "optimizer.kind 'sgd' instead of 'adam'"),
        ({"augment": None}, "augment.rotation_deg none instead of 25.0"),
    ],
)
def test_other_settings_are_refused(begun, request_for, fake_trainer, out, changes, told):
    """Under one name there is one recipe; the first differing keys are named."""
    message = refusal(request_for(changes=changes), out, fake_trainer())

    assert told in message
    assert "repeat the command as it was, or choose a new --out" in message


def test_other_grouping_is_refused(begun, request_for, fake_trainer, out):
    """It decides which pictures are tested on."""
    message = refusal(request_for(group_pattern="(.)"), out, fake_trainer())

    assert "--group-pattern '(.)' instead of none" in message


def test_other_pictures_are_refused(begun, request_for, fake_trainer, out):
    """Gone, new or changed: the figures would not be of one set."""
    picture = out.parent / "data" / "bolt" / "3.png"
    kept = picture.read_bytes()

    picture.write_bytes(kept + b" ")
    assert "other contents in the picture bolt/3.png" in refusal(request_for(), out, fake_trainer())
    picture.rename(picture.with_name("x.png"))
    assert "that the picture bolt/3.png is gone" in refusal(request_for(), out, fake_trainer())
    picture.write_bytes(kept)
    assert "a new picture bolt/x.png" in refusal(request_for(), out, fake_trainer())


def test_the_same_pictures_elsewhere_are_the_same(begun, request_for, fake_trainer, out, tmp_path):
    """What counts is what they show, not where they lie."""
    shutil.move(tmp_path / "data", tmp_path / "moved")
    trainer = fake_trainer()

    study = run_study(request_for(seeds=3, data=tmp_path / "moved"), out, Quiet(), trainer)

    assert len(study.runs) == 6


def test_a_weights_file_is_what_it_holds(request_for, fake_trainer, out, tmp_path):
    """Moved it is the same, with other contents it is not."""
    weights, moved = tmp_path / "a.h5", tmp_path / "b.h5"
    for path in (weights, moved):
        path.write_bytes(b"weights")
    asked = {path: {"network": {"weights": str(path)}} for path in (weights, moved)}
    run_study(request_for(["mobilenet-v2"], changes=asked[weights]), out, Quiet(), fake_trainer())
    trainer = fake_trainer()

    weights.unlink()
    study = run_study(request_for(["mobilenet-v2"], changes=asked[moved]), out, Quiet(), trainer)
    assert trainer.trained == []
    assert study.record.recipes["mobilenet-v2"].recipe.network.weights == str(moved)

    moved.write_bytes(b"others")
    message = refusal(request_for(["mobilenet-v2"], changes=asked[moved]), out, fake_trainer())
    assert "recipe 'mobilenet-v2' with network.weights 'sha256" in message


def test_missing_weights_are_told_first(request_for, fake_trainer, out):
    """Before any picture is read twice; and no folder is left."""
    changes = {"network": {"weights": "nowhere.h5"}}

    message = refusal(request_for(["mobilenet-v2"], changes=changes), out, fake_trainer())

    assert "nowhere.h5: expected a file of weights for mobilenet-v2, found none" in message
    assert not out.exists()


def test_a_folder_in_use_is_refused(request_for, fake_trainer, out):
    """Nothing of somebody else's is touched."""
    out.mkdir()
    (out / "thesis.txt").write_text("precious")

    assert "expected a new or empty folder" in refusal(request_for(), out, fake_trainer())
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]


def test_a_place_below_a_file_is_refused(request_for, fake_trainer, tmp_path):
    """Said before the pictures are read."""
    (tmp_path / "file").write_text("")

    assert "expected a place that can be written to" in refusal(request_for(), tmp_path / "file" / "x", fake_trainer())


def test_what_the_check_finds_leaves_no_folder(request_for, fake_trainer, out):
    """A study that cannot be begun is not there."""
    assert "at least 8 px" in refusal(request_for(), out, fake_trainer(refuses=True))
    assert not out.exists()


def test_one_command_at_a_time(begun, request_for, fake_trainer, out):
    """Two would train the same runs."""
    with (out / "study.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        message = refusal(request_for(seeds=3), out, fake_trainer())

    assert "found another edge-sort compare at it" in message


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format_version": 2}'])
def test_a_damaged_record_is_named_and_can_be_made_again(begun, request_for, fake_trainer, out, text):
    """The runs are verified one by one, so they can be kept without it."""
    (out / "study.json").write_text(text)

    message = refusal(request_for(), out, fake_trainer())
    assert f"{out / 'study.json'}: expected the record that edge-sort compare keeps" in message
    assert "delete this file" in message

    (out / "study.json").unlink()
    trainer = fake_trainer()
    assert len(run_study(request_for(), out, Quiet(), trainer).runs) == 4
    assert trainer.trained == []


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("run.json", lambda text: text[:40]),
        ("metrics.json", lambda text: "{}"),
        ("metrics.json", lambda text: text.replace("bolt", "belt")),
        ("metrics.json", lambda text: text.replace('"two_classes"', '"three_classes"')),
        ("history.json", lambda text: ""),
        ("history.json", lambda text: '{"best_epoch": 1, "epochs": []}'),
        ("split.json", lambda text: text.replace("bolt", "belt")),
    ],
)
def test_a_damaged_run_is_named(begun, request_for, fake_trainer, out, file, damage):
    """It is neither taken for true nor deleted."""
    path = out / "runs" / ALL[3] / file
    path.write_text(damage(path.read_text()))

    message = refusal(request_for(seeds=3), out, fake_trainer())

    assert f"{out / 'runs' / ALL[3]}: expected a finished run of this study, found" in message
    assert "delete that folder and repeat the command" in message


def test_a_run_of_something_else_is_named(begun, request_for, fake_trainer, out):
    """A folder copied under another name: other seed, other recipe, other pictures."""
    runs = out / "runs"
    shutil.rmtree(runs / ALL[3])
    shutil.copytree(runs / ALL[1], runs / ALL[3])
    assert "one of seed 0" in refusal(request_for(), out, fake_trainer())

    shutil.rmtree(runs / ALL[3])
    shutil.copytree(runs / ALL[2], runs / ALL[3])
    assert "one trained with" in refusal(request_for(), out, fake_trainer())

    shutil.rmtree(runs / ALL[3])
    shutil.copytree(runs / ALL[1], runs / ALL[3])
    facts = json.loads((runs / ALL[3] / "run.json").read_text())
    facts["settings"]["recipe"]["seed"] = 1
    (runs / ALL[3] / "run.json").write_text(json.dumps(facts))
    split = (runs / ALL[3] / "split.json").read_text()
    (runs / ALL[3] / "split.json").write_text(split.replace("bolt/3.png", "bolt/33.png"))
    assert "one of other pictures (bolt/33.png)" in refusal(request_for(), out, fake_trainer())
