"""What a reader of a promotion's figures must know is told beside them."""

from __future__ import annotations

from edge.promote_measure import Measured, MeasureOn
from edge.promote_notes import notes_of
from edge.side_by_side import SideBySide


def test_figures_of_kept_pictures_come_with_a_word_on_trainings_that_have_seen_them():
    """`review --export` hands them on, and nothing in a bundle says so."""
    kept = SideBySide((), (), (), (), {}, frozenset())
    told = "no training has seen them: `edge-sort review --export` hands on"
    assert any(told in note for note in notes_of(Measured(kept=kept), None, None, MeasureOn()))
    assert not any(told in note for note in notes_of(Measured(), None, None, MeasureOn()))
