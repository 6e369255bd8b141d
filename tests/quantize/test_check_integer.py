"""What a full-integer model may hold, read in the file itself."""

import pytest

from edge.errors import ModelError
from quantize.convert import check_integer
from tests.small_graphs import PLAIN, Step, graph


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ({"steps": (PLAIN[0], Step("SHAPE", (4,)), *PLAIN[1:])}, "settled before the model runs, found SHAPE;"),
        ({"steps": (*PLAIN[:4], Step("WHILE", (1, 2)))}, "settled before the model runs, found WHILE;"),
        ({"mapped": len(PLAIN)}, "settled before the model runs, found CUSTOM;"),
        ({"steps": (*PLAIN[:4], Step("SOFTMAX", (2, 2)))}, "instead of a batch of 1"),
        ({"dynamic": True}, "a shape that is known only when it runs"),
        ({"dtype": "FLOAT32"}, "found float32 in"),
        ({"dtype": "UINT8"}, "uint8 instead of int8"),
    ],
)
def test_what_is_not_settled_before_the_model_runs_is_refused(model, complaint):
    """A shape, a loop, an operator of somebody's own, more than one picture, a float, another type."""
    check_integer(graph())
    with pytest.raises(ModelError, match=complaint):
        check_integer(graph(**model))
