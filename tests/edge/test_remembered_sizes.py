"""What parts measured is known to the next run of the same bundle and machine, and to no other."""

from __future__ import annotations

from contextlib import closing

import pytest

from edge.journal import Journal
from edge.remembered_sizes import NAME, keep_sizes, remembered_sizes
from edge.shapes import Shape
from edge.sizes import LEARN_PARTS, SizeBook

LIKE_THE_OTHERS, TWICE_AS_LARGE = (Shape(0.0, 25.0, area, 0.93, waisted=False) for area in (300.0, 600.0))


@pytest.fixture
def journal(tmp_path):
    """Start a run in the one journal of the test."""

    def start(bundle="b", machine="m", clock="monotonic"):
        return closing(Journal(tmp_path / "journal.sqlite", bundle_sha256=bundle, machine_sha256=machine, clock=clock))

    return start


def learned():
    book = SizeBook()
    for _ in range(LEARN_PARTS):
        book.note("nut", LIKE_THE_OTHERS)
    return book


def test_the_next_run_knows_what_the_last_one_learned(journal):
    """Its first part may be doubted; a run that learned nothing, or was killed, takes nothing away."""
    with journal() as first:
        keep_sizes(first, learned())
    with journal() as nothing_sorted:
        keep_sizes(nothing_sorted, SizeBook())
    with journal() as now:
        book = remembered_sizes(now)
    assert book.odd("nut", TWICE_AS_LARGE)
    assert not book.odd("nut", LIKE_THE_OTHERS)
    assert not book.odd("screw", TWICE_AS_LARGE)


@pytest.mark.parametrize("other", [{"bundle": "other"}, {"machine": "other"}, {"clock": "manual"}])
def test_nothing_is_taken_from_another_bundle_or_machine_or_into_a_run_that_must_repeat(journal, other):
    """Sizes are those of one camera and one set of labels."""
    with journal() as first:
        keep_sizes(first, learned())
    with journal(**other) as now:
        assert remembered_sizes(now).newest() == {}


@pytest.mark.parametrize("note", ["no JSON", "[1]", '{"nut": 3}', '{"nut": [[1, 2]]}', '{"nut": [["a", "b", "c"]]}'])
def test_a_damaged_note_is_passed_over(journal, note):
    """The line starts as if it had never run."""
    with journal() as first:
        first.note(NAME, note)
    with journal() as now:
        assert remembered_sizes(now).newest() == {}
