"""Fill in the files that go with every export: self-test, README, golden.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.bundle import Bundle
from firmware_bridge.c_text import array
from firmware_bridge.golden_vectors import DRAWN, Vectors


def template(name: str, words: Mapping[str, object]) -> str:
    """Return one of the files in export_files/ with @word@ replaced."""
    text = (files("firmware_bridge") / "export_files" / name).read_text(encoding="utf-8")
    for word, value in words.items():
        text = text.replace(f"@{word}@", str(value))
    return text


def origin_of(bundle: Bundle) -> str:
    """Say in a sentence what was exported."""
    spec = bundle.facts.input
    return (
        f"Labels {', '.join(bundle.labels)}; {spec.width_px} x {spec.height_px} {spec.color}; "
        f"bundle sha256 {bundle.digest}."
    )


def selftest(name: str, vectors: Vectors, expected: NDArray[np.int8], kernels: str) -> str:
    """Return selftest.c. expected: (N, outputs) int8, as the network stores them. kernels: whose answers they are."""
    tiles = vectors.tiles.reshape(-1)
    arrays = array("int8_t", "expected", expected.reshape(-1)) + array("uint8_t", "tiles", tiles if tiles.size else [0])
    words = {"name": name, "NAME": name.upper(), "DRAWN": DRAWN, "TILES": len(vectors.tiles), "ARRAYS": arrays,
             "kernels": kernels}  # fmt: skip
    return template("selftest.c", words)


def golden_json(bundle: Bundle, outputs: NDArray[Any], kernels: str) -> str:
    """Return golden.json: what the kernels answered to each picture of the self-test, as the model stores it."""
    record = {
        "kernels": kernels,
        "labels": bundle.labels,
        "drawn": DRAWN,
        "output": bundle.facts.output_quantization.model_dump(),
        "outputs": outputs.astype(int).tolist(),
    }
    return json.dumps(record, indent=None) + "\n"


def resize_words(bundle: Bundle) -> str:
    """Say how pictures are brought to size."""
    spec = bundle.facts.input
    return f"{spec.fit}, {spec.resize_filter}, as Pillow does it"
