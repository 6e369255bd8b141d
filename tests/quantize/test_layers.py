"""Which layer carries what int8 costs: measured on the very model that ships."""

import numpy as np
import pytest

from edge.preprocess import InputSpec
from quantize.channel_sums import ChannelSums, decibels
from quantize.layers import layer_name, layers_object, none_stands_out, spread, worst_first
from quantize.trouble_text import layer_lines
from tests.quantize.measured_layers import layer

SPEC = InputSpec(width_px=32, height_px=32)


def sums(channels=2, scale=0.5, zero_point=-128):
    """Start sums of a layer with these channels."""
    zeros, lowest, highest = np.zeros((5, channels)), np.full(channels, np.inf), np.full(channels, -np.inf)
    return ChannelSums(scale, zero_point, *zeros, lowest, highest, lowest.copy(), highest.copy())


def test_six_decibels_halve_the_noise():
    """Amplitudes: half the noise is a quarter of its square."""
    assert decibels(100.0, 1.0) == pytest.approx(20.0)
    assert decibels(100.0, 0.25) - decibels(100.0, 1.0) == pytest.approx(6.02, abs=0.01)
    assert decibels(1.0, 0.0) is None


def test_a_channel_that_only_int8_makes_constant_is_silenced():
    """Scale 0.5: the first channel varies by less than a step, the second by four; the third never did."""
    total = sums(channels=3)
    for first, second in ((0.1, 0.0), (0.2, 2.0)):
        real = np.array([first, second, 1.0])
        stored = np.round(real / 0.5) - 128
        total.add(stored, real, real)

    assert total.silenced.tolist() == [True, False, False]
    assert total.dead.tolist() == [False, False, True]


def test_a_constant_level_does_not_pass_for_signal():
    """100 plus or minus 0.1 with a noise of 0.1 carries next to nothing, though its squares are large."""
    total = sums(channels=1, scale=0.5, zero_point=-200)
    for real in (99.9, 100.1) * 10:
        total.add(np.array([np.round(real / 0.5) - 200]), np.array([real]), np.array([real]))

    assert total.middle_channel_db == pytest.approx(0.0, abs=0.1)
    assert decibels(total.signal.sum(), total.own_error.sum()) > 50


def test_what_lies_beyond_the_range_is_counted():
    """Range 0 to 127.5, one value of four far above it."""
    total = sums(channels=4)
    real = np.array([0.0, 1.0, 127.0, 500.0])
    total.add(np.clip(np.round(real / 0.5) - 128, -128, 127), real, real)

    assert (total.cut_off, total.values) == (1, 4)


@pytest.mark.parametrize(
    ("tensor", "found"),
    [
        ("classifier_1/net_1/conv_1_1/Relu;classifier_1/net_1/conv_1_1/convolution", "conv_1"),
        (
            "classifier_1/net_1/re_lu_1_2/Relu;classifier_1/net_1/bn_1_2/mul_1;classifier_1/net_1/dw_1_2/depthwise1",
            "dw_1",
        ),
        ("classifier_1/net_1/pool_1/Mean", "pool"),
        ("something/else", "something/else"),
    ],
)
def test_layers_have_the_names_that_their_maker_gave_them(tensor, found):
    """Of a fused layer the one with weights: that is where somebody can change something."""
    names = [("conv_1", True), ("re_lu_1", False), ("bn_1", False), ("dw_1", True), ("pool", False)]

    assert layer_name(tensor, names) == found


def test_the_worst_layer_comes_first_and_an_exact_one_last():
    """By the middle channel; JSON keeps the order of computation and adds the rank."""
    layers = [layer("a", 40.0), layer("b", 12.0), layer("c", None)]

    assert [one.layer for one in worst_first(layers)] == ["b", "a", "c"]
    assert [(one["layer"], one["rank"]) for one in layers_object(layers)] == [("a", 2), ("b", 1), ("c", 3)]


def test_close_calls_are_told_from_a_layer_at_fault():
    """When every layer is computed well, the table says that none is to blame."""
    assert "close calls" in layer_lines([layer("a", 35.0)])[-1]
    assert not none_stands_out([layer("a", 35.0), layer("b", 12.0)])
    assert "close calls" not in "".join(layer_lines([layer("b", 12.0)]))


def test_spread_is_the_loudest_over_the_middle():
    """Silent channels do not count."""
    assert spread(np.array([0.0, 1.0, 2.0, 8.0])) == 4.0
    assert spread(np.zeros(3)) == 1.0
