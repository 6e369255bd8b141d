"""The accuracy-delta report: one JSON object, and the same as one HTML page that needs nothing but itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from quantize.compare import ClassChange, ClassFigures
from quantize.judge import Judgement
from quantize.layers import layers_object, none_stands_out
from quantize.rescue import rescue_object
from quantize.thresholds import BinCount, Choice
from training.dataset import Item
from training.page import axis_start, render, thumbnail_uri
from training.statistics import pictures_to_show


def report_object(judgement: Judgement) -> dict[str, Any]:
    """Return the report as an object for JSON; the verdict comes first."""
    comparison = judgement.comparison
    before, after = comparison.float_model.accuracy, comparison.int8_model.accuracy
    return {
        "verdict": judgement.verdict,
        "reason": judgement.reason,
        "objections": list(judgement.objections),
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
            _threshold_object(choice, held_out)
            for choice, held_out in zip(judgement.choices, judgement.held_out, strict=True)
        ],
        "temperature": judgement.temperature,
        "unknown": judgement.unknown.model_dump(),
        "model_bytes": judgement.model_bytes,
        "float_weight_bytes": judgement.float_weight_bytes,
        "layers": layers_object(judgement.layers),
        "no_layer_stands_out": none_stands_out(judgement.layers),
        "rescue": None if judgement.rescue is None else rescue_object(judgement.rescue),
        "provenance": _origin(judgement.provenance),
    }


def report_json(judgement: Judgement) -> str:
    """Return report.json."""
    return json.dumps(report_object(judgement), indent=2) + "\n"


def report_page(judgement: Judgement, items: Sequence[Item]) -> str:
    """Return report.html. items: the test pictures, in the order of the comparison; changed ones are shown."""
    thumbnails = [thumbnail_uri(items[flip.index].path) for flip in judgement.comparison.flips]
    return render_page(report_object(judgement), thumbnails)


def render_page(report: dict[str, Any], thumbnails: Sequence[str]) -> str:
    """Fill the template. thumbnails: a data: address for each flip of `report`."""
    low = min(report["interval_float"][0], report["interval_int8"][0])
    return render("quantize", "report.html.j2", report=report, thumbnails=list(thumbnails), axis_low=axis_start(low))


def _origin(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Shorten the list of calibration pictures to their number: bundle.json has it in full."""
    short = {name: value for name, value in provenance.items() if name != "calibration"}
    return {**short, "calibration_pictures": len(provenance["calibration"]["pictures"])}


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


def _threshold_object(choice: Choice, held_out: BinCount) -> dict[str, Any]:
    return {
        "label": choice.label,
        "min_score": choice.min_score,
        "purity_reached": choice.reached,
        "validation": _bin_object(choice.validation),
        "test": _bin_object(held_out),
    }


def _bin_object(count: BinCount) -> dict[str, Any]:
    return {
        "right": count.right,
        "sorted": count.sorted,
        "of_label": count.of_label,
        "purity": count.purity.value,
        "purity_interval": list(count.purity.interval),
        "recovery": count.recovery.value,
    }
