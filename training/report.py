"""What a model is worth, for people and for scripts: plots, JSON files, and one page that needs nothing but itself.

metrics.json          every figure of the test pictures
overview.json         what the pictures are
doubtful_labels.json  every picture whose label the model contradicts
per_class.txt, confusion_matrix.png, calibration.png, answers.png, data_overview.png, samples.png
curves.png (after training), roc.png (two classes), look_alikes.png (where there are any)
report.html           all of it
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from training import plots, sheets
from training.answers import Answers
from training.calibration import calibration
from training.dataset import Item
from training.doubts import Doubt
from training.evaluate import Evaluation, evaluate
from training.history import Epoch
from training.overview import Overview
from training.page import data_uri, render, thumbnail_uri
from training.tables import per_class_table
from training.two_classes import roc, two_classes_json

PAGE_FILE = "report.html"
METRICS_FILE = "metrics.json"
DOUBTS_SHOWN = 24


@dataclass(frozen=True)
class Examination:
    """Everything the report is made of.

    answers: to `items`, the test pictures. doubts: among the `asked` pictures that the model was shown. extra: further
    figures for metrics.json. origin: what the page's last section says, name by name.
    """

    name: str
    answers: Answers
    items: Sequence[Item]
    overview: Overview
    doubts: Sequence[Doubt]
    asked: int
    seed: int = 0
    history: Sequence[Epoch] = ()
    best_epoch: int = 0
    warnings: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)

    @property
    def evaluation(self) -> Evaluation:
        """Accuracy, precision, recall, F1 and the confusion matrix."""
        return evaluate(self.answers.truth, self.answers.answered, self.answers.labels)


def metrics_object(examined: Examination) -> dict[str, Any]:
    """Return every figure of the test pictures as plain values."""
    evaluation = examined.evaluation
    two = two_classes_json(evaluation, examined.answers)
    return {
        "subset": "test",
        **evaluation.as_json(),
        "interval": list(examined.answers.accuracy.interval),
        **({"two_classes": two} if two else {}),
        "calibration": calibration(examined.answers).as_json(),
        "panel": [_without_path(asdict(one)) for one in _panel(examined)],
        **examined.extra,
    }


def write_report(folder: Path, examined: Examination) -> dict[str, Any]:
    """Write all files into `folder` and return what metrics.json says."""
    evaluation, facts, data = examined.evaluation, metrics_object(examined), examined.overview.as_json()
    _write_json(folder / METRICS_FILE, facts)
    _write_json(folder / "overview.json", data)
    _write_json(folder / "doubtful_labels.json", [_without_path(asdict(one)) for one in examined.doubts])
    (folder / "per_class.txt").write_text(per_class_table(evaluation))
    for name, contents in _pictures(examined, evaluation).items():
        (folder / name).write_bytes(contents)
    (folder / PAGE_FILE).write_text(report_page(examined, facts, data), encoding="utf-8")
    return facts


def report_page(examined: Examination, facts: dict[str, Any], data: dict[str, Any]) -> str:
    """Return the page. facts: of `metrics_object`. data: of `Overview.as_json`."""
    found = examined.overview
    present = [label for label in facts["labels"] if facts["per_class"][label]["support"]]
    weakest = min(present, key=lambda label: facts["per_class"][label]["recall"])
    pairs = found.look_alikes[: sheets.PAIRS_SHOWN]
    return render(
        "training",
        "run_report.html.j2",
        name=examined.name,
        facts=facts,
        two=facts.get("two_classes"),
        data=data,
        right=examined.answers.accuracy.right,
        weakest=weakest if facts["per_class"][weakest]["recall"] < 1 else None,
        warnings=examined.warnings,
        plots={name: data_uri("image/png", contents) for name, contents in _page_plots(examined).items()},
        panel=[_with_picture(asdict(one)) for one in _panel(examined)],
        asked=examined.asked,
        doubts=examined.doubts,
        shown_doubts=[_with_picture(asdict(one)) for one in examined.doubts[:DOUBTS_SHOWN]],
        samples={label: [thumbnail_uri(item.path) for item in items] for label, items in found.samples.items()},
        pairs=[
            {**found.pair_json(pair), "uris": [thumbnail_uri(found.items[i].path) for i in (pair.first, pair.second)]}
            for pair in pairs
        ],
        divided=len(next(iter(data["counts"].values()))) > 1,
        straddling=any(len(set(one["subsets"])) > 1 for one in data["look_alikes"]),
        origin=examined.origin,
    )


def _pictures(examined: Examination, evaluation: Evaluation) -> dict[str, bytes]:
    """Draw the files of a run folder."""
    found = examined.overview
    title = f"Test: {evaluation.accuracy:.1%} of {int(evaluation.confusion.sum())} pictures right"
    drawn = {
        "confusion_matrix.png": plots.confusion_matrix(evaluation, title),
        "calibration.png": plots.png(plots.reliability(calibration(examined.answers))),
        "answers.png": sheets.panel(_panel(examined)),
        "data_overview.png": plots.png(plots.class_counts(found), plots.picture_sizes(found)),
        "samples.png": sheets.samples(found),
    }
    if examined.history:
        curves = [plots.curve(name, examined.history, examined.best_epoch) for name in ("accuracy", "loss")]
        drawn["curves.png"] = plots.png(*curves)
    if (curve := _roc(examined)) is not None:
        drawn["roc.png"] = plots.png(curve)
    if (pairs := sheets.look_alike_pairs(found)) is not None:
        drawn["look_alikes.png"] = pairs
    return drawn


def _page_plots(examined: Examination) -> dict[str, bytes]:
    """Draw the plots of the page, each by itself."""
    drawings = {
        "calibration": plots.reliability(calibration(examined.answers)),
        "counts": plots.class_counts(examined.overview),
        "sizes": plots.picture_sizes(examined.overview),
    }
    if examined.history:
        for name in ("accuracy", "loss"):
            drawings[name] = plots.curve(name, examined.history, examined.best_epoch)
    if (curve := _roc(examined)) is not None:
        drawings["roc"] = curve
    return {name: plots.png(drawing) for name, drawing in drawings.items()}


def _roc(examined: Examination) -> plots.Drawing | None:
    labels = examined.answers.labels
    found = roc(examined.answers) if len(labels) == 2 else None
    return plots.roc_curve(found, labels[0]) if found else None


def _panel(examined: Examination) -> list[sheets.Shown]:
    return sheets.random_answers(examined.items, examined.answers, examined.seed)


def _with_picture(facts: dict[str, Any]) -> dict[str, Any]:
    return {**facts, "uri": thumbnail_uri(facts["path"])}


def _without_path(facts: dict[str, Any]) -> dict[str, Any]:
    """Leave out where the picture lies on this machine: its name below the data folder is in there too."""
    return {name: value for name, value in facts.items() if name != "path"}


def _write_json(path: Path, facts: Any) -> None:
    path.write_text(json.dumps(facts, indent=2) + "\n")
