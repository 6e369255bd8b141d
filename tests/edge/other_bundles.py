"""Bundles that differ from the packaged one in what they say of themselves, their thresholds, or their labels."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from edge.bundle import MODEL_FILE, Bundle, open_bundle, write_bundle

PACKAGED = Path(str(files("edge"))) / "data" / "bundle"


def other_bundle(folder: Path, *, name: str = "other", labels=None, min_score=None, bare: bool = False) -> Bundle:
    """Write a bundle of the packaged model that has another digest.

    labels: in another order, so that most answers are wrong although every score is as it was. min_score: label -> its
    threshold. bare: the model and nothing else.
    """
    packaged = open_bundle(PACKAGED)
    thresholds = {
        label: one.model_copy(update={"min_score": (min_score or {}).get(label, one.min_score)})
        for label, one in packaged.facts.thresholds.items()
    }
    facts = packaged.facts.model_copy(
        update={
            "labels": tuple(labels or packaged.labels),
            "thresholds": thresholds,
            "provenance": {**packaged.facts.provenance, "name": name},
        }
    )
    if bare:
        return write_bundle(folder, facts.model_copy(update={"golden": None}), {MODEL_FILE: packaged.read(MODEL_FILE)})
    return write_bundle(folder, facts, {file: packaged.read(file) for file in packaged.facts.files})
