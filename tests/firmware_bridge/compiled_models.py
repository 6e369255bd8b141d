"""What tests of exported models share: C compiled for this machine, beside TensorFlow Lite's reference kernels."""

from __future__ import annotations

import ctypes
import subprocess
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import MODEL_FILE, open_bundle, write_bundle
from edge.bundle_facts import BundleFacts, Threshold, Unknown
from edge.interpreter import TfliteInterpreter
from edge.model_graph import read_graph
from firmware_bridge.compilers import find_host_compiler
from firmware_bridge.emit import Source, emit
from firmware_bridge.emit_ends import Ends
from firmware_bridge.fuse import fused
from firmware_bridge.lower import lower
from firmware_bridge.scoring import Scoring
from firmware_bridge.source import encoding_of, tensor_spec
from tests.integer_graphs import IntegerGraph

PACKAGED = Path(str(files("edge"))) / "data" / "bundle"
STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror", "-Wno-overlength-strings")
CHECKED = ("-fsanitize=undefined", "-fno-sanitize-recover=undefined")
NO_COMPILER = "needs a C compiler: cc, gcc or clang on PATH, or pip install ziglang"


@dataclass(frozen=True)
class Compiled:
    """A model as a function of this machine: pixels in, stored outputs out."""

    model: bytes
    library: ctypes.CDLL
    name: str
    arena_bytes: int

    def outputs(self, pixels):
        """Return what the C answers, int8."""
        run, outputs = getattr(self.library, f"{self.name}_run"), getattr(self.library, f"{self.name}_outputs")
        outputs.restype = ctypes.POINTER(ctypes.c_int8)
        held = np.ascontiguousarray(pixels)
        run(ctypes.c_void_p(held.ctypes.data))
        return np.ctypeslib.as_array(outputs(), (int(np.prod(read_graph(self.model).outputs[0].shape)),)).copy()

    def expected(self, pixels, interpreter):
        """Return what the reference kernels answer; pixels are stored as they are, or less 128."""
        stored = pixels if interpreter.input.dtype == np.uint8 else (pixels ^ np.uint8(0x80)).view(np.int8)
        answer = interpreter.run(stored[np.newaxis]).reshape(-1)
        return (answer.astype(int) - 128).astype(np.int8) if answer.dtype == np.uint8 else answer

    def differing(self, count, seed=0):
        """Return how many of `count` random pictures the two answer differently."""
        interpreter = TfliteInterpreter(Path(self.name), content=self.model, reference_kernels=True)
        random = np.random.default_rng(seed)
        pictures = random.integers(0, 256, (count, *interpreter.input.shape[1:]), dtype=np.uint8)
        return sum(not np.array_equal(self.outputs(one), self.expected(one, interpreter)) for one in pictures)


def source_of_model(model, name="model", like="litert"):
    """What is written as C for a model without a bundle: its input takes every pixel value as a step of its own."""
    graph = read_graph(model)
    network = fused(lower(graph, like))
    spec = tensor_spec(graph.inputs[0])
    outputs = int(np.prod(graph.outputs[0].shape))
    steps = spec if spec.scale <= 0.5 else type(spec)(spec.shape, spec.dtype, 0.25, 0)
    scoring = Scoring("each", tuple(range(256)), (0,) * outputs)
    labels = tuple(f"label {number}" for number in range(outputs))
    encoding = encoding_of(steps, spec.shape[3], None, network.entry)
    return Source(Ends(name, encoding, spec.shape[1:], outputs, labels, scoring, "A test."), network)


def compile_models(models, folder, options=("-O0", *CHECKED), like="litert"):
    """Compile models into one library. Skips without a compiler."""
    compiler = find_host_compiler()
    if compiler is None:
        pytest.skip(NO_COMPILER)
    files, arenas = [], []
    for number, model in enumerate(models):
        emitted = emit(source_of_model(model, f"m{number}", like))
        (folder / f"m{number}.h").write_text(emitted.header)
        files.append(folder / f"m{number}.c")
        files[-1].write_text(emitted.source)
        arenas.append(emitted.arena_bytes)
    checked = options if "ziglang" not in compiler else tuple(set(options) - set(CHECKED))
    command = [*compiler, *STRICT, *checked, "-shared", "-fPIC", "-o", folder / "all.so", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    library = ctypes.CDLL(str(folder / "all.so"))
    return [
        Compiled(model, library, f"m{number}", arena)
        for number, (model, arena) in enumerate(zip(models, arenas, strict=True))
    ]


def facts_of(graph, outputs, thresholds=None, unknown=0.0, **more) -> BundleFacts:
    """Facts of a bundle of an IntegerGraph: those of the packaged one, changed where they must be."""
    _, height, width, channels = graph.shape(graph.graph.inputs[0])
    labels = tuple(f"label_{number}" for number in range(outputs))
    lowest = thresholds or [0.5] * outputs
    facts = open_bundle(PACKAGED).facts
    spec = facts.input.model_copy(
        update={"height_px": height, "width_px": width, "color": "rgb" if channels == 3 else "grey"}
    )
    named = {label: Threshold(min_score=score) for label, score in zip(labels, lowest, strict=True)}
    changed = {
        "labels": labels,
        "input": spec,
        "thresholds": named,
        "golden": None,
        "unknown": Unknown(min_score=unknown),
    }
    return facts.model_copy(update=changed | more)


def write_graph_bundle(folder, graph, outputs=3, **more):
    """Write the bundle of an IntegerGraph and return its folder."""
    return write_bundle(folder, facts_of(graph, outputs, **more), {MODEL_FILE: graph.packed()}).folder


def classifier_graph(outputs=3, seed=1, end="softmax", shape=(8, 8, 3)):
    """A small network to the scores of some labels. end: what makes scores of logits, or None."""
    graph = IntegerGraph(shape, seed)
    graph.convolution(8, (3, 3), (2, 2))
    graph.mean()
    graph.dense(outputs)
    graph.called(0.03)  # logits of a few units, as a trained network's
    if end:
        getattr(graph, end)()
    return graph
