"""Judge a bundle again, on the pictures that judged it or on others, and write the page again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge.bundle import MODEL_FILE, Bundle, open_bundle
from edge.classifier import Classifier
from edge.durable import require_unused, whole_folder
from edge.errors import DataError
from quantize.case import Case
from quantize.integer_model import IntegerModel
from quantize.judge import Judgement, Limits
from quantize.options import QuantizeOptions
from quantize.quiet import quiet
from quantize.report import report_json, report_page
from quantize.stability import Converted
from training.dataset import Item, read_found
from training.folders import find_pictures
from training.groups import group_by_name
from training.run_folder import Run, open_run


@dataclass(frozen=True)
class ReportRequest:
    """What `edge-sort report` is asked for. run: the training run with the float network. data: other test pictures."""

    bundle: Path
    run: Path
    out: Path
    data: Path | None = None


def report_run(request: ReportRequest, tell: Callable[[str], None] = lambda _line: None) -> Judgement:
    """Judge the model of a bundle and write report.html and report.json into a new folder.

    The limits are those the bundle was made with. Its thresholds come out again: they depend on its model and the
    validation pictures alone.
    Raises BundleError, DataError or ModelError when bundle, run, pictures or folder cannot be used.
    """
    require_unused(request.out)
    bundle, run = open_bundle(request.bundle), open_run(request.run)
    _check_belong(bundle, run)
    if request.data is not None:
        run = replace(run, split={**run.split, "test": _other_pictures(request.data, run, tell)})
    with quiet():
        network = run.load_model()
    made = Converted(_integer_model(bundle), (), np.zeros((0, *run.spec.shape), np.uint8), ())
    options = QuantizeOptions(run=request.run, out=request.out, limits=_limits(bundle))
    judged = Case(options, run, network, made, tell).judge(made)
    counts = {subset: len(items) for subset, items in run.split.items()}
    judgement = replace(
        judged.judgement,
        provenance={**bundle.facts.provenance, "split": counts},
        unknown=bundle.facts.unknown,
        forced=bool(bundle.facts.forced),
    )
    with whole_folder(request.out) as draft:
        (draft / "report.html").write_text(report_page(judgement, run.split["test"]))
        (draft / "report.json").write_text(report_json(judgement))
    return judgement


def _integer_model(bundle: Bundle) -> IntegerModel:
    """The model as the device runs it, but with its own scores: the judge fits the temperature again."""
    interpreter, facts = bundle.interpreter(), bundle.facts
    classifier = Classifier(interpreter, bundle.labels, facts.input, facts.conventions)
    return IntegerModel(bundle.read(MODEL_FILE), interpreter, classifier)


def _check_belong(bundle: Bundle, run: Run) -> None:
    made_of = bundle.facts.provenance.get("run")
    if made_of is None or bundle.labels != run.labels or bundle.facts.input != run.spec:
        raise DataError(
            f"{run.folder}: expected the training run that {bundle.folder} was made of ({made_of or 'none'}), found "
            "one with other labels or another input; give that run, or see what the bundle alone is worth with: "
            "edge-sort evaluate BUNDLE DATA"
        )


def _limits(bundle: Bundle) -> Limits:
    origin = bundle.facts.provenance
    return Limits(float(origin["max_drop"]), float(origin["purity"]), float(origin.get("min_accuracy", 0.0)))


def _other_pictures(folder: Path, run: Run, tell: Callable[[str], None]) -> list[Item]:
    found = find_pictures(folder)
    if unknown := sorted({one.label for one in found} - set(run.labels)):
        raise DataError(
            f"{folder}: expected pictures of {', '.join(run.labels)}, found {', '.join(unknown)}; rename or remove them"
        )
    pictures = read_found(found, folder, run.spec, group_by_name)
    for skipped in pictures.skipped:
        tell(f"Warning: skipped {skipped.reason}")
    used = {item.sha256 for subset in ("train", "validation") for item in run.split[subset]}
    if seen := sum(item.sha256 in used for item in pictures.items):
        tell(f"Warning: {seen} of {len(pictures.items)} pictures helped to make this model, so the figures flatter it")
    return list(pictures.items)
