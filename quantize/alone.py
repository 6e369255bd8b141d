"""What an integer model is worth on labelled pictures when the float network it came from is not at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import MODEL_FILE, Bundle
from edge.bundle_facts import Threshold
from edge.model_graph import read_graph
from quantize.compare import class_figures
from quantize.latency import Latency, measure_latency
from quantize.objections import objections_alone
from quantize.picture_notes import notes_on
from quantize.provenance import origin_object, recorded_share
from quantize.report import bin_object
from quantize.shown_pictures import Shown, show
from quantize.temperature import with_temperature
from quantize.thresholds import BinCount, count_bin
from quantize.variants import VARIANT_PICTURES, fewest
from training.answers import Answers
from training.calibration import calibration
from training.dataset import Item, load_inputs


@dataclass(frozen=True)
class Bin:
    """One label's bin with the threshold in use. min_score: with the score of unknown parts, when that is higher."""

    label: str
    threshold: Threshold
    min_score: float
    held_out: BinCount


@dataclass(frozen=True)
class Alone:
    """A bundle's model on these pictures. raw: its answers before temperature. notes: a clause each, for the user."""

    bundle: Bundle
    shown: Shown
    raw: Answers
    notes: tuple[str, ...]
    latency: Latency
    runtime: str

    @property
    def answers(self) -> Answers:
        """The answers as the device compares them with thresholds."""
        return with_temperature(self.raw, self.bundle.facts.temperature)

    @property
    def purity(self) -> float | None:
        """What the bins were asked for when the bundle was made; None where nothing was asked."""
        return recorded_share(self.bundle.facts.provenance, "purity")

    @property
    def min_accuracy(self) -> float:
        """The least accuracy that was asked for when the bundle was made; 0 where nothing was asked."""
        return recorded_share(self.bundle.facts.provenance, "min_accuracy") or 0.0

    @property
    def bins(self) -> list[Bin]:
        """Every bin at the threshold in use."""
        facts, answers = self.bundle.facts, self.answers
        found = []
        for label in answers.labels:
            threshold = facts.thresholds[label]
            least = max(threshold.min_score, facts.unknown.min_score)
            found.append(Bin(label, threshold, least, count_bin(answers, label, least)))
        return found

    @property
    def objections(self) -> tuple[str, ...]:
        """What speaks against the model by itself, a clause each, the worst first."""
        counts = [(one.label, one.held_out) for one in self.bins]
        return objections_alone(self.raw, counts, self.purity or 0.0, self.min_accuracy)

    @property
    def verdict(self) -> str:
        """One word: accepted, refused, or forced, when somebody has insisted on this bundle before."""
        if not self.objections:
            return "accepted"
        return "forced" if self.bundle.facts.forced else "refused"

    @property
    def reason(self) -> str:
        """The verdict in one sentence."""
        found = self.answers.accuracy
        return "; ".join(self.objections) or f"the integer model answers {found.right} of {found.total} pictures right"


def judge_alone(bundle: Bundle, items: Sequence[Item]) -> Alone:
    """Show the pictures to the model of a bundle, as the device would run it.

    Raises BundleError or ModelError when it cannot be run here, DataError when no picture can be used.
    """
    interpreter = bundle.interpreter()
    classifier = bundle.classifier_on(interpreter)

    def score(inputs: NDArray[np.uint8]) -> NDArray[np.float32]:
        return np.stack([classifier.raw_scores_of_input(pixels) for pixels in inputs])

    shown = show([score], items, classifier.spec, bundle.labels)
    few = [shown.items[place] for place in fewest(len(shown.items), VARIANT_PICTURES)]
    (latency,) = measure_latency([classifier], load_inputs(few, classifier.spec))
    return Alone(
        bundle=bundle,
        shown=shown,
        raw=shown.answers[0],
        notes=tuple(notes_on(bundle, shown)),
        latency=latency,
        runtime=interpreter.runtime_name,
    )


def alone_object(alone: Alone) -> dict[str, Any]:
    """Return the report as an object for JSON; the verdict comes first, and that no float model was asked."""
    answers, raw, found = alone.answers, alone.raw, alone.answers.accuracy
    graph = read_graph(alone.bundle.read(MODEL_FILE))
    return {
        "verdict": alone.verdict,
        "reason": alone.reason,
        "objections": list(alone.objections),
        "compared_with_float": False,
        "notes": list(alone.notes),
        "forced": list(alone.bundle.facts.forced),
        "accuracy_int8": found.value,
        "right_int8": found.right,
        "pictures": found.total,
        "interval_int8": list(found.interval),
        "labels": list(answers.labels),
        "per_class": [
            {"label": label, "pictures": int((answers.truth == index).sum()), "int8": asdict(figures)}
            for index, (label, figures) in enumerate(zip(answers.labels, class_figures(answers), strict=True))
        ],
        "confusion_int8": answers.confusion.tolist(),
        "purity": alone.purity,
        "min_accuracy": alone.min_accuracy,
        "thresholds": [
            {
                "label": one.label,
                "in_use": one.min_score,
                "made": one.threshold.model_dump(),
                "test": bin_object(one.held_out),
            }
            for one in alone.bins
        ],
        "scores": {
            "temperature": alone.bundle.facts.temperature,
            "ece_int8": calibration(raw).ece,
            "ece_softened": calibration(answers).ece,
            "mean_confidence_int8": float(raw.confidence.mean()),
        },
        "unknown": alone.bundle.facts.unknown.model_dump(),
        "wrong": wrong_answers(alone),
        "skipped": list(alone.shown.skipped),
        "model_bytes": alone.bundle.facts.files[MODEL_FILE].size_bytes,
        "macs": graph.macs,
        "full_integer": graph.full_integer,
        "int8_latency": asdict(alone.latency),
        "runtime": alone.runtime,
        "provenance": origin_object(alone.bundle.facts.provenance),
    }


def wrong_answers(alone: Alone) -> list[dict[str, Any]]:
    """List every picture that is answered wrongly: those first that would go to a bin, the surest first."""
    answers = alone.answers
    least = np.array([one.min_score for one in alone.bins])
    found = []
    for index in np.flatnonzero(~answers.right):
        said, score = int(answers.answered[index]), float(answers.confidence[index])
        found.append(
            {
                "index": int(index),
                "picture": alone.shown.items[index].relative,
                "truth": answers.labels[int(answers.truth[index])],
                "int8_label": answers.labels[said],
                "int8_score": round(score, 6),
                "goes_in": bool(score >= least[said]),
            }
        )
    return sorted(found, key=lambda one: (not one["goes_in"], -one["int8_score"]))
