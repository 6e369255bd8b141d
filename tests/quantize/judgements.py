"""Judgements without a network: an integer model of known mistakes beside a float model that is always right."""

from __future__ import annotations

import numpy as np
from PIL import Image

from edge.bundle_facts import Unknown
from quantize.compare import Comparison
from quantize.cost import Cost
from quantize.judge import Judgement, Limits
from quantize.latency import Latency
from quantize.stability import Step
from quantize.thresholds import choose_thresholds, count_bin
from quantize.variants import Variant
from training.answers import Answers
from training.dataset import Item

LABELS = ("bolt", "nut<script>")
PROVENANCE = {
    "run": "run-1",
    "seed": 3,
    "split": {"train": 70, "validation": 10, "test": 20},
    "calibration": {"black_and_white": True, "pictures": [{"path": "bolt/1.png", "sha256": "ab" * 32}]},
    "runtime": "ai_edge_litert.interpreter",
    "versions": {"python": "3.11"},
}


COST = Cost(
    model_bytes=240_000,
    macs=1_234_567,
    full_integer=True,
    float_weight_bytes=900_000,
    float_latency=Latency(4.0, 5.0, 100),
    int8_latency=Latency(1.0, 2.0, 100),
    calibration_steps=(Step(25, None, None), Step(50, 0, 0.001)),
    variants=(Variant("float16 weights", 450_000, 19, 20, 20, Latency(3.9, 5.0, 50)), Variant("odd", refused="no way")),
)


def judged(wrong_after=1, max_drop=0.1, pictures=20, provenance=PROVENANCE, purity=0.5, labels=LABELS, **more):
    """Judge an integer model that gets the first `wrong_after` pictures wrong; the float model is always right."""
    every, others = np.arange(pictures), len(labels) - 1
    truth = every % len(labels)
    before = np.full((pictures, len(labels)), 0.125 / others, np.float32)
    after = np.full((pictures, len(labels)), 0.25 / others, np.float32)
    before[every, truth] = 0.875
    after[every, np.where(every < wrong_after, (truth + 1) % len(labels), truth)] = 0.75
    names = tuple(f"p/{n}.png" for n in range(pictures))
    comparison = Comparison(names, Answers(labels, truth, before), Answers(labels, truth, after))
    choices = choose_thresholds(comparison.int8_model, purity)
    held_out = [count_bin(comparison.int8_model, choice.label, choice.min_score) for choice in choices]
    return Judgement(
        comparison=comparison,
        limits=Limits(max_drop, purity),
        choices=tuple(choices),
        held_out=tuple(held_out),
        validation=comparison.int8_model,
        temperature=1.0,
        unknown=Unknown(),
        cost=COST,
        provenance=provenance,
        **more,
    )


def pictures_on_disk(folder):
    """Return twenty items that are all one real picture."""
    path = folder / "part.png"
    Image.new("RGB", (300, 200), (120, 90, 60)).save(path)
    return [Item(path, f"p/{n}.png", LABELS[n % 2], str(n), "") for n in range(20)]
