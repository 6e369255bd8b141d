"""The drawings of the report. matplotlib does the work, through training.plots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from quantize.compare import Comparison
from quantize.sweep import Sweep
from training.answers import Answers
from training.calibration import calibration
from training.plots import Drawing, encoded, legend_below, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_FLOAT, _INT8, _SOFTENED, _SOFT = "#1f77b4", "#d95f02", "#1b9e77", "#666666"
_PER_ROW = 3
BINS_DRAWN = 30  # more would be a picture that no viewer opens


def reliability(named: dict[str, Answers]) -> Drawing:
    """Draw the share of right answers against their score, a line for each of up to three models."""

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], ":", color=_SOFT, label="score = share right")
        for (name, answers), color in zip(named.items(), (_FLOAT, _INT8, _SOFTENED), strict=False):
            found = calibration(answers)
            scores, shares = [one.mean_score for one in found.bins], [one.share_right for one in found.bins]
            axes.plot(scores, shares, "o-", color=color, markersize=4, label=f"{name}, ECE {found.ece:.3f}")
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.06)
        axes.set_title("Do scores mean what they say?")
        axes.set_xlabel("score of the answer")
        axes.set_ylabel("share that is right")
        legend_below(axes)
        axes.grid(alpha=0.3)

    return draw


def confidence_shift(comparison: Comparison) -> Drawing:
    """Draw the integer model's score of the float model's answer against the float model's own, a dot per picture."""

    def draw(axes: Axes) -> None:
        answered = comparison.float_model.answered
        rows = np.arange(len(answered))
        before, after = comparison.float_model.scores[rows, answered], comparison.int8_model.scores[rows, answered]
        changed = comparison.int8_model.answered != answered
        axes.plot([0, 1], [0, 1], ":", color=_SOFT)
        axes.scatter(before[~changed], after[~changed], 14, color=_FLOAT, alpha=0.4, label="same answer")
        axes.scatter(before[changed], after[changed], 26, color=_INT8, label=f"changed answer ({int(changed.sum())})")
        axes.set_xlim(-0.03, 1.03)
        axes.set_ylim(-0.03, 1.03)
        axes.set_title(f"Score of the float answer: {float((after - before).mean()):+.4f} on average")
        axes.set_xlabel("float")
        axes.set_ylabel("integer")
        legend_below(axes)
        axes.grid(alpha=0.3)

    return draw


def purity_and_recovery(sweeps: Sequence[Sweep], purity: float | None) -> bytes:
    """Draw purity and recovery of each bin over all thresholds, the one in use marked; returns a PNG.

    sweeps: at most BINS_DRAWN. purity: what is asked for, if anything is.
    """
    rows = -(-len(sweeps) // _PER_ROW)
    figure = new_figure(3.4 * min(_PER_ROW, len(sweeps)), 2.5 * rows)
    places = np.ravel(figure.subplots(rows, min(_PER_ROW, len(sweeps)), sharex=True, sharey=True, squeeze=False))
    for axes, sweep in zip(places, sweeps, strict=False):
        axes.step(sweep.scores, sweep.purity, where="pre", color=_FLOAT, label="purity")
        axes.step(sweep.scores, sweep.recovery, where="pre", color=_SOFTENED, label="recovery")
        if purity is not None:
            axes.axhline(purity, color=_SOFT, linewidth=0.8, linestyle=":")
        axes.axvline(sweep.chosen, color=_INT8, linewidth=1.2, label="threshold")
        axes.set_title(sweep.label, fontsize=10)
        axes.set_xlim(0, 1.02)
        axes.set_ylim(-0.03, 1.05)
        axes.grid(alpha=0.3)
    for axes in places[len(sweeps) :]:
        axes.set_visible(False)
    figure.legend(
        *places[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9, frameon=False
    )
    return encoded(figure)
