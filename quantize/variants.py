"""The other ways to shrink the same network, measured beside the integer model: what would they give, at what price?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.classifier import Classifier
from edge.errors import ModelError
from quantize.convert import calibrate, convert, float_converter, run_converter
from quantize.integer_model import load_integer_model
from quantize.latency import Latency, measure_latency
from training.answers import Answers, classifier_scorer
from training.tensorflow_setup import load_tensorflow

VARIANT_PICTURES = 200  # a model with 16-bit activations runs on slow kernels

Convert = Callable[[Any, Any, NDArray[np.uint8]], bytes]


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
    model: Any, calibration: NDArray[np.uint8], inputs: NDArray[np.uint8], before: Answers, classifier: Classifier
) -> list[Variant]:
    """Convert a network in each of the five usual ways and show each the same pictures.

    inputs: the test pictures, (N, H, W, C) uint8. before: the float network's answers to them. classifier: the integer
    model, for its labels and input spec.
    """
    return [_measured(name, way, model, calibration, inputs, before, classifier) for name, way in WAYS.items()]


def convert_float(model: Any) -> bytes:
    """Convert a network as it is, every number float32: what the integer model's latency is compared with."""
    return _converted(_float32, model, np.zeros((0, 0), np.uint8))


def _float32(_tf: Any, converter: Any, _calibration: NDArray[np.uint8]) -> bytes:
    return run_converter(converter)


def _float16(tf: Any, converter: Any, _calibration: NDArray[np.uint8]) -> bytes:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.target_spec.supported_types = [tf.float16]
    return run_converter(converter)


def _dynamic(tf: Any, converter: Any, _calibration: NDArray[np.uint8]) -> bytes:
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    return run_converter(converter)


def _int16(tf: Any, converter: Any, calibration: NDArray[np.uint8]) -> bytes:
    calibrate(tf, converter, calibration)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8]
    return run_converter(converter)


WAYS: dict[str, Convert | None] = {
    "float32": _float32,
    "float16 weights": _float16,
    "8-bit weights (dynamic range)": _dynamic,
    "8-bit weights, 16-bit activations": _int16,
    "full integer (int8)": None,  # by quantize.convert, as it is shipped
}


def _measured(
    name: str,
    way: Convert | None,
    model: Any,
    calibration: NDArray[np.uint8],
    inputs: NDArray[np.uint8],
    before: Answers,
    classifier: Classifier,
) -> Variant:
    try:
        data = convert(model, calibration) if way is None else _converted(way, model, calibration)
        loaded = load_integer_model(data, classifier.labels, classifier.spec).classifier
    except ModelError as error:
        return Variant(name, refused=str(error))
    scores = classifier_scorer(loaded)(inputs)
    answered = scores.argmax(axis=1)
    return Variant(
        name=name,
        size_bytes=len(data),
        right=int((answered == before.truth).sum()),
        agrees=int((answered == before.answered).sum()),
        pictures=len(inputs),
        latency=measure_latency([loaded], inputs)[0],
    )


def _converted(way: Convert, model: Any, calibration: NDArray[np.uint8]) -> bytes:
    tf = load_tensorflow("converting a model")
    return way(tf, float_converter(tf, model), calibration)


def fewest(pictures: int, most: int) -> Sequence[int]:
    """Return the positions of at most `most` of so many pictures, evenly spread."""
    return [int(place) for place in np.linspace(0, pictures - 1, min(most, pictures))]
