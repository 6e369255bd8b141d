"""The plots of a run, as PNG. matplotlib's objects are used directly, so nothing global is touched.

Each comes alone or with others beside it: side by side for a file, alone for a page, where a phone stacks them.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.extras import need
from training.calibration import BINS, Calibration
from training.evaluate import Evaluation
from training.history import Epoch
from training.overview import Overview
from training.two_classes import Roc

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Drawing = Callable[["Axes"], None]

_TRAIN, _VALIDATION, _TEST, _SOFT = "#1f77b4", "#d95f02", "#1b9e77", "#666666"
_SUBSET_COLORS = {"train": _TRAIN, "validation": _VALIDATION, "test": _TEST}
_DPI = 120
_WIDTH_INCH, _HEIGHT_INCH = 5.0, 4.0


def png(*drawings: Drawing, height_inch: float = _HEIGHT_INCH) -> bytes:
    """Draw side by side and return the picture's bytes."""
    figure = new_figure(_WIDTH_INCH * len(drawings), height_inch)
    for drawing, axes in zip(drawings, np.ravel(figure.subplots(1, len(drawings))), strict=True):
        drawing(axes)
    return encoded(figure)


def new_figure(width_inch: float, height_inch: float) -> Figure:
    """Return an empty figure that belongs to no window."""
    figures: Any = need("matplotlib.figure", "desktop", "drawing plots")
    figure: Figure = figures.Figure(figsize=(width_inch, height_inch), layout="constrained")
    return figure


def encoded(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG file; the same figure gives the same bytes.

    What its font lacks, as of a label in Japanese, is drawn as a box; the page's tables have the name.
    """
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
    return file.getvalue()


def curve(quantity: str, history: Sequence[Epoch], best_epoch: int) -> Drawing:
    """Draw "accuracy" or "loss" per epoch, training and validation, the kept epoch marked."""

    def draw(axes: Axes) -> None:
        epochs = [epoch.number for epoch in history]
        validation = [getattr(epoch, f"validation_{quantity}") for epoch in history]
        marker = "o" if len(epochs) == 1 else ""
        training = [getattr(epoch, quantity) for epoch in history]
        axes.plot(epochs, training, marker=marker, color=_TRAIN, label="training")
        axes.plot(epochs, validation, marker=marker, color=_VALIDATION, label="validation")
        axes.axvline(best_epoch, color=_SOFT, linestyle=":", label=f"kept: epoch {best_epoch}")
        if quantity == "accuracy":
            axes.set_ylim(0, 1.02)
        else:
            axes.set_ylim(bottom=0)
        axes.locator_params(axis="x", integer=True)
        label_axes(axes, quantity.capitalize(), "epoch", quantity)
        legend_below(axes, columns=3)

    return draw


def confusion_matrix(evaluation: Evaluation, title: str) -> bytes:
    """Draw the confusion matrix: colour is the share of the true class, the number counts pictures."""
    side = max(4.5, 0.62 * len(evaluation.labels) + 2.5)
    figure = new_figure(side + 0.6, side)
    axes = figure.subplots()
    counts = evaluation.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            color = "white" if shares[row, column] > 0.55 else "black"
            axes.text(column, row, str(counts[row, column]), ha="center", va="center", color=color)
    axes.set_xticks(range(len(counts)), evaluation.labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(counts)), evaluation.labels)
    axes.set_xlabel("answer")
    axes.set_ylabel("truth")
    axes.set_title(title)
    figure.colorbar(shown, ax=axes, fraction=0.046, label="share of the true class")
    return encoded(figure)


def roc_curve(found: Roc, positive: str) -> Drawing:
    """Draw sensitivity against false alarms."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], ":", color=_SOFT, label="guessing")
        axes.plot(found.false_positive_rate, found.true_positive_rate, color=_TRAIN, label=f"AUC {found.auc:.3f}")
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        label_axes(axes, f"ROC, positive: {positive}", "false alarms (1 - specificity)", "sensitivity")
        legend_below(axes)

    return draw


def reliability(found: Calibration) -> Drawing:
    """Draw the share of right answers against their score, each point as large as its share of the pictures."""

    def draw(axes: Axes) -> None:
        total = sum(one.pictures for one in found.bins)
        scores, shares = [one.mean_score for one in found.bins], [one.share_right for one in found.bins]
        axes.plot([0, 1], [0, 1], ":", color=_SOFT, label="score = share right")
        axes.plot(scores, shares, color=_TRAIN, linewidth=1)
        axes.scatter(scores, shares, [20 + 280 * one.pictures / total for one in found.bins], color=_TRAIN, alpha=0.75)
        for one in found.bins:
            below = one.share_right > 0.15
            axes.annotate(
                str(one.pictures),
                (one.mean_score, one.share_right),
                xytext=(0, -16 if below else 16),
                textcoords="offset points",
                ha="center",
                va="center",
                fontsize=8,
                color=_SOFT,
            )
        axes.set_xticks(np.linspace(0, 1, BINS // 2 + 1))
        axes.set_xlim(-0.03, 1.05)
        axes.set_ylim(-0.03, 1.08)
        label_axes(axes, f"Calibration, ECE {found.ece:.3f}", "score of the answer", "share that is right")
        legend_below(axes)

    return draw


def class_counts(found: Overview) -> Drawing:
    """Draw how many pictures each class has, and what for."""

    def draw(axes: Axes) -> None:
        labels = list(found.counts)
        start = np.zeros(len(labels))
        for subset in next(iter(found.counts.values())):
            values = np.array([found.counts[label][subset] for label in labels])
            axes.barh(labels, values, left=start, color=_SUBSET_COLORS.get(subset, _SOFT), label=subset)
            start += values
        for row, total in enumerate(start):
            axes.text(total, row, f" {int(total)}", va="center", fontsize=9)
        axes.invert_yaxis()
        axes.set_xlim(0, start.max() * 1.12)
        label_axes(axes, f"{len(found.items)} pictures", "pictures", "")
        legend_below(axes, columns=3)

    return draw


def picture_sizes(found: Overview) -> Drawing:
    """Draw the width and height of every picture file."""

    def draw(axes: Axes) -> None:
        sizes, counts = np.unique(np.array(found.sizes_px), axis=0, return_counts=True)
        axes.scatter(sizes[:, 0], sizes[:, 1], 16 + 8 * np.sqrt(counts), color=_TRAIN, alpha=0.45)
        most = sizes.max() * 1.12
        axes.set_xlim(0, most)
        axes.set_ylim(0, most)
        axes.set_aspect("equal")
        label_axes(
            axes, f"{len(sizes)} size{'s' if len(sizes) > 1 else ''} of picture files", "width, px", "height, px"
        )

    return draw


def label_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Write a title and what the axes are, and draw a faint grid."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)


def legend_below(axes: Axes, columns: int = 2) -> None:
    """Put the legend under the axes, where it covers nothing that is drawn."""
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=columns, fontsize=9, frameon=False)
