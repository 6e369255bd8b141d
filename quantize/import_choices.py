"""What a model's file leaves open: how its input is normalised, and whether its outputs begin with a background class.

What is given or stands in the file is taken; the rest is found by trying every candidate on labelled pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from edge.conventions import Normalization
from edge.errors import ModelError
from edge.interpreter import TensorSpec

Background = Literal["first", "last"]

NORMALIZATIONS = {
    "0..1": Normalization(mean=(0.0,), std=(255.0,)),
    "-1..1": Normalization(mean=(127.5,), std=(127.5,)),
    "0..255": Normalization(mean=(0.0,), std=(1.0,)),
    "-128..127": Normalization(mean=(128.0,), std=(1.0,)),
    # mean and standard deviation of ImageNet's pixels, as torchvision and Keras ("torch" mode) use them
    "imagenet": Normalization(mean=(123.675, 116.28, 103.53), std=(58.395, 57.12, 57.375)),
}
STEPS = "steps"  # the pixel is the step of a quantized input
_WITHIN = 0.02  # a range is the same when its ends differ by this share of its width

BACKGROUND_LABEL = "background"


def is_background(label: str) -> bool:
    """Whether a label stands for nothing in particular."""
    return label.casefold() == BACKGROUND_LABEL


@dataclass(frozen=True)
class Finding:
    """One thing known of the model: `how` it is known ("given", "in the file", "by evaluation", "assumed")."""

    what: str
    value: str
    how: str


@dataclass(frozen=True)
class NormalizationChoice:
    """A way to feed the model; the normalization is None when pixels are real values or steps."""

    name: str
    normalization: Normalization | None


@dataclass(frozen=True)
class LabelChoice:
    """A way to name the outputs. shift: output index minus line in the label file."""

    name: str
    labels: tuple[str, ...]
    shift: int


def normalizations(
    tensor: TensorSpec, described: Normalization | None, channels: int
) -> tuple[list[NormalizationChoice], str]:
    """Return the ways the input may be normalised, and how that is known; more than one is for pictures to decide.

    A quantized input whose 256 steps cover a usual range takes the pixel as the step, whatever its metadata says: that
    speaks of the float model it came from, and MediaPipe passes it over too.
    """
    if tensor.dtype != np.float32 and (covered := covered_range(tensor)):
        return [covered], "in the file"
    if described is not None:
        return [NormalizationChoice(normalization_name(described), described)], "in the file"
    fitting = {name: usual for name, usual in NORMALIZATIONS.items() if usual.channels in (1, channels)}
    ways = [NormalizationChoice(name, usual) for name, usual in fitting.items()]
    if tensor.dtype != np.float32:
        ways.append(NormalizationChoice(STEPS, None))
    return ways, "by evaluation"


def normalization_name(normalization: Normalization) -> str:
    """Return its usual name, or its numbers."""
    for name, usual in NORMALIZATIONS.items():
        if (normalization.real_values() == usual.real_values()).all():
            return name
    return "/".join(_numbers(values) for values in (normalization.mean, normalization.std))


def _numbers(values: Sequence[float]) -> str:
    told = values[:1] if len(set(values)) == 1 else values
    return ",".join(f"{value:g}" for value in told)


def read_normalization(text: str) -> Normalization:
    """Read a usual name, or "MEAN/STD" with one number each or one for each channel. Raises ModelError."""
    if text in NORMALIZATIONS:
        return NORMALIZATIONS[text]
    try:
        mean, std = (tuple(float(number) for number in part.split(",")) for part in text.split("/"))
        return Normalization(mean=mean, std=std)
    except ValueError as error:
        raise ModelError(
            f"--normalization: expected {', '.join(NORMALIZATIONS)}, or MEAN/STD as in 127.5/127.5, found {text!r}; "
            "give one of these"
        ) from error


def label_choices(names: Sequence[str], outputs: int, background: Background | None) -> list[LabelChoice]:
    """Return the ways the labels may belong to the outputs; more than one is for pictures to decide.

    Raises ModelError when the numbers differ by more than a background class.
    """
    labels = tuple(names)
    extra = f"{BACKGROUND_LABEL} output" if any(map(is_background, labels)) else BACKGROUND_LABEL
    if outputs == len(labels) or (outputs == 1 and len(labels) == 2):
        return [LabelChoice("one label for each output", labels, 0)]
    if outputs == len(labels) + 1:
        choices = {
            "first": LabelChoice("a background class before the labels", (extra, *labels), 1),
            "last": LabelChoice("a background class behind the labels", (*labels, extra), 0),
        }
    elif outputs == len(labels) - 1 and outputs >= 2:
        choices = {
            "first": LabelChoice(f"the first label, {labels[0]!r}, has no output", labels[1:], -1),
            "last": LabelChoice(f"the last label, {labels[-1]!r}, has no output", labels[:-1], 0),
        }
    else:
        raise ModelError(
            f"expected as many labels as the model has outputs, or one more or less for a background class, found "
            f"{len(labels)} labels and {outputs} outputs; give the label file that belongs to the model"
        )
    return [choices[background]] if background else list(choices.values())


def covered_range(tensor: TensorSpec) -> NormalizationChoice | None:
    """Return the usual range that the 256 steps of a quantized input cover, if any: the pixel is then the step."""
    if tensor.scale <= 0:  # bytes that the model itself turns into numbers
        return NormalizationChoice("0..255", None)
    low, high = _range(tensor)
    for name, usual in NORMALIZATIONS.items():
        ends: NDArray[np.float64] = usual.real_values()[[0, -1]]
        if usual.channels == 1 and np.abs(ends[:, 0] - (low, high)).max() <= _WITHIN * (high - low):
            return NormalizationChoice(name, usual if name == "-128..127" else None)
    return None


def _range(tensor: TensorSpec) -> tuple[float, float]:
    steps = np.iinfo(tensor.dtype)
    return tensor.scale * (steps.min - tensor.zero_point), tensor.scale * (steps.max - tensor.zero_point)
