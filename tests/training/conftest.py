"""A study without TensorFlow: pictures, recipes that ship, and a trainer that writes run folders of known figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.durable import whole_folder
from edge.errors import DataError
from training.child_process import WorkFailed
from training.dataset import Item, file_sha256
from training.folders import find_pictures
from training.network_cost import NetworkCost
from training.recipe import read_recipe
from training.run_folder import RunFacts, write_run
from training.split import SUBSETS, split_items
from training.study import run_study
from training.study_progress import StudyProgress
from training.study_record import StudyRequest

LABELS = ("bolt", "nut<b>")


@dataclass
class FakeTrainer:
    """Writes a run folder for each training; `accuracy` says what it should have reached.

    What is done is noted in `trained`; names of runs in `fails` fail, in `stops` meet Ctrl-C.
    """

    accuracy: Callable[[str, int], float] = lambda recipe, seed: 0.5
    trained: list[str] = field(default_factory=list)
    checked: int = 0
    fails: set[str] = field(default_factory=set)
    stops: set[str] = field(default_factory=set)
    refuses: bool = False

    def check(self, request, log, reporter):
        self.checked += 1
        if self.refuses:
            raise DataError("recipe 'small-cnn': expected an input of at least 8 px")
        return {name: NetworkCost(1000 * len(name), 2_000_000) for name in request.recipes}

    def train(self, request, out, log, reporter):
        if out.name in self.stops:
            raise KeyboardInterrupt
        if out.name in self.fails:
            raise WorkFailed("killed by the system")
        self.trained.append(out.name)
        found = find_pictures(request.data)
        items = [Item(one.path, one.name, one.label, one.name, file_sha256(one.path)) for one in found]
        split = split_items(items, request.recipe.split, request.recipe.seed)
        with whole_folder(out) as draft:
            self._write(draft, request, {name: [items[index] for index in split[name]] for name in SUBSETS})

    def _write(self, draft: Path, request, split) -> None:
        accuracy = self.accuracy(request.recipe_name, request.recipe.seed)
        right, pictures = round(accuracy * 100), 100
        metrics = {
            "accuracy": accuracy,
            "labels": LABELS,
            "macro": {"precision": 0.5, "recall": 0.5, "f1": accuracy - 0.01, "support": pictures},
            "confusion_matrix": [[right, 0], [pictures - right, 0]],
            "validation_accuracy": accuracy,
            "two_classes": {
                "positive": LABELS[0], "ppv": 0.5, "npv": 0.6, "sensitivity": 0.7, "specificity": 0.8, "auc": 0.9,
            },
        }  # fmt: skip
        epochs = [
            {
                "number": n,
                "loss": 1 / n,
                "accuracy": 0.5,
                "validation_loss": 1 / n,
                "validation_accuracy": 0.5,
                "seconds": 7,
            }
            for n in range(1, 4)
        ]
        (draft / "metrics.json").write_text(json.dumps(metrics))
        (draft / "history.json").write_text(json.dumps({"best_epoch": 3, "epochs": epochs}))
        (draft / "model.keras").write_bytes(b"a network")
        settings = {"recipe": request.recipe.model_dump(mode="json"), "group_pattern": request.group_pattern}
        facts = RunFacts(
            labels=LABELS,
            input=request.recipe.input,
            seed=request.recipe.seed,
            data=str(request.data),
            settings=settings,
            versions={},
        )
        write_run(draft, facts, request.data, split, ())


@pytest.fixture
def fake_trainer():
    """The class, to be made with what it should do."""
    return FakeTrainer


@pytest.fixture
def request_for(tmp_path):
    """Make a request to compare `recipes` with `seeds` seeds on twenty pictures of two classes."""
    data = tmp_path / "data"
    for label in LABELS:
        (data / label).mkdir(parents=True)
        for number in range(10):
            pixels = np.random.default_rng([len(label), number]).integers(0, 256, (16, 16, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(data / label / f"{number}.png")

    def make(recipes=("small-cnn", "mcu-depthwise"), seeds=2, changes=None, **others):
        named = {name: read_recipe(name).changed(changes or {}) for name in recipes}
        return replace(StudyRequest(data, named, tuple(range(seeds))), **others)

    return make


@pytest.fixture
def studied(request_for, fake_trainer, tmp_path):
    """Make a study whose runs have the accuracies given, by recipe and seed; None lets a run fail."""

    def make(accuracies, folder="study", **others):
        fails = {f"{name}-seed{seed}" for name, own in accuracies.items() for seed, a in enumerate(own) if a is None}
        trainer = fake_trainer(accuracy=lambda recipe, seed: accuracies[recipe][seed], fails=fails)
        seeds = max(len(own) for own in accuracies.values())
        request = request_for(list(accuracies), seeds, **others)
        with StudyProgress() as progress:
            return run_study(request, tmp_path / folder, progress, trainer)

    return make
