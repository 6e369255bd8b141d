"""What was found out about a network that is not there: pictures on disk, answers of known mistakes, three epochs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from edge.preprocess import InputSpec
from training.answers import Answers
from training.dataset import label_indices, read_dataset
from training.doubts import doubts
from training.groups import group_by_name
from training.history import Epoch
from training.overview import overview
from training.report import Examination

SPEC = InputSpec(width_px=16, height_px=16)
HISTORY = [Epoch(n, 1 / n, 1 - 0.5 / n, 1.2 / n, 1 - 0.6 / n, float(n)) for n in (1, 2, 3)]


def save(path: Path, *seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)


def examined(folder: Path, labels: tuple[str, ...], wrong: int = 1) -> Examination:
    """Twelve pictures of each class; the last `wrong` of all are answered with the first class."""
    for number, label in enumerate(labels):
        for shot in range(12):
            save(folder / label / f"{'abcdefghijkl'[shot]}{number}.png", number, shot)
    save(folder / labels[0] / "copy.png", 0, 0)
    (folder / labels[1] / "broken.jpg").write_text("no picture")
    data = read_dataset(folder, SPEC, group_by_name)
    every = list(range(len(data.items)))
    pictures = overview(data, {"train": every[::2], "test": every[1::2]}, seed=0)
    truth = label_indices(data.items, data.labels)
    scores = np.full((len(truth), len(labels)), 0.1 / (len(labels) - 1), np.float32)
    answered = truth.copy()
    answered[len(truth) - wrong :] = 0
    scores[np.arange(len(truth)), answered] = 0.9
    answers = Answers(data.labels, truth, scores)
    return Examination(
        name="run-1",
        answers=answers,
        items=data.items,
        overview=pictures,
        doubts=doubts(data.items, pictures.subset_of, answers),
        asked=len(data.items),
        history=HISTORY,
        best_epoch=2,
        warnings=("be warned",),
        origin={"Seed": "7"},
    )
