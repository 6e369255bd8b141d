"""From a run folder to a judged integer model, and to a bundle when the judge says yes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from edge.bundle import Bundle
from edge.durable import require_unused
from quantize.calibrate import calibration_inputs, choose_calibration
from quantize.compare import compare
from quantize.convert import convert
from quantize.integer_model import load_integer_model
from quantize.judge import Judgement, Limits
from quantize.metadata import with_metadata
from quantize.pack import pack, provenance
from quantize.quiet import quiet
from quantize.thresholds import choose_thresholds, count_bin
from training.answers import ask, classifier_scorer
from training.run_folder import open_run


@dataclass(frozen=True)
class QuantizeOptions:
    """What `edge-sort quantize` is asked for. data: where the pictures lie now, if they moved since training."""

    run: Path
    out: Path
    data: Path | None = None
    limits: Limits = field(default_factory=lambda: Limits(max_drop=0.01, purity=0.99))
    calibration: int = 100


@dataclass(frozen=True)
class Outcome:
    """The judgement, and the bundle when there is one."""

    judgement: Judgement
    bundle: Bundle | None


def quantize_run(options: QuantizeOptions, tell: Callable[[str], None] = lambda _line: None) -> Outcome:
    """Convert, compare, judge and, if accepted, write the bundle. `tell` hears each step before it starts.

    Raises DataError when the run, its pictures or the output folder cannot be used, ModelError when the network
    cannot be converted.
    """
    require_unused(options.out)
    tell(f"reading {options.run}")
    run = open_run(options.run, options.data)
    with quiet():
        model = run.load_model()
    held_out = [*run.split["validation"], *run.split["test"]]
    chosen = choose_calibration(run.split["train"], count=options.calibration, seed=run.seed, held_out=held_out)
    tell(f"converting, calibrated on {len(chosen)} training pictures, one black and one white")
    converted = with_metadata(convert(model, calibration_inputs(chosen, run.spec)), run.labels, run.spec)
    integer = load_integer_model(converted, run.labels, run.spec)
    tell(f"comparing both models on {len(run.split['test'])} test pictures")
    comparison = compare(model, integer.classifier, run.split["test"])
    tell(f"choosing thresholds on {len(run.split['validation'])} validation pictures")
    (validation,) = ask([classifier_scorer(integer.classifier)], run.split["validation"], run.spec, run.labels)
    choices = choose_thresholds(validation, options.limits.purity)
    judgement = Judgement(
        comparison=comparison,
        limits=options.limits,
        choices=tuple(choices),
        held_out=tuple(count_bin(comparison.int8_model, choice.label, choice.min_score) for choice in choices),
        model_bytes=len(converted),
        float_weight_bytes=4 * model.count_params(),
        provenance=provenance(run, chosen, integer.interpreter.runtime_name),
    )
    if not judgement.accepted:
        return Outcome(judgement, None)
    return Outcome(judgement, pack(options.out, integer, judgement, run.split["test"]))
