"""Sheets of pictures, as PNG: ten random answers, samples of every class, look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from edge.pictures import read_picture
from training.answers import Answers
from training.dataset import Item
from training.overview import Overview
from training.plots import encoded, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_PICTURES = 10
PAIRS_SHOWN = 24

_RIGHT, _WRONG = "#1f7a4d", "#b3261e"
_SHOWN_PX = 160


@dataclass(frozen=True)
class Shown:
    """A tested picture with its truth and the model's answer."""

    path: Path
    picture: str
    truth: str
    answer: str
    score: float


def random_answers(items: Sequence[Item], answers: Answers, seed: int) -> list[Shown]:
    """Draw ten tested pictures, all of them when there are fewer, with what the model answered."""
    random = np.random.default_rng(seed)
    chosen = random.choice(len(items), min(PANEL_PICTURES, len(items)), replace=False)
    return [
        Shown(
            path=items[index].path,
            picture=items[index].relative,
            truth=items[index].label,
            answer=answers.labels[int(answers.answered[index])],
            score=round(float(answers.confidence[index]), 6),
        )
        for index in chosen.tolist()
    ]


def panel(shown: Sequence[Shown]) -> bytes:
    """Draw tested pictures in rows of five, truth and answer above each, wrong answers in red."""
    rows = -(-len(shown) // 5)
    figure = new_figure(8, 2.15 * rows)
    grid = figure.subplots(rows, 5, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, one in zip(grid, shown, strict=False):
        _show(axes, one.path)
        color = _RIGHT if one.answer == one.truth else _WRONG
        axes.set_title(f"true: {one.truth}\nanswer: {one.answer} {one.score:.2f}", fontsize=9, color=color)
    return encoded(figure)


def samples(found: Overview) -> bytes:
    """Draw a row of pictures of every class."""
    columns = max(len(items) for items in found.samples.values())
    figure = new_figure(0.85 * columns + 0.3, 1.1 * len(found.samples))
    grid = figure.subplots(len(found.samples), columns, squeeze=False)
    for row, (label, items) in zip(grid, found.samples.items(), strict=True):
        for axes in row:
            axes.set_axis_off()
        for axes, item in zip(row, items, strict=False):
            _show(axes, item.path)
        row[0].set_title(label, fontsize=10, loc="left")
    return encoded(figure)


def look_alike_pairs(found: Overview) -> bytes | None:
    """Draw the nearest look-alikes, pair by pair; None when there are none."""
    pairs = found.look_alikes[:PAIRS_SHOWN]
    if not pairs:
        return None
    rows = -(-len(pairs) // 3)
    figure = new_figure(10, 1.75 * rows)
    grid = figure.subplots(rows, 6, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for number, pair in enumerate(pairs):
        for axes, position in zip(grid[2 * number :], (pair.first, pair.second), strict=False):
            _show(axes, found.items[position].path)
            axes.set_title(Path(found.items[position].relative).name, fontsize=7)
    return encoded(figure)


def _show(axes: Axes, path: Path) -> None:
    picture = Image.fromarray(read_picture(path))
    picture.thumbnail((_SHOWN_PX, _SHOWN_PX), Image.Resampling.LANCZOS)
    axes.imshow(np.asarray(picture))
