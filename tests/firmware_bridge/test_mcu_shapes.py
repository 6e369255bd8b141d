"""Networks of the sizes that microcontrollers run: every byte, here and on emulated Cortex-M3, M4, M7 and M55."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from benchmarks.emulated_cortex import BOARDS, NoEmulator, outputs_of
from edge.model_graph import read_graph
from firmware_bridge.emit import emit
from firmware_bridge.export_sorter import SMALLER, require_room
from firmware_bridge.kernel_answers import ask_kernels
from firmware_bridge.sorter_settings import Model
from tests.firmware_bridge.compiled_models import compile_models, source_of_model

pytestmark = pytest.mark.slow
NAMES = ("resnet8", "mobilenet-v1-025", "mobilenet-v2-035", "mcu-depthwise", "mcu-residual")
INPUTS = 1000
HAS_MICRO = importlib.util.find_spec("tflite_micro") is not None


@pytest.fixture(scope="module")
def models():
    """The integer models with random weights, made when asked for."""
    pytest.importorskip("tensorflow", reason="pip install '.[desktop]'")
    from benchmarks.mcu_shapes import integer_model

    made = {}

    def model(name):
        if name not in made:
            made[name] = integer_model(name)
        return made[name]

    return model


def _inputs(model, count):
    from benchmarks.mcu_shapes import coloured

    return coloured(read_graph(model).inputs[0].shape[1:], count, 1)


@pytest.mark.parametrize("like", ["litert", "micro"])
@pytest.mark.parametrize("name", NAMES)
def test_a_thousand_inputs_are_answered_as_by_the_kernels(models, tmp_path, name, like):
    """On this computer, with the compiler's vectors: -O3."""
    if like == "micro" and not HAS_MICRO:
        pytest.skip("needs the Python package tflite-micro (Linux, x86_64)")
    model = models(name)
    pixels = _inputs(model, INPUTS)
    expected = ask_kernels(like, model, (pixels ^ np.uint8(0x80)).view(np.int8)).outputs
    assert len(np.unique(expected, axis=0)) > INPUTS / 10
    (compiled,) = compile_models([model], tmp_path, ("-O3",), like)
    wrong = sum(not np.array_equal(compiled.outputs(one), answer) for one, answer in zip(pixels, expected, strict=True))
    assert wrong == 0


@pytest.mark.parametrize("core", BOARDS)
@pytest.mark.parametrize("name", NAMES)
def test_emulated_cores_answer_as_the_kernels(models, tmp_path, name, core):
    """Compiled for the core, a few inputs each."""
    model = models(name)
    pixels = _inputs(model, 5)
    expected = ask_kernels("litert", model, (pixels ^ np.uint8(0x80)).view(np.int8)).outputs
    try:
        outputs, _ = outputs_of(emit(source_of_model(model)), pixels, tmp_path, core)
    except NoEmulator as missing:
        pytest.skip(str(missing))
    assert np.array_equal(outputs, expected)


@pytest.mark.parametrize("name", ["mcu-depthwise", "mcu-residual"])
def test_the_recipes_that_a_refusal_names_fit_a_pico_that_sorts_by_itself(models, name):
    """At the size they ship with."""
    assert name in SMALLER
    source = source_of_model(models(name))
    height, width, channels = source.ends.shape
    assert (height, width) == (96, 96)
    room = Model("model", source.ends.labels, height * width * channels, 0)
    require_room(emit(source), "model", room, len(source.network.layers))
