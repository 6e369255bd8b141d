"""The C of an exported model answers every byte as TensorFlow Lite's reference kernels do."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from benchmarks.emulated_cortex import NoEmulator, outputs_of
from edge.interpreter import TfliteInterpreter
from firmware_bridge.c_text import kernel
from firmware_bridge.emit import emit
from tests.firmware_bridge.compiled_models import compile_models, source_of_model
from tests.integer_graphs import NONE, RELU, RELU6, SAME, VALID, IntegerGraph


def _plain(graph, size=(3, 3), stride=(1, 1), padding=SAME, activation=NONE, channels=5, **more):
    graph.convolution(channels, size, stride, padding, activation, **more)


def _residual(graph):
    start = graph.convolution(6, (1, 1))
    graph.convolution(6, (3, 3), activation=RELU)
    graph.addition(graph.convolution(6, (3, 3)), start, RELU)


def _separable(graph):
    graph.depthwise((1, 1))
    graph.convolution(8, (3, 3), (2, 2), activation=RELU6)
    for width, stride in ((12, 1), (16, 2), (16, 1)):
        graph.depthwise((3, 3), (stride, stride), activation=RELU6)
        graph.convolution(width, (1, 1), activation=RELU6)


def _rescaled(graph):
    graph.constant_operand("MUL")
    graph.constant_operand("ADD")
    graph.convolution(4, (3, 3), activation=RELU)
    graph.pool("MAX_POOL_2D", (2, 2), (2, 2))


def _joined(graph):
    start = graph.at
    first = graph.pool("MAX_POOL_2D", (2, 2), (2, 2), SAME)
    graph.at = start
    second = graph.pool("MAX_POOL_2D", (3, 2), (2, 2), SAME)
    graph.joined([first, second])


def _ended(graph):
    graph.mean()
    graph.dense(5)
    graph.softmax()


def _every_kind(graph, uneven=0, finer=1.0):
    """All kernels that end a sum of products, with channels that are stored one way or the other."""
    graph.uneven, graph.finer = uneven, finer
    graph.convolution(6, (3, 3))
    graph.depthwise((3, 3))
    graph.depthwise((2, 2), multiplier=2)
    graph.finer = 1.0
    graph.flatten()
    graph.dense(7, per_axis=True)


CASES = {
    "same": _plain,
    "valid": lambda g: _plain(g, padding=VALID),
    "stride": lambda g: _plain(g, (3, 3), (2, 2), activation=RELU),
    "odd window": lambda g: _plain(g, (2, 5), (1, 3), activation=RELU6, channels=9),
    "dilation": lambda g: _plain(g, (3, 3), dilation=(2, 3)),
    "one scale": lambda g: _plain(g, (1, 1), per_axis=False, channels=4),
    "depthwise": lambda g: g.depthwise((3, 3), activation=RELU6),
    "depthwise stride": lambda g: g.depthwise((3, 2), (2, 2), VALID),
    "depthwise dilation": lambda g: g.depthwise((3, 3), dilation=(2, 2)),
    "several for each": lambda g: g.depthwise((3, 3), (2, 1), multiplier=3),
    "dense": lambda g: (g.flatten(), g.dense(7, RELU)),
    "dense per axis": lambda g: (g.flatten(), g.dense(6, per_axis=True)),
    "uneven": lambda g: _every_kind(g, uneven=5),
    "most uneven": lambda g: _every_kind(g, uneven=36),
    "finer": lambda g: _every_kind(g, finer=3000.0),
    "residual": _residual,
    "separable": _separable,
    "rescaled": _rescaled,
    "joined": _joined,
    "average": lambda g: g.pool("AVERAGE_POOL_2D", (3, 3), (2, 2), SAME),
    "average clamped": lambda g: g.pool("AVERAGE_POOL_2D", (2, 3), (1, 1), VALID, RELU6),
    "most": lambda g: g.pool("MAX_POOL_2D", (3, 3), (1, 2), SAME, RELU),
    "mean": lambda g: g.mean(),
    "mean kept": lambda g: g.mean(keep=True),
    "padded": lambda g: g.pad(1, 2, 0, 3),
    "padded convolution": lambda g: (g.pad(0, 1, 0, 1), _plain(g, stride=(2, 2), padding=VALID)),
    "padded dense": lambda g: (g.pad(1, 0, 1, 0), g.flatten(), g.dense(4)),
    "padded depthwise": lambda g: (g.pad(1, 1, 1, 1), g.depthwise((3, 3), (2, 2), VALID)),
    "softmax": lambda g: (g.flatten(), g.dense(11), g.softmax()),
    "softmax of two": lambda g: (g.flatten(), g.dense(2), g.softmax()),
    "logistic": lambda g: (g.flatten(), g.dense(2), g.logistic()),
    "relu": lambda g: g.requantize("RELU"),
    "relu6": lambda g: (_plain(g), g.requantize("RELU6")),
    "requantized twice": lambda g: (_plain(g), g.requantize(), g.requantize()),
}  # fmt: skip


def _graph_of(number, case):
    graph = IntegerGraph((7, 6, 3), number, scale=0.05, zero=number * 7 - 128)
    case(graph)
    return graph


PAIR_SCALES = (0.004, 0.03, 0.09, 0.3, 2.0)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    """Every case, compiled with the undefined-behaviour sanitizer where the compiler has it."""
    models = [_graph_of(number, case).packed() for number, case in enumerate(CASES.values())]
    return dict(zip(CASES, compile_models(models, tmp_path_factory.mktemp("c")), strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_kernel_answers_as_the_reference(compiled, case):
    """Each operator, with its paddings, strides, dilations and activations."""
    assert compiled[case].differing(12) == 0


@pytest.mark.slow
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m55"])
def test_a_core_with_dsp_instructions_or_vectors_answers_as_the_reference(tmp_path, core):
    """Each case on an emulated core where sums of products are made otherwise: pairs, or Helium."""
    for number, (case, add) in enumerate(CASES.items()):
        graph = _graph_of(number, add)
        folder = tmp_path / str(number)
        folder.mkdir()
        interpreter = TfliteInterpreter(folder, content=graph.packed(), reference_kernels=True)
        pixels = np.random.default_rng(number).integers(0, 256, (4, *interpreter.input.shape[1:]), dtype=np.uint8)
        expected = [interpreter.run((one ^ np.uint8(0x80)).view(np.int8)[np.newaxis]).reshape(-1) for one in pixels]
        try:
            outputs, _ = outputs_of(emit(source_of_model(graph.packed())), pixels, folder, core, counted=False)
        except NoEmulator as missing:
            pytest.skip(str(missing))
        assert np.array_equal(outputs, np.stack(expected)), case


@pytest.mark.parametrize(("core", "taken"), [("cortex-m4", False), ("cortex-m55", True)])
def test_a_core_s_vectors_are_used_where_the_compiler_knows_of_them(core, taken):
    """Else a build for a Cortex-M55 would be right, and three times slower, and no other test would tell."""
    if not (gcc := shutil.which("arm-none-eabi-gcc")):
        pytest.skip("needs arm-none-eabi-gcc")
    options = ["-mthumb", f"-mcpu={core}", "-mfloat-abi=hard" if taken else "-mfloat-abi=soft", "-dM", "-E"]
    defined = subprocess.run(
        [gcc, *options, "-xc", "-"], input=kernel("helium.c"), capture_output=True, text=True, check=True
    )
    assert ("#define HELIUM" in (line.strip() for line in defined.stdout.splitlines())) == taken


@pytest.fixture(scope="module")
def softmaxes(tmp_path_factory):
    """SOFTMAX of two values at input scales from fine to coarse, over rows of them."""
    models = []
    for scale in PAIR_SCALES:
        graph = IntegerGraph((32, 32, 2), 1, scale=scale, zero=3)
        graph.softmax()
        models.append(graph.packed())
    return dict(zip(PAIR_SCALES, compile_models(models, tmp_path_factory.mktemp("pairs"), ("-O1",)), strict=True))


@pytest.mark.parametrize("scale", PAIR_SCALES)
def test_two_labels_are_answered_as_by_the_reference_whatever_their_values(softmaxes, scale):
    """All 65,536 pairs: the kernel for two values is a table."""
    pairs = np.stack(np.meshgrid(*(np.arange(256, dtype=np.uint8),) * 2), axis=-1).reshape(-1, 32, 32, 2)
    compiled = softmaxes[scale]
    interpreter = TfliteInterpreter(Path(compiled.name), content=compiled.model, reference_kernels=True)
    assert all(np.array_equal(compiled.outputs(some), compiled.expected(some, interpreter)) for some in pairs)
