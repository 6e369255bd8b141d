"""From a bundle, or a model and the facts beside it, to what is written as C."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from edge.bundle import MODEL_FILE, Bundle
from edge.bundle_facts import BundleFacts
from edge.conventions import Normalization
from edge.errors import ModelError
from edge.interpreter import TensorSpec, input_encoder
from edge.model_graph import Graph, Tensor, read_graph
from edge.model_structure import check_structure
from firmware_bridge.emit import Source
from firmware_bridge.emit_ends import Ends
from firmware_bridge.fuse import fused
from firmware_bridge.lower import Like, lower
from firmware_bridge.scoring import make_scoring
from firmware_bridge.unary_tables import Table


def read_bundle_graph(bundle: Bundle) -> Graph:
    """Return the graph of a bundle's model. Raises BundleError, ModelError."""
    model = bundle.read(MODEL_FILE)
    check_structure(model, bundle.folder / MODEL_FILE)
    return read_graph(model)


def source_of(graph: Graph, facts: BundleFacts, name: str, origin: str, like: Like = "litert") -> Source:
    """Return what is written as C. like: see lower. Raises ModelError naming what cannot be."""
    network = lower(graph, like)
    given, answer = tensor_spec(graph.inputs[0]), tensor_spec(graph.outputs[0])
    expected = (1, *facts.input.shape)
    if given.shape != expected:
        raise ModelError(f"expected a model that takes {expected}, found {given.shape}; convert it again")
    smaller = fused(network)
    encoding = encoding_of(given, facts.input.channels, facts.conventions.normalization, smaller.entry)
    scoring = make_scoring(facts, answer)
    ends = Ends(name, encoding, facts.input.shape, math.prod(answer.shape), facts.labels, scoring, origin)
    return Source(ends, smaller)


def encoding_of(
    spec: TensorSpec,
    channels: int,
    normalization: Normalization | None = None,
    entry: Table | None = None,
    raw: bool = False,
) -> NDArray[np.int8]:
    """Return the stored value for each pixel value, (1 or channels, 256) int8.

    A uint8 input's values are less 128, or, raw, the same bytes.
    """
    every = np.repeat(np.arange(256, dtype=np.uint8)[:, np.newaxis], channels, axis=1)
    stored = np.ascontiguousarray(input_encoder(spec, normalization)(every).T)
    if spec.dtype == np.uint8 and not raw:
        stored = stored ^ np.uint8(0x80)
    table = stored.view(np.int8)
    if entry is not None:
        table = entry[table.astype(int) + 128]
    return table[:1] if (table == table[0]).all() else table


def tensor_spec(tensor: Tensor) -> TensorSpec:
    """Return shape, type and quantization of a tensor, as a runtime would report them."""
    return TensorSpec(tensor.shape, np.dtype(tensor.dtype.lower()), tensor.scale[0], tensor.zero_point[0])
