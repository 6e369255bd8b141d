"""Flash and instructions of exported C stay below those of TensorFlow Lite Micro by the margins that docs state."""

from __future__ import annotations

import pytest

from benchmarks.host_instructions import NoCounter, c99_instructions
from edge.model_graph import read_graph
from firmware_bridge.compilers import ARM_COMPILER, find_arm_compiler
from firmware_bridge.elf_sizes import measure
from firmware_bridge.emit import emit
from firmware_bridge.source import source_of
from tests.firmware_bridge.compiled_models import facts_of
from tests.firmware_bridge.mcu_graphs import mobilenet_v1_025, resnet8

MICRO_FLASH = 360_000  # MobileNetV1-0.25 at 96 px in TensorFlow Lite Micro on a Cortex-M4, and its memory
MICRO_MEMORY = 101_000
MICRO_INSTRUCTIONS = 133.9e6  # ResNet-8 in tflite-micro on x86-64: python -m benchmarks.model_on_mcu --host


def _emitted(graph, labels):
    return emit(source_of(read_graph(graph.packed()), facts_of(graph, labels), "model", "random weights"))


def test_mobilenet_takes_at_most_0_645_of_the_flash_of_tensorflow_lite_micro():
    """By sections of the object file, as docs/model_on_mcu.md has them."""
    if find_arm_compiler() is None or "ziglang" in find_arm_compiler():
        pytest.skip(f"needs {ARM_COMPILER}")
    emitted = _emitted(mobilenet_v1_025(), 2)
    sizes = measure(emitted.source, emitted.header, "model")
    assert sizes.flash <= 0.645 * MICRO_FLASH
    assert sizes.memory <= 0.4 * MICRO_MEMORY


@pytest.mark.slow
def test_resnet_takes_less_than_half_of_the_instructions_of_the_reference(tmp_path):
    """With the options of the README's own command, -O2."""
    try:
        count = c99_instructions(_emitted(resnet8(), 10), tmp_path)
    except NoCounter as missing:
        pytest.skip(str(missing))
    assert count < 0.5 * MICRO_INSTRUCTIONS
