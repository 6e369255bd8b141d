"""Spread scores before they become 8-bit, so that a sure answer can still be told from a surer one.

The largest score of an int8 softmax is 255/256: all that a network is more sure of than that looks alike, the wrong
answers among the right ones, and no threshold divides them. Divided by a factor before the softmax, the same sums give
scores that keep their order and stay below that end; the temperature, fitted on the int8 scores, makes up for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge.errors import ModelError

MOST = 8.0
_ENDS = ("softmax", "sigmoid")


def spread_scores(model: Any, factor: float) -> None:
    """Divide what goes into the last softmax or sigmoid of a Keras network by `factor`. Its answers stay the same.

    Raises ModelError when the network ends in something else.
    """
    if factor == 1:
        return
    last = model.layers[-1]
    end = getattr(getattr(last, "activation", None), "__name__", "nothing")
    if end not in _ENDS or len(last.get_weights()) != 2:
        raise ModelError(
            f"expected a network that ends in a dense layer with {' or '.join(_ENDS)}, to spread its scores, "
            f"found {last.name!r} with {end}; leave out --spread"
        )
    last.set_weights([weights / factor for weights in last.get_weights()])


def recorded_spread(provenance: Mapping[str, Any]) -> float:
    """Return the factor that a bundle was made with; 1 when it names none that can be."""
    value = provenance.get("spread", 1)
    return float(value) if isinstance(value, int | float) and 1 <= value <= MOST else 1.0
