"""Put an imported model and all that is known of it into a bundle."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.bundle import MODEL_FILE, Bundle, write_bundle
from edge.bundle_facts import FORMAT_VERSION, BundleFacts, Threshold
from edge.classifier import Classifier
from edge.conventions import Conventions
from edge.drawn_pictures import drawn_pictures
from edge.golden import GOLDEN_FILE, Golden, make_golden, record_golden
from edge.interpreter import TfliteInterpreter
from edge.labelled import LabelledPicture
from edge.rehearsal import Trial
from edge.test_card import make_test_card
from quantize.import_choices import Finding
from quantize.import_evaluation import Tried
from quantize.model_file import ModelFile
from quantize.pack import installed, quantization
from training.answers import Answers


@dataclass(frozen=True)
class Known:
    """What is known of a model once nothing is open.

    pictures: labelled ones that can be read, and judged: its answers to them; none and None without such. warnings:
    what the user must hear, a sentence each.
    """

    file: ModelFile
    trial: Trial
    interpreter: TfliteInterpreter
    classifier: Classifier
    conventions: Conventions
    thresholds: Mapping[str, Threshold]
    findings: tuple[Finding, ...]
    tried: tuple[Tried, ...]
    pictures: tuple[LabelledPicture, ...]
    judged: Answers | None
    warnings: tuple[str, ...]


def pack_imported(folder: Path, known: Known, data: Path | None) -> Bundle:
    """Write the bundle, whole or not at all, and load it as the device will. data: the folder it was judged on.

    Raises DataError when `folder` is already in use.
    """
    golden, sheet = _golden(known)
    facts = BundleFacts(
        format_version=FORMAT_VERSION,
        labels=known.classifier.labels,
        input=known.classifier.spec,
        input_quantization=quantization(known.trial.input),
        output_quantization=quantization(known.trial.output),
        conventions=known.conventions,
        thresholds=dict(known.thresholds),
        provenance=_provenance(known, data),
        test_card=make_test_card(known.classifier),
        golden=golden,
        files={},
    )
    bundle = write_bundle(folder, facts, {MODEL_FILE: known.file.data, GOLDEN_FILE: sheet})
    bundle.classifier()
    return bundle


def _golden(known: Known) -> tuple[Golden, bytes]:
    """Record what the model answers here to some of its pictures, or to drawn ones."""
    spec, normalization = known.classifier.spec, known.conventions.normalization
    if known.pictures:
        return make_golden(known.interpreter, spec, known.pictures, normalization)
    return record_golden(known.interpreter, spec, drawn_pictures(), normalization=normalization)


def evaluation(known: Known, data: Path | None) -> dict[str, Any] | None:
    """Return how the model did on labelled pictures, for JSON."""
    if known.judged is None or data is None:
        return None
    accuracy = known.judged.accuracy
    return {
        "data": data.resolve().name,
        "pictures": accuracy.total,
        "right": accuracy.right,
        "accuracy": accuracy.value,
        "tried": [asdict(one) for one in known.tried],
    }


def _provenance(known: Known, data: Path | None) -> dict[str, Any]:
    contents = known.file.data
    return {
        "imported": {
            "file": known.file.path.name,
            "sha256": hashlib.sha256(contents).hexdigest(),
            "size_bytes": len(contents),
        },
        "findings": [asdict(finding) for finding in known.findings],
        "warnings": list(known.warnings),
        "evaluation": evaluation(known, data),
        "runtime": known.trial.runtime,
        "versions": {"python": platform.python_version(), **installed(("edge-sort", "numpy", "pillow"))},
    }
