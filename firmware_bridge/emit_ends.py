"""What stands around a network in C, whoever computes it: how pictures go in, what outputs mean, the header."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.c_text import array, comment, kernel, quoted
from firmware_bridge.scoring import Scoring


@dataclass(frozen=True)
class Ends:
    """A model as its user sees it.

    encoding: (1 or channels, 256) int8, what is stored for each pixel value. shape: (height, width, channels) of the
    picture. outputs: how many. origin: what the model is, for the comment at the top.
    """

    name: str
    encoding: NDArray[np.int8] = field(repr=False)
    shape: tuple[int, int, int]
    outputs: int
    labels: tuple[str, ...]
    scoring: Scoring
    origin: str


def entering(ends: Ends) -> str:
    """Return the C function that puts a picture into the network."""
    table = ends.encoding
    if np.array_equal(table, np.arange(-128, 128)[np.newaxis]):
        return kernel("enter_shift.c")
    entries = array("int8_t", "entries", table.reshape(-1))
    return entries + "\n" + kernel("enter_table.c" if len(table) == 1 else "enter_channels.c")


def answering(ends: Ends) -> str:
    """Return the C functions that make label and score of the outputs."""
    scoring = ends.scoring
    steps = scoring.kind == "each" and scoring.scores == tuple(range(0, 65536, 256))
    kind = "steps" if steps else scoring.kind
    kernels = ("answer_single",) if kind == "single" else ("best", f"answer_{kind}")
    tables = ("" if steps else array("uint16_t", "scores", scoring.scores)) + array("uint32_t", "least", scoring.least)
    return "\n".join((tables, *(kernel(f"{name}.c") for name in kernels)))


def constants(ends: Ends) -> str:
    """Return the numbers that these functions use."""
    return f"enum {{ PIXELS = {math.prod(ends.shape)}, CHANNELS = {ends.shape[2]}, LABELS = {len(ends.labels)} }};\n"


def labels_text(ends: Ends) -> str:
    """Return the labels as C."""
    labels = ",\n    ".join(quoted(label) for label in ends.labels)
    return f"const char *const {ends.name}_labels[LABELS] = {{\n    {labels}}};\n"


def classify_text(ends: Ends) -> str:
    """Return the function that everything else is for."""
    name = ends.name
    return (
        f"{name}_answer {name}_classify(const uint8_t *pixels)\n{{\n"
        f"    {name}_answer answer;\n    {name}_run(pixels);\n"
        f"    answer.label = best_of({name}_outputs());\n"
        f"    answer.score = score_of({name}_outputs(), answer.label);\n"
        "    answer.accepted = answer.score >= least[answer.label];\n    return answer;\n}\n"
    )


def header(ends: Ends, more: str = "") -> str:
    """Return the header. more: declarations beside those of every export."""
    height, width, channels = ends.shape
    colour = "red, green, blue" if channels == 3 else "grey" if channels == 1 else f"{channels} values"
    text = kernel("header.h")
    words = {
        "NAME": ends.name.upper(), "name": ends.name, "HEIGHT": height, "WIDTH": width, "CHANNELS": channels,
        "PIXELS": math.prod(ends.shape), "LABELS": len(ends.labels), "OUTPUTS": ends.outputs, "COLOUR": colour,
        "ORIGIN": comment(ends.origin).strip(), "MORE": more,
    }  # fmt: skip
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text
