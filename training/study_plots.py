"""The plots of a study: accuracy run by run as figure 8 of paper 2, its spread, and the recipes' mean curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training.page import axis_start
from training.plots import Drawing, label_axes, legend_below
from training.study_runs import FinishedRun

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# told apart by people who see colours differently (Okabe and Ito), and by their markers
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")

Runs = dict[str, list[FinishedRun]]


def accuracy_per_run(runs: Runs) -> Drawing:
    """Draw each run's accuracy over its seed, and each recipe's mean as a line. runs: by recipe, none empty."""

    def draw(axes: Axes) -> None:
        for number, (recipe, own) in enumerate(runs.items()):
            color, marker = _style(number)
            accuracies = [run.accuracy for run in own]
            mean = float(np.mean(accuracies))
            axes.plot(
                [run.name.seed for run in own], accuracies, marker, color=color, label=f"{recipe}: mean {mean:.3f}"
            )
            axes.axhline(mean, color=color, linestyle="--", linewidth=1)
        axes.locator_params(axis="x", integer=True)
        axes.set_ylim(_lowest(runs), 1.01)
        label_axes(axes, "Accuracy of each run, and mean", "seed", "test accuracy")
        legend_below(axes)

    return draw


def spread(runs: Runs) -> Drawing:
    """Draw the runs of each recipe as points over a box of quartiles."""

    def draw(axes: Axes) -> None:
        for number, own in enumerate(runs.values()):
            color, marker = _style(number)
            accuracies = [run.accuracy for run in own]
            lines: Any = {part: {"color": color} for part in ("medianprops", "boxprops", "whiskerprops", "capprops")}
            axes.boxplot([accuracies], positions=[number], widths=0.5, showfliers=False, **lines)
            beside = np.linspace(-0.12, 0.12, len(accuracies)) if len(accuracies) > 1 else np.zeros(1)
            axes.plot(number + beside, accuracies, marker, color=color, alpha=0.7, markersize=5)
        axes.set_xticks(range(len(runs)), list(runs), rotation=20, ha="right", rotation_mode="anchor")
        axes.set_xlim(-0.6, len(runs) - 0.4)
        axes.set_ylim(_lowest(runs), 1.01)
        label_axes(axes, "Spread of the runs", "", "test accuracy")

    return draw


def mean_curves(quantity: str, runs: Runs) -> Drawing:
    """Draw the validation "accuracy" or "loss" per epoch: each recipe's mean, and its runs thinly behind.

    The mean goes as far as all of its runs go: some stop early.
    """

    def draw(axes: Axes) -> None:
        for number, (recipe, own) in enumerate(runs.items()):
            color, _ = _style(number)
            curves = [[getattr(epoch, f"validation_{quantity}") for epoch in run.history] for run in own]
            for curve in curves:
                axes.plot(range(1, len(curve) + 1), curve, color=color, alpha=0.2, linewidth=0.8)
            common = min(map(len, curves))
            mean = np.mean([curve[:common] for curve in curves], axis=0)
            marker = "o" if common == 1 else ""
            axes.plot(range(1, common + 1), mean, marker=marker, color=color, linewidth=2, label=recipe)
        axes.locator_params(axis="x", integer=True)
        _limit(axes, quantity, runs)
        label_axes(axes, f"Validation {quantity}, mean of the runs", "epoch", f"validation {quantity}")
        legend_below(axes)

    return draw


def _limit(axes: Axes, quantity: str, runs: Runs) -> None:
    """A network that starts wild must not squeeze the others' losses into a line."""
    if quantity == "accuracy":
        axes.set_ylim(0, 1.02)
        return
    losses = [epoch.validation_loss for own in runs.values() for run in own for epoch in run.history]
    axes.set_ylim(0, max(float(np.quantile(losses, 0.95)) * 1.2, 1e-3))


def _style(number: int) -> tuple[str, str]:
    return _COLORS[number % len(_COLORS)], _MARKERS[number % len(_MARKERS)]


def _lowest(runs: Runs) -> float:
    """Start the axis a little below a round tenth, so that no point is cut."""
    return -0.01 + axis_start(min(run.accuracy for own in runs.values() for run in own))
