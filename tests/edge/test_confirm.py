"""An eye behind a gate confirms what the gate was away for, and tells what it cannot explain."""

from __future__ import annotations

import pytest

from edge.confirm import LATE_NEWS_S, ConfirmEye
from edge.gates import GateMove
from edge.sensors import Edge
from edge.transit import Caught


class Beam:
    """A sensor broken at these moments."""

    active, lost = False, 0

    def __init__(self, *broken):
        self._edges = [Edge(at + dt, active) for at in broken for dt, active in ((0.0, True), (0.02, False))]

    def edges(self):
        edges, self._edges = self._edges, []
        return edges

    def close(self):
        pass


def watch(broken, *, opened=1.0, closed=1.4, parts=((1, 1.2),), now=9.0):
    """One opening for some parts: what became of them, and what was wrong."""
    eye = ConfirmEye(Beam(*broken), within_s=0.3, lag_s=0.1)
    eye.moved(GateMove("nut", "opened", opened, opened, 1))
    eye.moved(GateMove("nut", "closed", closed, closed, 1))
    for part, passed_at in parts:
        eye.expect(Caught(part, "nut", opened, passed_at))
    found = [(one.part, one.at, one.found) for one in eye.look(now)]
    return found, eye.mismatch


@pytest.mark.parametrize(
    ("broken", "found", "wrong"),
    [
        ([1.3], (1, 1.3, "seen"), None),
        ([1.3, 1.33, 1.6], (1, 1.3, "seen"), None),
        ([], (1, 1.5, "missing"), "the gate moved for part 1 and nothing fell past its eye"),
        ([1.45, 3.0], (1, 1.45, "seen"), "something fell past its eye while the gate was at rest"),
        ([0.9, 1.3], (1, 1.3, "seen"), "something fell past its eye while the gate was at rest"),
    ],
    ids=["seen", "a part with holes", "missing", "a stray after", "a stray before"],
)
def test_a_part_is_seen_or_missing_and_what_is_no_part_is_told(broken, found, wrong):
    assert watch(broken) == ([found], wrong)


def test_two_parts_of_one_opening_need_two_edges():
    """The first to pass takes the first edge."""
    parts = ((1, 1.1), (2, 1.3))
    assert watch([1.2, 1.4], parts=parts) == ([(1, 1.2, "seen"), (2, 1.4, "seen")], None)
    found, wrong = watch([1.2], parts=parts)
    assert [one[2] for one in found] == ["seen", "missing"]
    assert "part 2" in wrong


def test_nothing_is_judged_before_all_is_known():
    """Moves come with the frames, so an edge may be known before its opening is."""
    assert watch([1.3], now=1.2 + 0.3 + LATE_NEWS_S - 0.01) == ([], None)
    assert watch([5.0], parts=(), now=5.1) == ([], None)


def test_what_agrees_again_is_no_mismatch_any_more():
    eye = ConfirmEye(Beam(2.3), within_s=0.3, lag_s=0.1)
    for at in (1.0, 2.0):
        eye.moved(GateMove("nut", "opened", at, at, 1))
        eye.moved(GateMove("nut", "closed", at + 0.4, at + 0.4, 1))
    eye.expect(Caught(1, "nut", 1.0, 1.2))
    eye.look(2.2)
    assert eye.mismatch is not None
    eye.expect(Caught(2, "nut", 2.0, 2.2))
    eye.look(9.0)
    assert eye.mismatch is None
