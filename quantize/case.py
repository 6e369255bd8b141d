"""One network before the judge: its integer models, what they lost, and what was done about it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from edge.bundle_facts import BundleFacts, Unknown
from edge.classifier import tempered
from edge.model_graph import read_graph
from quantize.compare import Comparison, compare
from quantize.cost import Cost
from quantize.foreign import choose_unknown, foreign_pictures, foreign_scores
from quantize.integer_model import IntegerModel, load_integer_model
from quantize.judge import Judgement
from quantize.latency import measure_latency
from quantize.metadata import with_metadata
from quantize.objections import losses
from quantize.options import QuantizeOptions
from quantize.pack import provenance
from quantize.remedies import Patient
from quantize.rescue import rescue, rescue_object
from quantize.stability import Converted
from quantize.temperature import fit_temperature, with_temperature
from quantize.thresholds import Choice, choice_at, choose_thresholds, count_bin
from quantize.variants import VARIANT_PICTURES, Variant, convert_float, fewest, measure_variants
from training.answers import Answers, ask, classifier_scorer, network_scorer
from training.dataset import load_inputs
from training.run_folder import Run


@dataclass(frozen=True)
class Judged:
    """An integer model and what the judge says of it."""

    integer: IntegerModel
    judgement: Judgement


@dataclass(frozen=True)
class _Rule:
    """What the device compares scores with. validation: the answers that chose it, softened by `temperature`."""

    temperature: float
    validation: Answers
    choices: tuple[Choice, ...]
    unknown: Unknown


@dataclass(frozen=True)
class Case:
    """A trained network, `model`, with its plain integer model, `plain`; `tell` hears each step before it starts.

    facts: of the bundle that is judged again: its thresholds stand, instead of being chosen.
    """

    options: QuantizeOptions
    run: Run
    model: Any
    plain: Converted
    tell: Callable[[str], None]
    facts: BundleFacts | None = None

    def judge(self, made: Converted, comparison: Comparison | None = None) -> Judged:
        """Compare an integer model with the float one, choose its thresholds, and judge it.

        comparison: both models' answers to the test pictures, when they have been asked already.
        """
        run, limits, integer = self.run, self.options.limits, made.model
        if comparison is None:
            self.tell(f"comparing both models on {len(run.split['test'])} test pictures")
            comparison = compare(self.model, integer.classifier, run.split["test"])
        rule = self._rule(integer)
        tested, unknown = with_temperature(comparison.int8_model, rule.temperature), rule.unknown
        missed = limits.purity and not all(choice.reached for choice in rule.choices)
        judgement = Judgement(
            comparison=comparison,
            limits=limits,
            choices=rule.choices,
            held_out=tuple(
                count_bin(tested, choice.label, max(choice.min_score, unknown.min_score)) for choice in rule.choices
            ),
            validation=rule.validation,
            temperature=rule.temperature,
            unknown=unknown,
            cost=self._cost(made, comparison),
            provenance={**provenance(run, made, integer.interpreter.runtime_name), **self._spread},
            forced=self.options.force,
            notes=(run.leak,) if run.leak else (),
            float_choices=self._float_choices if missed and self.facts is None else (),
        )
        return Judged(integer, judgement)

    def look_into(self, judged: Judged) -> Judged:
        """Measure the layers of a plain int8 model that loses much, and try to rescue one that loses too much."""
        comparison, limits = judged.judgement.comparison, self.options.limits
        lost = losses(comparison, limits)
        if not (self.options.layers or lost or comparison.drop > limits.max_drop / 2):
            return judged
        self.tell("measuring what int8 does to each layer")
        patient = Patient(self.run, self.model, self.plain.chosen)
        layers = tuple(patient.layers)
        if not (lost and self.options.rescue):
            return replace(judged, judgement=replace(judged.judgement, layers=layers))
        integer_only = self.options.edgetpu is not None
        rescued = rescue(patient, self.run, self.model, limits.max_drop, self.tell, integer_only=integer_only)
        if rescued.remedy is not None:
            data = with_metadata(rescued.remedy.convert(), self.run.labels, self.run.spec)
            model = load_integer_model(data, self.run.labels, self.run.spec)
            judged = self.judge(Converted(model, tuple(rescued.remedy.items), self.plain.inputs, ()))
        origin = {**judged.judgement.provenance, "rescue": rescue_object(rescued.account)}
        judgement = replace(judged.judgement, layers=layers, rescue=rescued.account, provenance=origin)
        return replace(judged, judgement=judgement)

    def _rule(self, integer: IntegerModel) -> _Rule:
        """Choose what the device compares scores with, or take it from the bundle that is judged again."""
        run, purity, facts = self.run, self.options.limits.purity, self.facts
        if facts is None:
            self.tell(f"choosing thresholds on {len(run.split['validation'])} validation pictures")
        (raw,) = ask([classifier_scorer(integer.classifier)], run.split["validation"], run.spec, run.labels)
        temperature = facts.temperature if facts else fit_temperature(raw, self.options.spread)
        validation = with_temperature(raw, temperature)
        if facts:
            given = {label: threshold.min_score for label, threshold in facts.thresholds.items()}
            choices = [choice_at(validation, label, given[label], purity) for label in run.labels]
        else:
            choices = choose_thresholds(validation, purity)
        unknown = facts.unknown if facts else self._unknown(integer, validation, choices, temperature)
        return _Rule(temperature, validation, tuple(choices), unknown)

    def _cost(self, made: Converted, comparison: Comparison) -> Cost:
        self.tell("timing both models")
        test, run = self.run.split["test"], self.run
        inputs = load_inputs([test[place] for place in fewest(len(test), VARIANT_PICTURES)], run.spec)
        timed = measure_latency([self._float_model.classifier, made.model.classifier], inputs)
        variants: list[Variant] = []
        if self.options.variants:
            self.tell("converting in the other ways")
            before = comparison.float_model.of(fewest(len(test), VARIANT_PICTURES))
            variants = measure_variants(self.model, made.inputs, inputs, before, self._float_model, made.model)
        graph = read_graph(made.model.data)
        return Cost(
            model_bytes=len(made.model.data),
            macs=graph.macs,
            full_integer=graph.full_integer,
            float_weight_bytes=4 * self.model.count_params(),
            float_latency=timed[0],
            int8_latency=timed[1],
            calibration_steps=made.steps,
            variants=tuple(variants),
        )

    @property
    def _spread(self) -> dict[str, Any]:
        return {} if self.options.spread == 1 else {"spread": self.options.spread}

    @cached_property
    def _float_choices(self) -> tuple[Choice, ...]:
        """The thresholds that the float network would get: they tell whether whole numbers are to blame."""
        run = self.run
        (raw,) = ask([network_scorer(self.model)], run.split["validation"], run.spec, run.labels)
        softened = with_temperature(raw, fit_temperature(raw, self.options.spread))
        return tuple(choose_thresholds(softened, self.options.limits.purity))

    @cached_property
    def _float_model(self) -> IntegerModel:
        """The network in the same runtime, every number float32; a rescued model is timed beside the same one."""
        return load_integer_model(convert_float(self.model), self.run.labels, self.run.spec)

    def _unknown(
        self, integer: IntegerModel, validation: Answers, choices: Sequence[Choice], temperature: float
    ) -> Unknown:
        """Without pictures of foreign parts nothing is chosen: nobody would know what it is worth, or what it costs."""
        pictures = foreign_pictures(self.run, self.options.foreign)
        if not pictures:
            return Unknown()
        labels = self.run.labels
        raw = foreign_scores(pictures, self.run.spec, len(labels), classifier_scorer(integer.classifier))
        return choose_unknown(
            validation, tempered(raw, temperature), {choice.label: choice.min_score for choice in choices}
        )
