"""From a run folder to a judged integer model, and to a bundle when the judge says yes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle, Unknown
from edge.classifier import tempered
from edge.durable import require_unused
from quantize.calibrate import BLACK_AND_WHITE, choose_calibration
from quantize.compare import Comparison, compare
from quantize.convert import Ends, convert
from quantize.cost import Cost
from quantize.edgetpu import EdgeTpuOutcome, EdgeTpuRequest, compile_for_edgetpu
from quantize.foreign import choose_unknown, foreign_inputs
from quantize.integer_model import IntegerModel, load_integer_model
from quantize.judge import Judgement, Limits
from quantize.latency import measure_latency
from quantize.metadata import with_metadata
from quantize.pack import pack, provenance
from quantize.quiet import quiet
from quantize.stability import MOST, PROBES, Calibrated, calibrated
from quantize.temperature import fit_temperature, with_temperature
from quantize.thresholds import Choice, choose_thresholds, count_bin
from quantize.variants import VARIANT_PICTURES, Variant, convert_float, fewest, measure_variants
from training.answers import Answers, ask, classifier_scorer
from training.dataset import load_inputs
from training.run_folder import Run, open_run


@dataclass(frozen=True)
class QuantizeOptions:
    """What `edge-sort quantize` is asked for.

    data: where the pictures lie now, if they moved since training. foreign: a folder of pictures of no known class.
    force: write the bundle whatever the verdict. calibration: how many pictures; None means as many as it takes.
    ends: what the model takes and gives. variants: measure the other ways to convert as well.
    """

    run: Path
    out: Path
    data: Path | None = None
    limits: Limits = field(default_factory=lambda: Limits(max_drop=0.01, purity=0.995))
    calibration: int | None = None
    foreign: Path | None = None
    force: bool = False
    ends: Ends = "int8"
    variants: bool = False
    edgetpu: EdgeTpuRequest | None = None


@dataclass(frozen=True)
class Outcome:
    """The judgement, and the bundle when there is one. edgetpu: None where nobody asked, or it never came to it."""

    judgement: Judgement
    bundle: Bundle | None
    edgetpu: EdgeTpuOutcome | None = None

    @property
    def refusal(self) -> str | None:
        """Why there is no bundle, None when there is one."""
        if self.bundle is not None:
            return None
        return (self.edgetpu.refusal if self.edgetpu else None) or self.judgement.refusal


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
    made = _calibrated(options, run, model, tell)
    judgement = _judged(options, run, model, made, tell)
    if judgement.verdict == "refused":
        return Outcome(judgement, None)
    edgetpu = compile_for_edgetpu(made.model.data, options.edgetpu, tell) if options.edgetpu else None
    if edgetpu is not None and edgetpu.refusal is not None:
        return Outcome(judgement, None, edgetpu)
    compiled = edgetpu.model if edgetpu else None
    return Outcome(judgement, pack(options.out, made.model, judgement, run.split["test"], compiled), edgetpu)


def _calibrated(options: QuantizeOptions, run: Run, model: Any, tell: Callable[[str], None]) -> Calibrated:
    held_out = [*run.split["validation"], *run.split["test"]]
    candidates = choose_calibration(
        run.split["train"], count=options.calibration or MOST, seed=run.seed, held_out=held_out
    )

    def make(inputs: NDArray[np.uint8]) -> IntegerModel:
        pictures = len(inputs) - BLACK_AND_WHITE
        tell(f"converting, calibrated on {pictures} training pictures, one black and one white")
        converted = with_metadata(convert(model, inputs, options.ends), run.labels, run.spec)
        return load_integer_model(converted, run.labels, run.spec)

    probes = load_inputs(run.split["validation"][:PROBES], run.spec)
    return calibrated(make, candidates, probes, run.spec, options.calibration)


def _judged(options: QuantizeOptions, run: Run, model: Any, made: Calibrated, tell: Callable[[str], None]) -> Judgement:
    integer, test = made.model, run.split["test"]
    tell(f"comparing both models on {len(test)} test pictures")
    comparison = compare(model, integer.classifier, test)
    tell(f"choosing thresholds on {len(run.split['validation'])} validation pictures")
    (validation,) = ask([classifier_scorer(integer.classifier)], run.split["validation"], run.spec, run.labels)
    temperature = fit_temperature(validation)
    softened = with_temperature(validation, temperature)
    choices = choose_thresholds(softened, options.limits.purity)
    tested = with_temperature(comparison.int8_model, temperature)
    return Judgement(
        comparison=comparison,
        limits=options.limits,
        choices=tuple(choices),
        held_out=tuple(count_bin(tested, choice.label, choice.min_score) for choice in choices),
        validation=softened,
        temperature=temperature,
        unknown=_unknown(options, run, integer, softened, choices, temperature),
        cost=_cost(options, run, model, made, comparison, tell),
        provenance=provenance(run, made, integer.interpreter.runtime_name),
        forced=options.force,
    )


def _cost(
    options: QuantizeOptions,
    run: Run,
    model: Any,
    made: Calibrated,
    comparison: Comparison,
    tell: Callable[[str], None],
) -> Cost:
    tell("timing both models")
    test = run.split["test"]
    inputs = load_inputs([test[place] for place in fewest(len(test), VARIANT_PICTURES)], run.spec)
    floats = load_integer_model(convert_float(model), run.labels, run.spec)
    timed = measure_latency([floats.classifier, made.model.classifier], inputs)
    variants: list[Variant] = []
    if options.variants:
        tell("converting in the other ways")
        before = comparison.float_model.of(fewest(len(test), VARIANT_PICTURES))
        variants = measure_variants(model, made.inputs, inputs, before, made.model.classifier)
    return Cost(
        model_bytes=len(made.model.data),
        float_weight_bytes=4 * model.count_params(),
        float_latency=timed[0],
        int8_latency=timed[1],
        calibration_steps=made.steps,
        variants=tuple(variants),
    )


def _unknown(
    options: QuantizeOptions,
    run: Run,
    integer: IntegerModel,
    validation: Answers,
    choices: Sequence[Choice],
    temperature: float,
) -> Unknown:
    """Without pictures of foreign parts nothing is chosen: nobody would know what it is worth, or what it costs."""
    inputs = foreign_inputs(run, options.foreign)
    if not len(inputs):
        return Unknown()
    scores = tempered(classifier_scorer(integer.classifier)(inputs), temperature)
    return choose_unknown(validation, scores, {choice.label: choice.min_score for choice in choices})
