"""`edge-sort export --target tflm`: a model with what TensorFlow Lite Micro needs for it, and all that proves it."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np

from edge.bundle import MODEL_FILE, Bundle, open_bundle
from edge.durable import require_unused, whole_folder
from edge.errors import ModelError
from edge.interpreter import TensorSpec, input_encoder
from edge.model_graph import Tensor
from firmware_bridge.boards import Board, require_fits
from firmware_bridge.c_text import check_name
from firmware_bridge.emit_ends import Ends
from firmware_bridge.export_c99 import Exported
from firmware_bridge.export_text import origin_of
from firmware_bridge.golden_vectors import make_vectors
from firmware_bridge.kernel_answers import ask_kernels
from firmware_bridge.micro_operators import resolver_methods
from firmware_bridge.scoring import make_scoring
from firmware_bridge.source import encoding_of, read_bundle_graph, tensor_spec
from firmware_bridge.tflm_text import MicroModel, micro_texts, sizes_text


def export_tflm(folder: Path, out: Path, name: str = "model", board: Board | None = None) -> Exported:
    """Write the model of the bundle in `folder` for TensorFlow Lite Micro to `out`, a new or empty folder.

    Raises BundleError, DataError, MissingPackageError without the package tflite-micro, and ModelError naming an
    operator that is not there, or the board's numbers.
    """
    require_unused(out)
    made = _make(open_bundle(folder), check_name(name))
    if board is not None:
        what = "this model (without the code of TensorFlow Lite Micro, which comes on top)"
        require_fits(board, len(made.model), made.arena_bytes, what)
    texts = micro_texts(made)
    with whole_folder(out) as draft:
        for file, text in texts.items():
            (draft / file).write_text(text, encoding="utf-8", newline="\n")
        (draft / f"{name}.tflite").write_bytes(made.model)
        held = io.BytesIO()
        np.save(held, made.stored)
        (draft / "golden_inputs.npy").write_bytes(held.getvalue())
    return Exported(out, (*sizes_text(made).splitlines(), *made.bundle.warnings))


def _make(bundle: Bundle, name: str) -> MicroModel:
    graph, model, facts = read_bundle_graph(bundle), bundle.read(MODEL_FILE), bundle.facts
    methods = resolver_methods(graph)
    given, answer = (_end(one) for one in (graph.inputs[0], graph.outputs[0]))
    encoding = encoding_of(given, facts.input.channels, facts.conventions.normalization, raw=True)
    scoring = make_scoring(facts, answer)
    ends = Ends(name, encoding, facts.input.shape, math.prod(answer.shape), facts.labels, scoring, origin_of(bundle))
    vectors = make_vectors(bundle)
    stored = input_encoder(given, facts.conventions.normalization)(vectors.pictures)
    micro = ask_kernels("micro", model, stored)
    return MicroModel(bundle, graph, model, ends, vectors, stored, micro, methods)


def _end(tensor: Tensor) -> TensorSpec:
    if tensor.dtype not in ("INT8", "UINT8") or len(tensor.scale) != 1:
        raise ModelError(
            f"expected a model that takes and gives int8 or uint8, found {tensor.dtype.lower()} in {tensor.name!r}; "
            "quantize it to int8 ends (edge-sort quantize, where --rescue has not taken 8-bit weights alone)"
        )
    return tensor_spec(tensor)
