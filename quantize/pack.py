"""Put the integer model and every fact about it into a bundle."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge.bundle import EDGETPU_FILE, MODEL_FILE, Bundle, write_bundle
from edge.bundle_facts import FORMAT_VERSION, BundleFacts, Quantization
from edge.golden import GOLDEN_FILE, make_golden
from edge.interpreter import TensorSpec
from edge.test_card import make_test_card
from quantize.edgetpu import EdgeTpuModel
from quantize.integer_model import IntegerModel
from quantize.judge import Judgement
from quantize.report import report_json, report_page
from quantize.stability import Converted
from training.dataset import Item
from training.run_folder import Run

_MOST_LETTERS = 500  # what a bundle may hold in one text; a clause may name many labels
_PACKAGES = ("edge-sort", "tensorflow", "keras", "numpy", "pillow")


def provenance(run: Run, made: Converted, runtime: str) -> dict[str, Any]:
    """Say where a model comes from. Nothing in it depends on this machine's folders or on the hour."""
    return {
        "run": run.folder.resolve().name,
        "network_sha256": run.network_sha256,
        "seed": run.seed,
        "split": {subset: len(items) for subset, items in run.split.items()},
        "calibration": {
            "black_and_white": bool(made.chosen),
            "pictures": [{"path": item.relative, "sha256": item.sha256} for item in made.chosen],
            "steps": [asdict(step) for step in made.steps],
        },
        "runtime": runtime,
        "versions": {"python": platform.python_version(), **installed(_PACKAGES)},
    }


def pack(
    folder: Path,
    model: IntegerModel,
    judgement: Judgement,
    test: Sequence[Item],
    edgetpu: EdgeTpuModel | None = None,
) -> Bundle:
    """Write the bundle of an accepted model, whole or not at all. test: the pictures that judged it.

    Raises DataError when `folder` is already in use.
    """
    comparison = judgement.comparison
    golden, sheet = make_golden(model.interpreter, model.classifier.spec, test)
    facts = BundleFacts(
        format_version=FORMAT_VERSION,
        labels=model.classifier.labels,
        input=model.classifier.spec,
        input_quantization=quantization(model.interpreter.input),
        output_quantization=quantization(model.interpreter.output),
        thresholds={choice.label: choice.threshold for choice in judgement.choices},
        temperature=judgement.temperature,
        unknown=judgement.unknown,
        forced=tuple(clause[:_MOST_LETTERS] for clause in judgement.objections),
        provenance={
            **judgement.provenance,
            "accuracy_float": comparison.float_model.accuracy.value,
            "accuracy_int8": comparison.int8_model.accuracy.value,
            "max_drop": judgement.limits.max_drop,
            "purity": judgement.limits.purity,
            "min_accuracy": judgement.limits.min_accuracy,
            **({} if edgetpu is None else {"edgetpu": edgetpu.as_object()}),
        },
        test_card=make_test_card(model.classifier),
        golden=golden,
        files={},
    )
    files = {
        MODEL_FILE: model.data,
        GOLDEN_FILE: sheet,
        "report.html": report_page(judgement, test, edgetpu).encode(),
        "report.json": report_json(judgement, edgetpu).encode(),
    }
    if edgetpu is not None:
        files[EDGETPU_FILE] = edgetpu.data
    return write_bundle(folder, facts, files)


def quantization(tensor: TensorSpec) -> Quantization:
    """Return how a tensor stores real values, as the bundle records it."""
    return Quantization(dtype=str(tensor.dtype), scale=tensor.scale, zero_point=tensor.zero_point)


def installed(packages: Sequence[str]) -> dict[str, str]:
    """Return the version of each of these packages that is installed."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # edge-sort run from its source folder; tensorflow under one of its other names
            continue
    return found
