"""The folder of a training under way: kept when there is something to go on from, and only for the same training."""

from __future__ import annotations

import numpy as np
import pytest

from edge.errors import DataError
from training.checkpoints import Checkpoint, save_checkpoint
from training.history import Epoch
from training.unfinished import UnfinishedRun, epochs_kept, unfinished_place

REQUEST = {"recipe": {"epochs": 30, "optimizer": {"kind": "adam"}}, "pictures": {"labels": ("a", "b"), "digest": "12"}}


class Stopped(Exception):
    """What ends a training in these tests."""


def stop_after_checkpoint(out, request=REQUEST, epochs: int = 4) -> None:
    history = tuple(Epoch(n, 1.0, 0.5, 1.0, 0.5, 0.1) for n in range(1, epochs + 1))
    with pytest.raises(Stopped), UnfinishedRun(out, resume=False) as run:
        run.begin(request)
        (run.folder / "half.png").write_text("half of a picture")
        save_checkpoint(run.folder, Checkpoint(0, history, epochs, 1, [np.zeros(2)], [], []))
        raise Stopped


def test_a_finished_training_leaves_its_run_and_nothing_else(tmp_path):
    """What was needed to go on is gone."""
    out = tmp_path / "run"

    with UnfinishedRun(out, resume=False) as run:
        run.begin(REQUEST)
        (run.folder / "model.keras").write_text("model")
        run.finish()

    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert [path.name for path in out.iterdir()] == ["model.keras"]


def test_without_a_checkpoint_nothing_is_left(tmp_path):
    """A training that failed at once is no training to go on with."""
    with pytest.raises(Stopped), UnfinishedRun(tmp_path / "run", resume=False) as run:
        run.begin(REQUEST)
        raise Stopped

    assert list(tmp_path.iterdir()) == []


def test_a_stopped_training_is_not_overwritten_unasked(tmp_path):
    """The user may have waited for a day."""
    out = tmp_path / "run"
    stop_after_checkpoint(out)

    with pytest.raises(DataError, match="stopped after epoch 4; add --resume to go on with it"):
        UnfinishedRun(out, resume=False).__enter__()

    assert epochs_kept(out) == 4


def test_resume_goes_on_with_the_same_training(tmp_path):
    """The checkpoint is there; half-written files of the first attempt are not."""
    out = tmp_path / "run"
    stop_after_checkpoint(out)

    with UnfinishedRun(out, resume=True) as run:
        run.begin(REQUEST)
        assert epochs_kept(out) == 4
        assert sorted(path.name for path in run.folder.iterdir()) == ["checkpoint.npz", "lock", "request.json"]
        run.finish()

    assert not unfinished_place(out).exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"recipe": {"epochs": 40, "optimizer": {"kind": "adam"}}}, "recipe.epochs changed from 30 to 40"),
        (
            {"recipe": {"epochs": 30, "optimizer": {"kind": "sgd"}}},
            'recipe.optimizer.kind changed from "adam" to "sgd"',
        ),
        ({"pictures": {"labels": ["a", "b"], "digest": "13"}}, 'pictures.digest changed from "12" to "13"'),
        ({"recipe": {"epochs": 30}}, "recipe.optimizer changed from"),
    ],
)
def test_another_training_does_not_go_on_there(tmp_path, change, told):
    """The first difference is named, and the stopped training stays as it is."""
    out = tmp_path / "run"
    stop_after_checkpoint(out)

    with pytest.raises(DataError) as caught, UnfinishedRun(out, resume=True) as run:
        run.begin({**REQUEST, **change})

    assert told in str(caught.value)
    assert epochs_kept(out) == 4


def test_resume_with_nothing_to_resume_begins(tmp_path):
    """A script may always say --resume."""
    with UnfinishedRun(tmp_path / "run", resume=True) as run:
        run.begin(REQUEST)
        run.finish()

    assert (tmp_path / "run").is_dir()


def test_two_processes_never_train_in_one_folder(tmp_path):
    """The second one is told, and the first one goes on."""
    out = tmp_path / "run"
    with UnfinishedRun(out, resume=False) as run:
        run.begin(REQUEST)

        with pytest.raises(DataError, match="expected no other process to train there"):
            UnfinishedRun(out, resume=True).__enter__()

        run.finish()
    assert out.is_dir()


def test_a_damaged_request_is_told(tmp_path):
    """Nobody goes on from something unknown."""
    out = tmp_path / "run"
    stop_after_checkpoint(out)
    (unfinished_place(out) / "request.json").write_text("{")

    told = r"request\.json: expected what the stopped training was asked for"
    with pytest.raises(DataError, match=told), UnfinishedRun(out, resume=True) as run:
        run.begin(REQUEST)


def test_a_finished_training_has_nothing_to_resume(tmp_path):
    """Whoever repeats the command to be sure hears that all is done, not that the folder is taken."""
    out = tmp_path / "run"
    out.mkdir()
    (out / "run.json").write_text("{}")

    with pytest.raises(DataError, match="found one that is finished: nothing is left to resume"):
        UnfinishedRun(out, resume=True).__enter__()
    with pytest.raises(DataError, match="expected a new or empty folder"):
        UnfinishedRun(out, resume=False).__enter__()

    assert not unfinished_place(out).exists()
