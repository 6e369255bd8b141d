"""The files of `edge-sort export --target tflm`."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from edge.model_graph import Graph
from firmware_bridge.emit_ends import Ends, answering, classify_text, constants, entering, header, labels_text
from firmware_bridge.export_text import golden_json, resize_words, selftest, template
from firmware_bridge.golden_vectors import Vectors
from firmware_bridge.kernel_answers import KERNELS, Answers

MARGIN = 8  # one part in so many on top of what was measured
_KILO = 1024
_READY = """
/* 0 when the model could not be set up: the arena is too small. */
int @_ready(void);
"""
_DATA_HEADER = """#pragma once

extern const unsigned char @_data[];
extern const int @_data_size;
"""


@dataclass(frozen=True)
class MicroModel:
    """Everything that the files are filled in from."""

    bundle: Bundle
    graph: Graph
    model: bytes
    ends: Ends
    vectors: Vectors
    stored: NDArray[np.integer]
    micro: Answers
    methods: tuple[str, ...]

    @property
    def arena_bytes(self) -> int:
        measured = self.micro.arena["total"]
        return math.ceil((measured + measured / MARGIN) / _KILO) * _KILO


def micro_texts(made: MicroModel) -> dict[str, str]:
    """Return the text files by their names."""
    ends, name = made.ends, made.ends.name
    outputs = made.micro.outputs
    sizes = {"model": len(made.model), "arena": made.arena_bytes, "measured": made.micro.arena}
    expected = (outputs.astype(int) - (128 if outputs.dtype == np.uint8 else 0)).astype(np.int8)
    return {
        f"{name}.h": header(ends, _READY.replace("@", name)),
        f"{name}.cc": _model_text(made),
        f"{name}_data.h": _DATA_HEADER.replace("@", name),
        f"{name}_data.cc": _data_text(name, made.model),
        "selftest.c": selftest(name, made.vectors, expected, KERNELS["micro"]),
        "selftest.py": template("selftest.py", {"name": name}),
        "labels.txt": "".join(f"{label}\n" for label in made.bundle.labels),
        "golden.json": golden_json(made.bundle, outputs, KERNELS["micro"]),
        "sizes.json": json.dumps(sizes) + "\n",
        "README.md": _readme(made),
    }


def _model_text(made: MicroModel) -> str:
    ends = made.ends
    stored = "static_cast<int8_t>(one->output(0)->data.uint8[i] - 128)"
    words = {
        "origin": ends.origin, "name": ends.name, "ARENA": made.arena_bytes, "OUTPUTS": ends.outputs,
        "MEASURED": _arena_words(made), "COUNT": len(made.methods), "CONSTANTS": constants(ends),
        "ADD": " &&\n        ".join(f"resolver.{method}() == kTfLiteOk" for method in made.methods),
        "ENTER": entering(ends), "ANSWER": answering(ends), "LABELS": labels_text(ends),
        "STORED": stored if made.micro.outputs.dtype == np.uint8 else "one->output(0)->data.int8[i]",
        "CLASSIFY": classify_text(ends),
    }  # fmt: skip
    return template("model.cc", words)


def _arena_words(made: MicroModel) -> str:
    return (
        f"measured by the Python package tflite-micro on a 64-bit computer, where its own records are larger than on a "
        f"microcontroller: {made.micro.arena['total']} bytes; one part in {MARGIN} more, in whole kilobytes"
    )


def _data_text(name: str, model: bytes) -> str:
    rows = (", ".join(map(str, model[at : at + 24])) for at in range(0, len(model), 24))
    return (
        f'#include "{name}_data.h"\n\nalignas(16) const unsigned char {name}_data[] = {{\n    '
        + ",\n    ".join(rows)
        + f"}};\nconst int {name}_data_size = {len(model)};\n"
    )


def _readme(made: MicroModel) -> str:
    ends = made.ends
    words = {
        "name": ends.name, "labels": ", ".join(ends.labels), "origin": ends.origin, "width": ends.shape[1],
        "height": ends.shape[0], "colour": "red, green, blue" if ends.shape[2] == 3 else "grey",
        "resize": resize_words(made.bundle), "vectors": len(made.stored), "sizes": sizes_text(made),
        "operators": ", ".join(sorted({operator.kind for operator in made.graph.operators})),
    }  # fmt: skip
    return template("README-tflm.md", words)


def sizes_text(made: MicroModel) -> str:
    """Say what the model takes."""
    return (
        f"flash  {len(made.model)} bytes of model; the code of TensorFlow Lite Micro comes on top\n"
        f"arena  {made.arena_bytes} bytes: {_arena_words(made)}"
    )
