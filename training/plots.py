"""The pictures of a training run. matplotlib's objects are used directly, so nothing global is touched."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.extras import need
from training.evaluate import Evaluation
from training.train import Epoch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TRAIN, _VALIDATION, _BEST = "#1f77b4", "#d95f02", "#666666"
_DPI = 120


def save_curves(path: Path, history: Sequence[Epoch], best_epoch: int) -> None:
    """Save accuracy and loss per epoch, training and validation side by side, the kept epoch marked."""
    figure = _new_figure(10, 4)
    accuracy, loss = figure.subplots(1, 2)
    _curve(accuracy, "accuracy", history, best_epoch)
    accuracy.set_ylim(0, 1.02)
    accuracy.legend(loc="lower right")
    _curve(loss, "loss", history, best_epoch)
    loss.set_ylim(bottom=0)
    loss.legend(loc="upper right")
    figure.savefig(path, dpi=_DPI)


def save_confusion_matrix(path: Path, evaluation: Evaluation, title: str) -> None:
    """Save the confusion matrix: colour is the share of the true class, the number counts pictures."""
    classes = len(evaluation.labels)
    side = max(4.5, 0.62 * classes + 2.5)
    figure = _new_figure(side + 0.6, side)
    axes = figure.subplots()
    counts = evaluation.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            color = "white" if shares[row, column] > 0.55 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=color)
    axes.set_xticks(range(classes), evaluation.labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(classes), evaluation.labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title(title)
    figure.colorbar(shown, ax=axes, fraction=0.046, label="share of the true class")
    figure.savefig(path, dpi=_DPI)


def _new_figure(width_inch: float, height_inch: float) -> Figure:
    figures: Any = need("matplotlib.figure", "desktop", "drawing plots")
    figure: Figure = figures.Figure(figsize=(width_inch, height_inch), layout="constrained")
    return figure


def _curve(axes: Axes, quantity: str, history: Sequence[Epoch], best_epoch: int) -> None:
    epochs = [epoch.number for epoch in history]
    axes.plot(epochs, [getattr(epoch, quantity) for epoch in history], color=_TRAIN, label="training")
    axes.plot(
        epochs, [getattr(epoch, f"validation_{quantity}") for epoch in history], color=_VALIDATION, label="validation"
    )
    axes.axvline(best_epoch, color=_BEST, linestyle=":", label=f"kept: epoch {best_epoch}")
    axes.set_xlabel("epoch")
    axes.set_ylabel(quantity)
    axes.set_title(quantity.capitalize())
    axes.grid(alpha=0.3)
