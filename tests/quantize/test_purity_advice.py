"""What a user hears who asks for purer bins than there can be: whether the network is to blame, or its 8-bit scores."""

import pytest

from quantize.purity_advice import purity_advice
from quantize.thresholds import BinCount, Choice

PURE = Choice("nut", 0.5, True, BinCount(10, 10, 10))
IMPURE = Choice("nut", 0.5, False, BinCount(10, 11, 10))


def advised(choice, float_choice, **provenance):
    """Return the advice for one bin as one text."""
    floats = () if float_choice is None else (float_choice,)
    return "; ".join(purity_advice((choice,), floats, provenance))


def test_a_pure_bin_needs_no_advice():
    """Nothing is said."""
    assert advised(PURE, None) == ""


@pytest.mark.parametrize(("provenance", "factor"), [({}, "2"), ({"spread": 2.0}, "4")])
def test_where_the_float_network_reaches_it_scores_are_to_be_spread(provenance, factor):
    """Twice as far as they are."""
    text = advised(IMPURE, PURE, **provenance)

    assert "the float network does reach it for 'nut'" in text
    assert f"try --spread {factor}, which" in text
    assert text.endswith("--purity 0.909 can be reached")


def test_where_it_does_not_no_conversion_is_promised_to_help():
    """Pictures or another network are what it takes."""
    text = advised(IMPURE, IMPURE)

    assert "does not reach it for 'nut' either" in text
    assert "--spread" not in text


def test_scores_are_not_to_be_spread_for_ever():
    """At the end of the option's range it is not advised again."""
    assert "--spread" not in advised(IMPURE, PURE, spread=8)


def test_without_the_float_network_nobody_is_blamed():
    """As when a bundle is judged again: only what can be reached is said."""
    assert advised(IMPURE, None) == "--purity 0.909 can be reached"
