"""The accuracy-delta report: one JSON object, and the same as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from edge.wilson import pictures_to_show
from quantize.compare import ClassChange, ClassFigures, Flip
from quantize.edgetpu import EdgeTpuModel
from quantize.judge import Judgement, Refusal
from quantize.layers import layers_object, none_stands_out
from quantize.plots import BINS_DRAWN, confidence_shift, purity_and_recovery, reliability
from quantize.provenance import origin_object
from quantize.rescue import rescue_object
from quantize.sweep import sweep
from quantize.temperature import done_by, with_temperature
from quantize.thresholds import FLOOR, BinCount, Choice
from training.calibration import calibration
from training.dataset import Item
from training.page import axis_start, data_uri, render, thumbnail_uri
from training.plots import png
from training.study_tables import large

FLIPS_SHOWN = 120  # as pictures, a few kB each: a page must open on any machine


def report_object(
    judgement: Judgement, edgetpu: EdgeTpuModel | None = None, refusal: Refusal | None = None
) -> dict[str, Any]:
    """Return the report as an object for JSON; the verdict comes first. refusal: why no bundle goes with it."""
    comparison = judgement.comparison
    before, after = comparison.float_model.accuracy, comparison.int8_model.accuracy
    return {
        **_verdict_object(judgement, refusal),
        "notes": list(judgement.notes),
        "accuracy_float": before.value,
        "accuracy_int8": after.value,
        "drop": comparison.drop,
        "max_drop": judgement.limits.max_drop,
        "min_accuracy": judgement.limits.min_accuracy,
        "pictures": after.total,
        "right_float": before.right,
        "right_int8": after.right,
        "interval_float": list(before.interval),
        "interval_int8": list(after.interval),
        "only_float_right": comparison.only_float_right,
        "only_int8_right": comparison.only_int8_right,
        "mcnemar_p": comparison.p_value,
        "labels": list(comparison.int8_model.labels),
        "per_class": [_class_object(change) for change in comparison.per_class],
        "confusion_float": comparison.float_model.confusion.tolist(),
        "confusion_int8": comparison.int8_model.confusion.tolist(),
        "flips": [{key: value for key, value in asdict(flip).items() if key != "index"} for flip in comparison.flips],
        "purity": judgement.limits.purity,
        "pictures_to_show_purity": pictures_to_show(judgement.limits.purity) if judgement.limits.purity < 1 else None,
        "thresholds": [
            _threshold_object(choice, held_out, judgement.unknown.min_score)
            for choice, held_out in zip(judgement.choices, judgement.held_out, strict=True)
        ],
        "float_thresholds": [
            {"label": one.label, "purity_reached": one.reached, "validation": bin_object(one.validation)}
            for one in judgement.float_choices
        ],
        "scores": _scores_object(judgement),
        "unknown": judgement.unknown.model_dump(),
        **judgement.cost.as_json(),
        "edgetpu": edgetpu.as_object() if edgetpu else None,
        "layers": layers_object(judgement.layers),
        "no_layer_stands_out": none_stands_out(judgement.layers),
        "rescue": None if judgement.rescue is None else rescue_object(judgement.rescue),
        "provenance": origin_object(judgement.provenance),
    }


def report_json(judgement: Judgement, edgetpu: EdgeTpuModel | None = None, refusal: Refusal | None = None) -> str:
    """Return report.json."""
    return json.dumps(report_object(judgement, edgetpu, refusal), indent=2) + "\n"


def report_page(
    judgement: Judgement,
    items: Sequence[Item],
    edgetpu: EdgeTpuModel | None = None,
    refusal: Refusal | None = None,
) -> str:
    """Return report.html. items: the test pictures, in the order of the comparison; changed ones are shown.

    FLIPS_SHOWN of them at most, those first that only the float model has right.
    """
    report = report_object(judgement, edgetpu, refusal)
    flips = sorted(judgement.comparison.flips, key=_harm)[:FLIPS_SHOWN]
    low = min(report["interval_float"][0], report["interval_int8"][0])
    return render(
        "quantize",
        "report.html.j2",
        report=report,
        in_bundle=refusal is None,
        done_by=done_by,
        flips=[{**asdict(flip), "uri": thumbnail_uri(items[flip.index].path)} for flip in flips],
        bins_drawn=BINS_DRAWN,
        floor=FLOOR,
        large=large,
        axis_low=axis_start(low),
        plots={name: data_uri("image/png", drawn) for name, drawn in _plots(judgement).items()},
    )


def _verdict_object(judgement: Judgement, refusal: Refusal | None) -> dict[str, Any]:
    if refusal is None:
        found = {"verdict": judgement.verdict, "reason": judgement.reason}
    else:
        found = {"verdict": "refused", "reason": refusal.reason}
    other = [] if refusal is None or refusal == judgement.refusal else [refusal.reason]
    advice = list(refusal.advice) if refusal else []
    return {**found, "objections": [*other, *judgement.objections], "advice": advice}


def _harm(flip: Flip) -> int:
    """Sort what int8 has made wrong before what was wrong already, and what it has made right."""
    return 0 if flip.float_label == flip.truth else 1 if flip.int8_label != flip.truth else 2


def _plots(judgement: Judgement) -> dict[str, bytes]:
    comparison = judgement.comparison
    models = {
        "float": comparison.float_model,
        "integer": comparison.int8_model,
        f"at temperature {judgement.temperature:g}, {done_by(judgement.temperature)}": with_temperature(
            comparison.int8_model, judgement.temperature
        ),
    }
    lowest = judgement.unknown.min_score
    drawn = judgement.choices[:BINS_DRAWN]
    sweeps = [sweep(judgement.validation, choice.label, max(choice.min_score, lowest)) for choice in drawn]
    return {
        "reliability": png(reliability(models)),
        "confidence": png(confidence_shift(comparison)),
        "bins": purity_and_recovery(sweeps, judgement.limits.purity),
    }


def _scores_object(judgement: Judgement) -> dict[str, Any]:
    """How far scores moved, and how well they mean what they say."""
    before, after = judgement.comparison.float_model, judgement.comparison.int8_model
    softened = with_temperature(after, judgement.temperature)
    return {
        "temperature": judgement.temperature,
        "ece_float": calibration(before).ece,
        "ece_int8": calibration(after).ece,
        "ece_softened": calibration(softened).ece,
        "mean_confidence_float": float(before.confidence.mean()),
        "mean_confidence_int8": float(after.confidence.mean()),
        "mean_score_error": float(np.abs(after.scores - before.scores).mean()),
        "largest_score_error": float(np.abs(after.scores - before.scores).max()),
        "agreement": 1 - judgement.comparison.changed / len(after.truth),
    }


def _class_object(change: ClassChange) -> dict[str, Any]:
    before, after = asdict(change.float_model), asdict(change.int8_model)
    return {
        "label": change.label,
        "pictures": change.pictures,
        "float": before,
        "int8": after,
        "change": asdict(_difference(change.float_model, change.int8_model)),
    }


def _difference(before: ClassFigures, after: ClassFigures) -> ClassFigures:
    return ClassFigures(
        precision=_minus(after.precision, before.precision),
        recall=_minus(after.recall, before.recall),
        f1=_minus(after.f1, before.f1),
    )


def _minus(after: float | None, before: float | None) -> float | None:
    return None if after is None or before is None else after - before


def _threshold_object(choice: Choice, held_out: BinCount, least: float) -> dict[str, Any]:
    """least: the score below which a part is of no known class, whatever its bin asks for."""
    return {
        "label": choice.label,
        "min_score": choice.min_score,
        "in_use": max(choice.min_score, least),
        "purity_reached": choice.reached,
        "validation": bin_object(choice.validation),
        "test": bin_object(held_out),
    }


def bin_object(count: BinCount) -> dict[str, Any]:
    """Return what a bin would hold, for JSON."""
    return {
        "right": count.right,
        "sorted": count.sorted,
        "of_label": count.of_label,
        "purity": count.purity.value,
        "purity_interval": list(count.purity.interval),
        "recovery": count.recovery.value,
    }
