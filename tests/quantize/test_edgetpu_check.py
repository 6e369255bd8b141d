"""What will stay on the CPU is known, and named, without the compiler."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from edge.model_graph import read_graph
from quantize.edgetpu_check import forecast
from tests.small_graphs import PLAIN_MACS, SWISH, Step, graph

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference_models"


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (Step("GELU", (1, 8, 8, 4)), "does not know it"),
        (Step("CONV_2D", (1, 8, 8, 4), (4, 3, 3, 3), version=6), "to version 5 and this is version 6"),
        (Step("AVERAGE_POOL_2D", (1, 1, 1, 3), activation=3), "no activation of its own, and has RELU6"),
        (
            Step("FULLY_CONNECTED", (1, 8, 8, 5), (5, 3)),
            r"one dimension beside the batch, and has .*8, 5\]",
        ),
        (Step("SOFTMAX", (1, 20_000)), "at most 16000 values, and gets 20000"),
        (Step("PACK", (2, 8, 8, 3)), r"last three dimensions may be above 1, and its shape is \[2, 8, 8, 3\]"),
    ],
)
def test_an_operator_that_stays_on_the_cpu_is_named_beforehand(step, why):
    """With the reason, and what share of the work lies before it: none here."""
    found = forecast(read_graph(graph((step,))))

    assert [obstacle.kind for obstacle in found.obstacles] == [step.kind]
    assert found.share == 0
    assert re.search(f"operator 1, {step.kind}, will not be mapped: .*{why}", found.sentence)


def test_everything_after_the_first_obstacle_is_forecast_for_the_cpu():
    """One subgraph is all the compiler makes."""
    found = forecast(read_graph(graph(SWISH)))

    assert found.share == pytest.approx(6912 / PLAIN_MACS)
    assert "before it lie 71.1% of the multiply-accumulates" in found.sentence


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference models lie beside the repository")
@pytest.mark.parametrize(
    "name", ["tf2_mobilenet_v2_1.0_224_ptq", "mobilenet_v1_0.25_128_quant", "keras_lstm_mnist_ptq"]
)
def test_public_integer_models_are_forecast_to_be_mapped(name):
    """The second is known to have been: Google's compiler left nothing of it. A quantized LSTM keeps 16-bit state."""
    found = forecast(read_graph((REFERENCE / f"{name}.tflite").read_bytes()))

    assert (found.obstacles, found.share) == ((), 1.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "first", "share"),
    [("small-cnn", None, 1.0), ("mcu-depthwise", None, 1.0), ("mobilenet-v3-small", "HARD_SWISH", 0.099)],
)
def test_shipped_recipes_are_forecast_as_the_readme_says(name, first, share):
    """Converted untrained: which operators a network has does not depend on its weights."""
    pytest.importorskip("tensorflow", reason="TensorFlow comes with the desktop install")
    from quantize.convert import convert
    from quantize.quiet import quiet
    from training.networks import build_network
    from training.recipe import read_recipe

    recipe = read_recipe(name)
    settings = recipe.network
    if hasattr(settings, "weights"):
        settings = settings.model_copy(update={"weights": "none"})
    inputs = np.random.default_rng(0).integers(0, 256, (4, *recipe.input.shape), dtype=np.uint8)
    with quiet():
        network = build_network(6, recipe.input, settings)

    found = forecast(read_graph(convert(network, inputs)))

    assert (found.obstacles[0].kind if found.obstacles else None) == first
    assert found.share == pytest.approx(share, abs=0.001)
