"""Put the integer model and every fact about it into a bundle."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge.bundle import FORMAT_VERSION, MODEL_FILE, Bundle, BundleFacts, Quantization, write_bundle
from edge.golden import GOLDEN_FILE, make_golden
from edge.interpreter import TensorSpec
from edge.test_card import make_test_card
from quantize.integer_model import IntegerModel
from quantize.judge import Judgement
from quantize.report import report_json, report_page
from training.dataset import Item
from training.run_folder import Run

_PACKAGES = ("edge-sort", "tensorflow", "keras", "numpy", "pillow")


def provenance(run: Run, calibration: Sequence[Item], runtime: str) -> dict[str, Any]:
    """Say where a model comes from. Nothing in it depends on this machine's folders or on the hour."""
    return {
        "run": run.folder.resolve().name,
        "seed": run.seed,
        "split": {subset: len(items) for subset, items in run.split.items()},
        "calibration": {
            "black_and_white": True,
            "pictures": [{"path": item.relative, "sha256": item.sha256} for item in calibration],
        },
        "runtime": runtime,
        "versions": {"python": platform.python_version(), **_installed()},
    }


def pack(folder: Path, model: IntegerModel, judgement: Judgement, test: Sequence[Item]) -> Bundle:
    """Write the bundle of an accepted model, whole or not at all. test: the pictures that judged it.

    Raises DataError when `folder` is already in use.
    """
    comparison = judgement.comparison
    golden, sheet = make_golden(model.interpreter, model.classifier.spec, test)
    facts = BundleFacts(
        format_version=FORMAT_VERSION,
        labels=model.classifier.labels,
        input=model.classifier.spec,
        input_quantization=_quantization(model.interpreter.input),
        output_quantization=_quantization(model.interpreter.output),
        thresholds={choice.label: choice.threshold for choice in judgement.choices},
        provenance={
            **judgement.provenance,
            "accuracy_float": comparison.float_model.accuracy.value,
            "accuracy_int8": comparison.int8_model.accuracy.value,
            "max_drop": judgement.limits.max_drop,
            "purity": judgement.limits.purity,
        },
        test_card=make_test_card(model.classifier),
        golden=golden,
        files={},
    )
    files = {
        MODEL_FILE: model.data,
        GOLDEN_FILE: sheet,
        "report.html": report_page(judgement, test).encode(),
        "report.json": report_json(judgement).encode(),
    }
    return write_bundle(folder, facts, files)


def _quantization(tensor: TensorSpec) -> Quantization:
    return Quantization(dtype=str(tensor.dtype), scale=tensor.scale, zero_point=tensor.zero_point)


def _installed() -> dict[str, str]:
    found = {}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:  # edge-sort run from its source folder; tensorflow under one of its other names
            continue
    return found
