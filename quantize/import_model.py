"""From a .tflite made elsewhere to a bundle: what is known of it, what pictures tell, and what is assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge.bundle import Bundle
from edge.classifier import Classifier
from edge.conventions import Conventions, Normalization
from edge.durable import require_unused
from edge.errors import ModelError
from edge.interpreter import TensorSpec, TfliteInterpreter
from edge.labelled import LabelledPicture
from edge.preprocess import InputSpec
from edge.rehearsal import Trial, vet
from quantize.import_checks import AnswerKind, Filter, Fit, answer_kind, check_output, input_spec
from quantize.import_choices import (
    Background,
    Finding,
    LabelChoice,
    NormalizationChoice,
    covered_range,
    label_choices,
    normalization_name,
    normalizations,
    read_normalization,
)
from quantize.import_evaluation import LabelledPictures, Shown, answers_of, labelled_pictures, show
from quantize.import_pack import Known, pack_imported
from quantize.import_settle import Settled, assumed_background, settle
from quantize.import_thresholds import UNMEASURED, assumed_thresholds, measured_thresholds
from quantize.label_files import Labels, read_labels
from quantize.model_file import ModelFile, read_model_file
from quantize.quiet import quiet
from training.answers import Answers


@dataclass(frozen=True)
class ImportOptions:
    """What `edge-sort import` is asked for. None: read it off the file, or find it with `data`, a folder per class."""

    model: Path
    out: Path
    labels: Path | None = None
    data: Path | None = None
    normalization: str | None = None
    background: Background | None = None
    answers: AnswerKind | None = None
    resize_filter: Filter | None = None
    fit: Fit | None = None
    min_score: float = UNMEASURED
    purity: float = 0.995


@dataclass(frozen=True)
class Imported:
    """The bundle, and everything that was found on the way."""

    bundle: Bundle
    known: Known


def import_model(options: ImportOptions, tell: Callable[[str], None] = lambda _line: None) -> Imported:
    """Make a bundle of any image classifier. `tell` hears each step before it starts.

    Raises ModelError when the file is no classifier of pictures or leaves something open that neither an option nor
    `data` settles, DataError when labels, pictures or the output folder cannot be used.
    """
    require_unused(options.out)
    given = read_normalization(options.normalization) if options.normalization is not None else None
    file = read_model_file(options.model)
    labels = _labels(options, file)
    pictures = labelled_pictures(options.data, labels.names) if options.data else None
    tell(f"trying {options.model} in a process of its own")
    trial = vet(file.data, options.model)
    model = _model(options, file, trial)
    outputs = check_output(options.model, trial)
    settled = settle(
        options.model,
        _ways(options, given, file, trial.input, model.spec),
        _names(options, labels, outputs),
        pictures,
        model.classifier,
    )
    if pictures:
        tell(f"showing it {len(pictures.paths)} pictures")
    known = _known(options, labels, model, settled, pictures)
    return Imported(pack_imported(options.out, known, options.data), known)


@dataclass(frozen=True)
class _Model:
    """A model that can be run, before it is known how it is fed and what its outputs are called."""

    file: ModelFile
    trial: Trial
    interpreter: TfliteInterpreter
    spec: InputSpec
    answers: tuple[AnswerKind, str]

    def conventions(self, way: NormalizationChoice) -> Conventions:
        return Conventions(normalization=way.normalization, answers=self.answers[0])

    def classifier(self, way: NormalizationChoice, names: LabelChoice) -> Classifier:
        return Classifier(self.interpreter, names.labels, self.spec, self.conventions(way))


def _model(options: ImportOptions, file: ModelFile, trial: Trial) -> _Model:
    spec = input_spec(options.model, trial, options.resize_filter or "bilinear", options.fit or "stretch")
    answers = answer_kind(trial, file.last_operator, options.answers)
    with quiet():
        interpreter = TfliteInterpreter(options.model, content=file.data)
    return _Model(file, trial, interpreter, spec, answers)


def _labels(options: ImportOptions, file: ModelFile) -> Labels:
    if options.labels is not None:
        return read_labels(options.labels)
    if file.labels is None:
        raise ModelError(f"{options.model}: expected labels in its metadata, found none; give them with --labels FILE")
    return file.labels


def _ways(
    options: ImportOptions, given: Normalization | None, file: ModelFile, tensor: TensorSpec, spec: InputSpec
) -> tuple[list[NormalizationChoice], str]:
    if given is None:
        return normalizations(tensor, file.normalization, spec.channels)
    if given.channels not in (1, spec.channels):
        raise ModelError(
            f"--normalization: expected one mean and one standard deviation for {options.model}, which takes "
            f"{spec.color} pictures, found {options.normalization}; give MEAN/STD with one number each"
        )
    name = normalization_name(given)
    covered = covered_range(tensor) if tensor.dtype != np.float32 else None
    return [covered if covered and covered.name == name else NormalizationChoice(name, given)], "given"


def _names(options: ImportOptions, labels: Labels, outputs: int) -> tuple[list[LabelChoice], str]:
    if options.background is None and not options.data and assumed_background(labels.names, outputs):
        return label_choices(labels.names, outputs, "first"), "assumed: it calls itself background"
    try:
        choices = label_choices(labels.names, outputs, options.background)
    except ModelError as error:
        raise ModelError(f"{options.labels or options.model}: {error}") from error
    return choices, "given" if options.background and outputs != len(labels.names) else "in the file"


def _known(
    options: ImportOptions, labels: Labels, model: _Model, settled: Settled, pictures: LabelledPictures | None
) -> Known:
    spec, tensor = model.spec, model.trial.input
    classifier = model.classifier(settled.way, settled.names)
    shown = show(pictures, {settled.way.name: classifier}) if pictures else None
    judged = answers_of(settled.way.name, shown, settled.names) if shown else None
    thresholds = (
        measured_thresholds(judged, options.purity)
        if judged
        else assumed_thresholds(settled.names.labels, options.min_score)
    )
    return Known(
        file=model.file,
        trial=model.trial,
        interpreter=model.interpreter,
        classifier=classifier,
        conventions=model.conventions(settled.way),
        thresholds=thresholds.by_label,
        findings=(
            Finding("input", f"{spec.width_px} x {spec.height_px} px, {spec.color}, {tensor.dtype}", "in the file"),
            Finding("resize filter", spec.resize_filter, "given" if options.resize_filter else "assumed"),
            Finding("fit", spec.fit, "given" if options.fit else "assumed"),
            settled.findings[0],
            settled.findings[1],
            Finding("answers", *model.answers),
            thresholds.finding,
            Finding("golden inputs", "pictures" if shown else "drawn pictures", "given" if shown else "assumed"),
        ),
        tried=settled.tried,
        pictures=_named(shown, judged) if shown and judged else (),
        judged=judged,
        warnings=(*labels.notes, *(shown.skipped if shown else ()), *thresholds.warnings),
    )


def _named(shown: Shown, judged: Answers) -> tuple[LabelledPicture, ...]:
    labels = (judged.labels[truth] for truth in judged.truth)
    return tuple(LabelledPicture(label, path) for label, path in zip(labels, shown.paths, strict=True))
