"""The converter's chatter is swallowed, and nothing else is."""

import os
import warnings

import pytest

from quantize.quiet import quiet


def chatter():
    """Print in every way that the converter does."""
    print("Saved artifact at ...")
    warnings.warn("Statistics for quantized inputs were expected", stacklevel=1)
    os.write(2, b"fully_quantize: 0\n")


def test_chatter_is_swallowed_and_the_terminal_given_back(capfd):
    """stdout, descriptor 2 and warnings are silent inside and as before afterwards."""
    with quiet():
        chatter()
    os.write(2, b"after\n")
    print("after")

    assert capfd.readouterr() == ("after\n", "after\n")


def test_the_terminal_is_given_back_after_an_error(capfd):
    """An error inside is the caller's to see, and so is everything printed later."""
    with pytest.raises(ValueError, match="inside"), quiet():
        raise ValueError("inside")
    os.write(2, b"after\n")

    assert capfd.readouterr().err == "after\n"
