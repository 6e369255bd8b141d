"""From a run folder to a judged integer model, and to a bundle when the judge says yes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from edge.bundle import Bundle, Unknown
from edge.classifier import tempered
from edge.durable import require_unused
from quantize.calibrate import calibration_inputs, choose_calibration
from quantize.compare import compare
from quantize.convert import convert
from quantize.foreign import choose_unknown, foreign_inputs
from quantize.integer_model import IntegerModel, load_integer_model
from quantize.judge import Judgement, Limits
from quantize.objections import losses
from quantize.pack import pack, provenance
from quantize.quiet import quiet
from quantize.remedies import Patient
from quantize.rescue import rescue, rescue_object
from quantize.temperature import fit_temperature, with_temperature
from quantize.thresholds import Choice, choose_thresholds, count_bin
from training.answers import Answers, ask, classifier_scorer
from training.dataset import Item
from training.run_folder import Run, open_run


@dataclass(frozen=True)
class QuantizeOptions:
    """What `edge-sort quantize` is asked for.

    data: where the pictures lie now, if they moved since training. foreign: a folder of pictures of no known class.
    force: write the bundle whatever the verdict. layers: measure each layer even if little is lost. rescue: try
    remedies when too much is lost.
    """

    run: Path
    out: Path
    data: Path | None = None
    limits: Limits = field(default_factory=lambda: Limits(max_drop=0.01, purity=0.995))
    calibration: int = 100
    foreign: Path | None = None
    force: bool = False
    layers: bool = False
    rescue: bool = False


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
    case = _Case(options, run, model, chosen, tell)
    tell(f"converting, calibrated on {len(chosen)} training pictures, one black and one white")
    judged = case.judge(convert(model, calibration_inputs(chosen, run.spec)), chosen)
    judged = case.look_into(judged)
    if judged.judgement.verdict == "refused":
        return Outcome(judged.judgement, None)
    return Outcome(judged.judgement, pack(options.out, judged.integer, judged.judgement, run.split["test"]))


@dataclass(frozen=True)
class _Judged:
    integer: IntegerModel
    judgement: Judgement


@dataclass(frozen=True)
class _Case:
    """One network before the judge. chosen: the pictures that calibrate its plain int8 model."""

    options: QuantizeOptions
    run: Run
    model: Any
    chosen: Sequence[Item]
    tell: Callable[[str], None]

    def judge(self, converted: bytes, calibrated_on: Sequence[Item]) -> _Judged:
        """Compare a converted model with the float one, choose its thresholds, and judge it."""
        run, limits = self.run, self.options.limits
        integer = load_integer_model(converted, run.labels, run.spec)
        self.tell(f"comparing both models on {len(run.split['test'])} test pictures")
        comparison = compare(self.model, integer.classifier, run.split["test"])
        self.tell(f"choosing thresholds on {len(run.split['validation'])} validation pictures")
        (validation,) = ask([classifier_scorer(integer.classifier)], run.split["validation"], run.spec, run.labels)
        temperature = fit_temperature(validation)
        softened = with_temperature(validation, temperature)
        choices = choose_thresholds(softened, limits.purity)
        tested = with_temperature(comparison.int8_model, temperature)
        judgement = Judgement(
            comparison=comparison,
            limits=limits,
            choices=tuple(choices),
            held_out=tuple(count_bin(tested, choice.label, choice.min_score) for choice in choices),
            temperature=temperature,
            unknown=_unknown(self.options, run, integer, softened, choices, temperature),
            model_bytes=len(converted),
            float_weight_bytes=4 * self.model.count_params(),
            provenance=provenance(run, calibrated_on, integer.interpreter.runtime_name),
            forced=self.options.force,
        )
        return _Judged(integer, judgement)

    def look_into(self, plain: _Judged) -> _Judged:
        """Measure the layers of a plain int8 model that loses much, and try to rescue one that loses too much."""
        comparison, limits = plain.judgement.comparison, self.options.limits
        lost = losses(comparison, limits)
        if not (self.options.layers or lost or comparison.drop > limits.max_drop / 2):
            return plain
        self.tell("measuring what int8 does to each layer")
        patient = Patient(self.run, self.model, self.chosen)
        layers = tuple(patient.layers)
        if not (lost and self.options.rescue):
            return _Judged(plain.integer, replace(plain.judgement, layers=layers))
        rescued = rescue(patient, self.run, self.model, limits.max_drop, self.tell)
        account = rescued.account
        judged = plain
        if rescued.data is not None and rescued.remedy is not None:
            judged = self.judge(rescued.data, rescued.remedy.items)
        origin = {**judged.judgement.provenance, "rescue": rescue_object(account)}
        return _Judged(judged.integer, replace(judged.judgement, layers=layers, rescue=account, provenance=origin))


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
