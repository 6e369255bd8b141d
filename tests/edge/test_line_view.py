"""What a LineBook makes of all that a line tells."""

from __future__ import annotations

import pytest

from edge.line_told import GivenUp, Labelled, Totals
from edge.line_view import MOST_DOUBTFUL, MOST_INCIDENTS, MOST_PARTS, LineBook
from edge.states import State
from tests.edge import told_lines as made


@pytest.fixture
def book():
    return LineBook(made.facts())


def test_the_newest_part_comes_first_and_the_oldest_falls_out(book):
    """A day of parts takes no more room than an hour."""
    for number in range(3 * MOST_PARTS):
        book.hear(made.part(number, doubtful=True))
    view = book.view(101.0)
    assert [one.key for one in view.parts] == list(range(3 * MOST_PARTS - 1, 2 * MOST_PARTS - 1, -1))
    assert len(view.doubtful) == MOST_DOUBTFUL


def test_a_part_that_was_labelled_waits_no_more(book):
    """What somebody said of it, and who, stays beside what was decided."""
    book.hear(made.part(7, doubtful=True))
    book.hear(Labelled(7, "nut", "Ada"))
    view = book.view(101.0)
    assert view.doubtful == ()
    assert (view.parts[0].true_label, view.parts[0].said_by, view.parts[0].told.label) == ("nut", "Ada", "coin")


def test_a_part_that_was_given_up_is_shown_in_reject(book):
    """The bin it had been meant for never got it."""
    book.hear(made.part(7))
    book.hear(GivenUp(7, "line_stopped"))
    told = book.view(101.0).parts[0].told
    assert (told.bin, told.reason) == ("reject", "line_stopped")


def test_an_incident_stands_until_its_condition_ends(book):
    """Then it is known since when it is over."""
    incident, standing = made.jam(105.0)
    book.hear(incident)
    book.hear(made.condition(105.0, State.HELD, [standing]))
    assert book.view(105.0).incidents[0].standing
    book.hear(made.condition(109.0, State.HELD))
    ended = book.view(109.0).incidents[0]
    assert (ended.standing, ended.over_at) == (False, 109.0)


def test_many_incidents_take_bounded_room(book):
    """The oldest fall out; the totals keep their count."""
    for number in range(2 * MOST_INCIDENTS):
        book.hear(made.jam(100.0 + number)[0])
    assert len(book.view(400.0).incidents) == MOST_INCIDENTS


def test_rates_are_of_the_last_minute_and_the_last_seconds(book):
    """30 parts and 600 frames in half a minute are 60 parts a minute and 20 frames a second."""
    for second in range(1, 31):
        book.hear(made.totals(100.0 + second, parts=second, frames=20 * second))
    view = book.view(130.0)
    assert (view.parts_per_min, view.frame_rate_hz) == (pytest.approx(60.0), pytest.approx(20.0))


def test_a_line_that_tells_nothing_has_no_rate_and_is_silent(book):
    """Old figures are not shown as if they were of now."""
    book.hear(made.condition(110.0))
    book.hear(made.totals(110.0, parts=10, frames=100))
    view = book.view(200.0)
    assert (view.frame_rate_hz, view.silent) == (0.0, True)
    assert not book.view(110.5).silent


def test_parts_that_were_given_up_count_in_reject():
    """Bins and reasons add up to the parts, whatever was given up."""
    totals = Totals(
        1.0,
        parts=10,
        by_bin={"coin": 8, "reject": 2},
        by_reason={"sorted": 8, "crowded": 2},
        given_up_of={"coin": 3},
        given_up_for={"line_stopped": 3},
    )
    assert totals.bins == {"coin": 5, "reject": 5}
    assert totals.reasons == {"sorted": 5, "crowded": 2, "line_stopped": 3}
