"""Load a bundle's model on the processor that the machine asks for, or fall back to the CPU where that is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge.bundle import EDGETPU_FILE, Bundle
from edge.classifier import Classifier
from edge.edgetpu import EdgeTpu
from edge.errors import BundleError, ModelError
from edge.interpreter import Interpreter
from edge.model_structure import check_structure

Processor = Literal["cpu", "edgetpu"]


@dataclass(frozen=True)
class LoadedModel:
    """A classifier that has answered the test card, what computes it, and why that is not what was asked for."""

    classifier: Classifier
    processor: Processor
    fell_back: str | None = None

    @property
    def sentence(self) -> str:
        """Say at start what classifies."""
        if self.fell_back is not None:
            return f"classifying on the CPU, as classifier.allow_cpu allows, because: {self.fell_back}"
        return f"classifying on the {'Edge TPU' if self.processor == 'edgetpu' else 'CPU'}"


def load_model(
    bundle: Bundle, processor: Processor = "cpu", *, allow_cpu: bool = False, edgetpu: EdgeTpu | None = None
) -> LoadedModel:
    """Load the model, warm it up and check the test card on it. edgetpu: where it is; None is the first one there is.

    Raises ModelError, MissingPackageError or BundleError, also when the Edge TPU cannot be used and the CPU is not
    allowed instead.
    """
    if processor == "cpu":
        return LoadedModel(bundle.classifier(), "cpu")
    try:
        return LoadedModel(_on_edgetpu(bundle, edgetpu or EdgeTpu()), "edgetpu")
    except (ModelError, BundleError) as error:
        if not allow_cpu:
            raise
        return LoadedModel(bundle.classifier(), "cpu", fell_back=str(error))


def _on_edgetpu(bundle: Bundle, edgetpu: EdgeTpu) -> Classifier:
    if EDGETPU_FILE not in bundle.facts.files:
        raise BundleError(
            f"{bundle.folder}: expected {EDGETPU_FILE} among its files, found none; "
            "make the bundle again with: edge-sort quantize --edgetpu, or ask for the CPU"
        )
    path = bundle.folder / EDGETPU_FILE
    check_structure(bundle.read(EDGETPU_FILE), path)  # what runs it first is the child of EdgeTpu.open
    interpreter = edgetpu.open(path)
    _require_same_face(bundle, interpreter)
    try:
        return bundle.classifier_on(interpreter)
    except BundleError as error:
        raise BundleError(f"on the Edge TPU: {error}") from error


def _require_same_face(bundle: Bundle, interpreter: Interpreter) -> None:
    """The thresholds were chosen for scores in these steps."""
    for name, found, fact in (
        ("input", interpreter.input, bundle.facts.input_quantization),
        ("output", interpreter.output, bundle.facts.output_quantization),
    ):
        if (str(found.dtype), found.scale, found.zero_point) != (fact.dtype, fact.scale, fact.zero_point):
            raise BundleError(
                f"{bundle.folder / EDGETPU_FILE}: expected the {name} of model.tflite, found another; "
                "make the bundle again with: edge-sort quantize --edgetpu"
            )
