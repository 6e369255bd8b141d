"""No byte of the arena is used by two buffers at once, and it is no larger than it need be."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.model_graph import read_graph
from firmware_bridge.arena import Arena, Life, Needs, check_arena, least_bytes, needs_of, plan_arena
from firmware_bridge.fuse import fused
from firmware_bridge.lower import lower
from tests.integer_graphs import IntegerGraph


def test_a_residual_block_needs_hardly_more_than_two_of_its_three_pictures():
    """The last convolution writes over its own input, a few rows behind what it still reads."""
    graph = IntegerGraph((32, 32, 16), 1)
    start = graph.convolution(16, (1, 1))
    graph.convolution(16, (3, 3))
    graph.addition(graph.convolution(16, (3, 3)), start)
    network = fused(lower(read_graph(graph.packed())))

    arena = plan_arena(needs_of(network))

    picture = 32 * 32 * 16
    assert 2 * picture <= arena.size <= 2 * picture + 2 * 33 * 16
    assert arena.size <= least_bytes(needs_of(network)) * 1.04


def test_the_check_sees_a_buffer_that_another_one_overwrites():
    """The plan is checked by other code than that which made it, so that check must be able to fail."""
    needs = Needs({1: Life(10, 0, 2), 2: Life(10, 1, 2)}, {(1, 2): 4})
    check_arena(needs, Arena({1: 4, 2: 0}, 14))
    with pytest.raises(AssertionError):
        check_arena(needs, Arena({1: 3, 2: 0}, 13))


LIVES = st.builds(lambda size, born, length: Life(size, born, born + length), st.integers(1, 99), st.integers(0, 9),
                  st.integers(0, 4))  # fmt: skip


@settings(max_examples=15)
@given(st.lists(LIVES, min_size=1, max_size=9), st.integers(0, 40))
def test_any_needs_are_met_and_the_same_needs_alike(lives, lead):
    """Also where an input dies with the step that makes the output."""
    named = dict(enumerate(lives))
    leads = {
        (one, other): lead
        for one, first in named.items() for other, second in named.items()
        if one != other and first.last == second.born and first.born < second.born
    }  # fmt: skip
    needs = Needs(named, leads)

    arena = plan_arena(needs)

    check_arena(needs, arena)
    assert arena == plan_arena(replace(needs))
    assert arena.size <= sum(life.size + 3 for life in lives)
