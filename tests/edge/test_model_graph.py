"""Multiply-accumulates: counted by hand here, and as published for known networks."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest

from edge.errors import ModelError
from edge.model_graph import read_graph
from tests.small_graphs import PLAIN_MACS, Step, graph

REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference_models"
PACKAGED = Path(str(files("edge"))) / "data" / "bundle" / "model.tflite"

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference models lie beside the repository")


def test_a_network_small_enough_to_count_by_hand():
    """Convolution, depthwise convolution and dense layer; what only moves values costs none."""
    found = read_graph(graph())

    assert [operator.macs for operator in found.operators] == [6912, 2304, 0, 512, 0]
    assert found.macs == PLAIN_MACS


def test_a_matrix_product_counts_its_inner_dimension():
    """(8*8 x 3) x (3 x 5) is 8*8*5 sums of 3 products."""
    product = Step("BATCH_MATMUL", (1, 8, 8, 5), (1, 8, 3, 5))

    assert read_graph(graph((product,))).macs == 8 * 8 * 5 * 3


@needs_reference
@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("mobilenet_v1_0.25_128_quant.tflite", 14e6),
        ("mobilenet_v1_0.5_160_quant.tflite", 77e6),
        ("tf2_mobilenet_v2_1.0_224_ptq.tflite", 300e6),
    ],
)
def test_known_networks_cost_what_their_authors_say(name, published):
    """MobileNet's papers and model pages give rounded millions."""
    assert read_graph((REFERENCE / name).read_bytes()).macs == pytest.approx(published, rel=0.035)


@needs_reference
def test_files_of_every_age_name_their_operators():
    """Files from before 2020 number their operators in a field of one byte; a custom operator brings its own name."""
    old = read_graph((REFERENCE / "mobilenet_v1_0.25_128_quant.tflite").read_bytes())
    unknown = read_graph((REFERENCE / "model_invoking_error.tflite").read_bytes())

    assert {operator.kind for operator in old.operators} == {
        "CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "RESHAPE", "SOFTMAX"
    }  # fmt: skip
    assert [(operator.kind, operator.custom) for operator in unknown.operators] == [("fake-op-double", True)]


@needs_reference
def test_what_an_edge_tpu_computes_is_not_left_in_a_compiled_file():
    """Google's own compiled file is one custom operator with its program as payload, and nothing for the CPU."""
    compiled = read_graph((REFERENCE / "mobilenet_v1_0.25_128_quant_edgetpu.tflite").read_bytes())

    assert [(operator.kind, operator.macs) for operator in compiled.operators] == [("edgetpu-custom-op", 0)]
    assert compiled.operators[0].custom_bytes > 100_000


def test_a_recurrent_network_uses_every_weight_in_every_step():
    """The one of the handwritten nine: 28 steps through one cell, then a dense layer."""
    if not REFERENCE.is_dir():
        pytest.skip("the reference models lie beside the repository")
    lstm, *_ = [
        operator
        for operator in read_graph((REFERENCE / "keras_lstm_mnist_ptq.tflite").read_bytes()).operators
        if operator.kind == "UNIDIRECTIONAL_SEQUENCE_LSTM"
    ]
    cells = lstm.outputs[0].shape[-1]

    assert lstm.macs == 28 * 4 * cells * (28 + cells)


@pytest.mark.parametrize("cut", [0, 7, 100, 5000, 60_000])
def test_a_file_that_is_not_whole_is_a_model_error(cut):
    """However it is cut: one sentence."""
    with pytest.raises(ModelError, match=r"expected a whole \.tflite file"):
        read_graph(PACKAGED.read_bytes()[:cut])


def test_another_format_is_a_model_error():
    """A file of the right size that is something else."""
    with pytest.raises(ModelError, match="another file format"):
        read_graph(b"\x7fELF" + bytes(2000))
