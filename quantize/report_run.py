"""Judge a bundle again, on the pictures that judged it or on others, and write the page again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from edge.bundle import MODEL_FILE, Bundle, open_bundle
from edge.classifier import Classifier
from edge.durable import require_unused, whole_folder
from edge.errors import DataError
from quantize.alone import alone_object, judge_alone
from quantize.alone_page import alone_page
from quantize.case import Case
from quantize.compare import Comparison
from quantize.integer_model import IntegerModel
from quantize.judge import Judgement, Limits
from quantize.options import QuantizeOptions
from quantize.picture_notes import notes_on
from quantize.provenance import calibration_digests, recorded_share
from quantize.quiet import quiet
from quantize.report import report_json, report_page
from quantize.shown_pictures import list_pictures, show
from quantize.spread import recorded_spread, spread_scores
from quantize.stability import Converted
from training.answers import classifier_scorer, network_scorer
from training.run_folder import Run, open_run

Tell = Callable[[str], None]


@dataclass(frozen=True)
class ReportRequest:
    """What `edge-sort report` is asked for.

    data: labelled pictures; None for those that the run kept apart. run_data: where the pictures of the run lie now, if
    they moved since training.
    """

    bundle: Path
    out: Path
    data: Path | None = None
    run_data: Path | None = None


def report_run(request: ReportRequest, run_folder: Path, tell: Tell = lambda _line: None) -> Judgement:
    """Judge the model of a bundle beside the float network; write report.html and report.json into a new folder.

    Limits, thresholds, temperature and the score of unknown parts are the bundle's.
    Raises BundleError, DataError or ModelError when bundle, run, pictures or folder cannot be used.
    """
    require_unused(request.out)
    bundle, run = open_bundle(request.bundle), open_run(run_folder, request.run_data)
    _check_belong(bundle, run)
    with quiet():
        network = run.load_model()
    spread_scores(network, recorded_spread(bundle.facts.provenance))
    integer = _integer_model(bundle)
    items = run.split["test"] if request.data is None else list_pictures(request.data, run.labels)
    tell(f"comparing both models on {len(items)} pictures")
    shown = show([network_scorer(network), classifier_scorer(integer.classifier)], items, run.spec, run.labels)
    kept_apart = [run.leak] if run.leak else []
    notes = kept_apart if request.data is None else _notes(request.data, notes_on(bundle, shown, _known(run)))
    _tell_all(tell, notes, shown.skipped)
    run = replace(run, split={**run.split, "test": list(shown.items)})
    made = Converted(integer, (), np.zeros((0, *run.spec.shape), np.uint8), ())
    case = Case(
        QuantizeOptions(run_folder, request.out, limits=_limits(bundle)), run, network, made, tell, bundle.facts
    )
    comparison = Comparison(tuple(item.relative for item in shown.items), *shown.answers)
    counts = {subset: len(found) for subset, found in run.split.items()}
    judgement = replace(
        case.judge(made, comparison).judgement,
        provenance={**bundle.facts.provenance, "split": counts},
        forced=bool(bundle.facts.forced),
        notes=tuple(notes),
    )
    _write(request.out, report_page(judgement, run.split["test"]), report_json(judgement))
    return judgement


def report_alone(request: ReportRequest, tell: Tell = lambda _line: None) -> dict[str, Any]:
    """Judge the model of a bundle by itself, write the same two files, and return the JSON one.

    Needs no TensorFlow. Raises as `report_run`, and DataError when there are no pictures to judge on.
    """
    require_unused(request.out)
    bundle = open_bundle(request.bundle)
    if request.data is None:
        raise DataError(
            f"{request.bundle}: expected pictures to judge the bundle on, found none given; they do not travel with "
            "it: add --data DIR, a folder per class, or --run RUN, the training run with the pictures it kept apart"
        )
    items = list_pictures(request.data, bundle.labels)
    tell(f"asking the integer model alone, on {len(items)} pictures")
    alone = judge_alone(bundle, items)
    _tell_all(tell, alone.notes, alone.shown.skipped)
    report = alone_object(alone)
    _write(request.out, alone_page(alone, report), json.dumps(report, indent=2) + "\n")
    return report


def _write(folder: Path, page: str, facts: str) -> None:
    with whole_folder(folder) as draft:
        (draft / "report.html").write_text(page, encoding="utf-8")
        (draft / "report.json").write_text(facts)


def _tell_all(tell: Tell, notes: list[str] | tuple[str, ...], skipped: tuple[str, ...]) -> None:
    for sentence in skipped:
        tell(f"Warning: skipped {sentence}")
    for note in notes:
        tell(f"Note: {note}")


def _integer_model(bundle: Bundle) -> IntegerModel:
    """The model as the device runs it, but with its own scores: the judge softens them."""
    interpreter, facts = bundle.interpreter(), bundle.facts
    classifier = Classifier(interpreter, bundle.labels, facts.input, facts.conventions)
    return IntegerModel(bundle.read(MODEL_FILE), interpreter, classifier)


def _check_belong(bundle: Bundle, run: Run) -> None:
    made_of = bundle.facts.provenance.get("run")
    if other := _other(bundle, run):
        raise DataError(
            f"{run.folder}: expected the training run that {bundle.folder} was made of ({made_of or 'none'}), found "
            f"one with {other}; give that run, or leave out --run to judge the bundle alone"
        )


def _other(bundle: Bundle, run: Run) -> str | None:
    """What tells this run from the one the bundle was made of."""
    origin = bundle.facts.provenance
    if origin.get("run") is None or bundle.labels != run.labels or bundle.facts.input != run.spec:
        return "other labels or another input"
    if not calibration_digests(origin) <= {item.sha256 for item in run.split["train"]}:
        return "other training pictures"
    network = origin.get("network_sha256")  # bundles of earlier versions do not tell
    if network is not None and network != run.network_sha256:
        return "another network, as one that was trained again"
    return None


def _limits(bundle: Bundle) -> Limits:
    """The limits the bundle was made with; what it does not tell is not asked."""
    drop, purity, least = (recorded_share(bundle.facts.provenance, n) for n in ("max_drop", "purity", "min_accuracy"))
    return Limits(1.0 if drop is None else drop, purity or 0.0, least or 0.0)


def _notes(data: Path, found: list[str]) -> list[str]:
    return [f"the pictures are those of {data.resolve().name}, not those that the run kept apart", *found]


def _known(run: Run) -> frozenset[str]:
    return frozenset(item.sha256 for subset in ("train", "validation") for item in run.split[subset])
