"""Parts unlike the others of their label are doubted, once there are enough others."""

from __future__ import annotations

import numpy as np

from edge.shapes import Shape
from edge.sizes import LEARN_PARTS, SizeBook


def shape(area=300.0, long=25.0, solidity=0.93):
    return Shape(0.0, long, area, solidity, waisted=False)


def taught(count=LEARN_PARTS, seed=0):
    book = SizeBook()
    for factor in np.random.default_rng(seed).uniform(0.9, 1.1, count):
        book.note("nut", shape(300 * factor, 25 * factor))
    return book


def test_nothing_is_odd_before_enough_parts_were_seen():
    assert not taught(LEARN_PARTS - 1).odd("nut", shape(5000.0))
    assert not taught().odd("screw", shape(5000.0))


def test_what_is_too_large_too_long_or_too_ragged_is_odd():
    """Each of the three tells; a part like the others passes."""
    book = taught()
    assert not book.odd("nut", shape())
    assert book.odd("nut", shape(area=500.0))
    assert book.odd("nut", shape(area=150.0))
    assert book.odd("nut", shape(long=38.0))
    assert book.odd("nut", shape(solidity=0.8))


def test_a_few_joined_parts_among_those_learned_do_not_hide_the_next():
    """Two in a hundred are trimmed."""
    book = taught(200)
    for _ in range(3):
        book.note("nut", shape(700.0, 50.0, 0.75))
    assert book.odd("nut", shape(700.0, 50.0, 0.75))


def test_a_line_that_changes_to_larger_parts_is_followed():
    """Odd parts are remembered too, so the book does not refuse a new batch for ever."""
    book = taught()
    for _ in range(LEARN_PARTS):
        book.note("nut", shape(500.0))
    assert not book.odd("nut", shape(500.0))
