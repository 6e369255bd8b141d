"""The converted model, loaded into the runtime that the device uses."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from edge.classifier import Classifier
from edge.interpreter import TfliteInterpreter
from edge.preprocess import InputSpec
from quantize.quiet import quiet


@dataclass(frozen=True)
class IntegerModel:
    """The bytes of model.tflite, and what executes them."""

    data: bytes
    interpreter: TfliteInterpreter
    classifier: Classifier


def load_integer_model(data: bytes, labels: tuple[str, ...], spec: InputSpec) -> IntegerModel:
    """Load a model that `convert` made. Raises ModelError when it does not fit its labels and input spec."""
    with tempfile.TemporaryDirectory(prefix="edge-sort-") as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(data)
        with quiet():
            interpreter = TfliteInterpreter(path)  # maps the file, which may then be unlinked
    return IntegerModel(data, interpreter, Classifier(interpreter, labels, spec))
