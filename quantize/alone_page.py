"""The report on an integer model alone: one HTML page that needs nothing but itself, and a few lines for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from quantize.alone import Alone
from quantize.cost import NOT_FULL_INTEGER
from quantize.plots import BINS_DRAWN, purity_and_recovery, reliability
from quantize.sweep import sweep
from quantize.temperature import done_by
from training.page import axis_start, data_uri, render, thumbnail_uri
from training.plots import png
from training.study_tables import large

WRONG_SHOWN = 120  # as pictures, a few kB each
CLASSES_SHOWN = 30  # in a confusion matrix; beyond that nobody can read it
MIXED_UP_SHOWN = 15


def alone_page(alone: Alone, report: Mapping[str, Any]) -> str:
    """Return report.html. report: of `alone_object`. WRONG_SHOWN wrong answers at most are shown with their picture.

    Classes that no picture shows and no answer names are left out: an imported model may have a thousand.
    """
    answers, bins = alone.answers, alone.bins
    there = [int(place) for place in np.union1d(answers.truth, answers.answered)]
    wrong = report["wrong"][:WRONG_SHOWN]
    drawn = [bins[place] for place in there if (answers.truth == place).any()][:BINS_DRAWN]
    sweeps = [sweep(answers, one.label, one.min_score) for one in drawn]
    plots = {
        "bins": purity_and_recovery(sweeps, alone.purity),
        "reliability": png(reliability({"as it answers": alone.raw, done_by(alone.bundle.facts.temperature): answers})),
    }
    return render(
        "quantize",
        "alone.html.j2",
        name=alone.bundle.folder.resolve().name,
        report=report,
        done_by=done_by,
        there=there,
        drawn=len(drawn),
        labels=[answers.labels[place] for place in there],
        confusion_shown=answers.confusion[np.ix_(there, there)].tolist() if len(there) <= CLASSES_SHOWN else None,
        mixed_up=mixed_up(report["wrong"]),
        wrong=[{**one, "uri": thumbnail_uri(alone.shown.items[one["index"]].path)} for one in wrong],
        axis_low=axis_start(report["interval_int8"][0]),
        plots={name: data_uri("image/png", contents) for name, contents in plots.items()},
        large=large,
    )


def mixed_up(wrong: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, int]]:
    """Return what is taken for what most often: truth, answer, pictures."""
    counts = Counter((one["truth"], one["int8_label"]) for one in wrong)
    return [(truth, said, count) for (truth, said), count in counts.most_common(MIXED_UP_SHOWN)]


def alone_summary(report: Mapping[str, Any]) -> str:
    """Return the report for a terminal: verdict, accuracy, bins, and what it does not say."""
    low, high = report["interval_int8"]
    lines = [
        f"{report['verdict']}: {report['reason']}",
        "the integer model alone: what it lost against the float network can be told with --run RUN only",
        *([] if report["full_integer"] else [NOT_FULL_INTEGER]),
        "",
        f"  int8  {report['accuracy_int8']:.4f}  (95 % interval {low:.4f} to {high:.4f})",
        "",
        *_bin_lines([one for one in report["thresholds"] if one["test"]["of_label"] or one["test"]["sorted"]]),
        "",
        f"calibration error {report['scores']['ece_softened']:.3f} "
        f"({done_by(report['scores']['temperature'])} by temperature {report['scores']['temperature']:g})",
    ]
    return "\n".join(lines)


def _bin_lines(bins: Sequence[Mapping[str, Any]]) -> list[str]:
    width = max(len("bin"), *(len(one["label"]) for one in bins))
    lines = [f"{'bin':<{width}}  threshold  purity  recovery   (on these pictures)"]
    for one in bins:
        purity, recovery = (_share(one["test"][name]) for name in ("purity", "recovery"))
        lines.append(f"{one['label']:<{width}}  {one['in_use']:9.3f}  {purity:>6}  {recovery:>8}")
    return lines


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
