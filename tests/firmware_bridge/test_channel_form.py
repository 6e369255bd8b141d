"""Factor, bias and shift of an output channel take 7 bytes wherever they fit, 9 elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from firmware_bridge.emit_channels import ChannelForm, channel_bytes, channel_form, channels_array
from firmware_bridge.fixed_point import Multiplier
from firmware_bridge.layers import Convolution, Range, Window

NARROW, WIDE = ChannelForm(True), ChannelForm(False)


def _layer(bias=(1, -1), rights=(5, 5), factor=2**30, inputs=3, weight=127):
    weights = np.full((len(bias), 1, 1, inputs), weight, np.int8)
    factors = tuple(Multiplier(factor, -right) for right in rights)
    shapes = (1, 1, inputs), (1, 1, len(bias))
    amounts = np.array(bias, np.int32)
    return Convolution("", (0,), 1, *shapes, Window((1, 1)), weights, amounts, factors, 0, Range(0, -128, 127))


@pytest.mark.parametrize(
    ("layer", "form"),
    [
        (_layer(), NARROW),
        (_layer(factor=2**31 - 1), NARROW),
        (_layer(bias=(2**23 - 1, -(2**23))), NARROW),
        (_layer(bias=(2**23, 0)), WIDE),
        (_layer(bias=(0, -(2**23) - 1)), WIDE),
        (_layer(rights=(1, 4)), NARROW),
        (_layer(rights=(1, 5)), ChannelForm(True, 1)),
        (_layer(rights=(2, 10)), ChannelForm(True, 2)),
        (_layer(rights=(1, 29)), ChannelForm(True, 3)),
        (_layer(rights=(1, 5), bias=(2**22, 0)), WIDE),
        (_layer(rights=(0, 1)), WIDE),
        (_layer(rights=(29, 30)), WIDE),
        (_layer(factor=0), WIDE),
        (_layer(inputs=32767, weight=-128), NARROW),
        (_layer(inputs=65536, weight=-128), WIDE),
    ],
)
def test_channels_are_stored_in_the_smallest_form_that_holds_them(layer, form):
    """Each limit: of bias, of shift, of their spread, of factor, and of the sum that the narrow kernel may see."""
    assert channel_form([layer]) == form


def test_one_channel_that_does_not_fit_makes_all_wide():
    """One kernel serves every layer of a network."""
    assert channel_form([_layer(), _layer(rights=(0, 0))]) == WIDE


def test_a_channel_takes_seven_bytes_or_nine():
    """In records of four."""
    assert [channel_bytes(_layer(bias=(0,) * 8, rights=(5,) * 8), form) for form in (NARROW, WIDE)] == [56, 72]


def test_bias_factor_and_shift_share_three_words():
    """The numbers of kernels/narrow.c: (factor - 2^30) * 4 + two bits, then the bias with the others below it."""
    text = channels_array(_layer(bias=(-3, 70000), rights=(2, 9), factor=2**30 + 5), "c", ChannelForm(True, 1))
    assert "{{20, 23}, {65530, 8929}, {-1, 2}}" in text
