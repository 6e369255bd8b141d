"""The other ways to shrink the same network, measured beside the integer model: what would they give, at what price?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.model_graph import read_graph
from quantize.convert import calibrate, float_converter, run_converter
from quantize.integer_model import IntegerModel, load_integer_model
from quantize.latency import Latency, measure_latency
from quantize.weights_alone import convert_weights
from training.answers import Answers, classifier_scorer
from training.tensorflow_setup import load_tensorflow

VARIANT_PICTURES = 200  # a model with 16-bit activations runs on slow kernels

Convert = Callable[[Any, NDArray[np.uint8]], bytes]


@dataclass(frozen=True)
class Variant:
    """One way to convert. right: test pictures answered right; agrees: answered as the float network does.

    refused: why the converter or the runtime cannot do it; then nothing else is known.
    """

    name: str
    size_bytes: int | None = None
    right: int | None = None
    agrees: int | None = None
    pictures: int = 0
    latency: Latency | None = None
    refused: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return the facts as plain values."""
        return asdict(self)


def measure_variants(
    model: Any,
    calibration: NDArray[np.uint8],
    inputs: NDArray[np.uint8],
    before: Answers,
    float_model: IntegerModel,
    integer: IntegerModel,
) -> list[Variant]:
    """Convert a network in the other usual ways and show each the same pictures, beside the two that are there.

    inputs: the test pictures, (N, H, W, C) uint8. before: the float network's answers to them. float_model: what
    `convert_float` gave. integer: the full-integer model.
    """
    measured = [_measured("float32", float_model, inputs, before)]
    for name, way in WAYS.items():
        try:
            loaded = load_integer_model(way(model, calibration), integer.classifier.labels, integer.classifier.spec)
        except ModelError as error:
            measured.append(Variant(name, refused=str(error)))
        else:
            measured.append(_measured(name, loaded, inputs, before))
    return [*measured, _measured(_name(integer), integer, inputs, before)]


def convert_float(model: Any) -> bytes:
    """Convert a network as it is, every number float32: what the integer model's latency is compared with."""
    return run_converter(float_converter(load_tensorflow("converting a model"), model))


def _float16(model: Any, _calibration: NDArray[np.uint8]) -> bytes:
    tf = load_tensorflow("converting a model")
    converter = float_converter(tf, model)
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return run_converter(converter)


def _dynamic(model: Any, _calibration: NDArray[np.uint8]) -> bytes:
    return convert_weights(model)


def _int16(model: Any, calibration: NDArray[np.uint8]) -> bytes:
    tf = load_tensorflow("converting a model")
    converter = float_converter(tf, model)
    calibrate(tf, converter, calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    return run_converter(converter)


WAYS: dict[str, Convert] = {
    "float16 weights": _float16,
    "8-bit weights (dynamic range)": _dynamic,
    "8-bit weights, 16-bit activations": _int16,
}


def _measured(name: str, made: IntegerModel, inputs: NDArray[np.uint8], before: Answers) -> Variant:
    answered = classifier_scorer(made.classifier)(inputs).argmax(axis=1)
    return Variant(
        name=name,
        size_bytes=len(made.data),
        right=int((answered == before.truth).sum()),
        agrees=int((answered == before.answered).sum()),
        pictures=len(inputs),
        latency=measure_latency([made.classifier], inputs)[0],
    )


def _name(integer: IntegerModel) -> str:
    """Name the model of the report: a rescue may have left float in it."""
    dtype = integer.interpreter.input.dtype
    whole = read_graph(integer.data).full_integer
    return f"full integer ({dtype})" if whole else f"as rescued ({dtype} at both ends)"


def fewest(pictures: int, most: int) -> Sequence[int]:
    """Return the positions of at most `most` of so many pictures, evenly spread."""
    return [int(place) for place in np.linspace(0, pictures - 1, min(most, pictures))]
