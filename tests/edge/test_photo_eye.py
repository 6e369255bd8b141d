"""A photo-eye says when, a picture says where; what only one of them saw is told."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.belt import FixedSpeedBelt
from edge.emulate import emulate_line
from edge.emulated_eye import EmulatedEye
from edge.emulated_world import EmulateOptions
from edge.errors import CameraError, MachineError
from edge.machine import Machine
from edge.machine_checks import check_machine
from edge.parts import Frame, Sighting
from edge.photo_eye import EyedFinder, EyeFinder, EyeSettings, PhotoEye
from edge.sensors import Edge

SPEED = 100.0
BELT = FixedSpeedBelt(SPEED)
SETTINGS = EyeSettings(at_mm=-100.0, min_gap_mm=3.0, view_mm=160.0, mm_per_px=1.0, crop_mm=40.0, spare_mm=3.0)
IMAGE = np.zeros((120, 160, 3), dtype=np.uint8)


class Recorded:
    """A sensor whose edges were recorded."""

    def __init__(self, *spans_s, lost=0):
        self.waiting = [Edge(at, active) for span in spans_s for at, active in zip(span, (True, False), strict=False)]
        self.lost, self.active = lost, False

    def edges(self):
        told, self.waiting = self.waiting, []
        return told

    def close(self):
        """Nothing to let go."""


def eye(*spans_s, **changes):
    return PhotoEye(Recorded(*spans_s, **changes), BELT, SETTINGS)


def frame(at):
    return Frame(IMAGE, at, 0)


def pictured(*sightings):
    class Pictured:
        def find(self, frame):
            return list(sightings)

    return Pictured()


def test_the_eye_alone_places_a_part_by_time():
    """Broken from 1.0 to 1.2 s at 100 mm/s: 20 mm long, and its middle 90 mm past the eye at 2.0 s."""
    (found,) = EyeFinder(eye((1.0, 1.2)), BELT).find(frame(2.0))
    assert found.length_mm == pytest.approx(20.0)
    assert found.x_mm == pytest.approx(-100.0 + 90.0)
    assert found.crop.shape == (40, 40, 3)
    assert found.whole
    assert found.centred


def test_a_frame_exposed_before_the_edge_tells_nothing_of_the_part():
    """Though the edge is known when the frame is looked at."""
    watched = eye((1.0, 1.2))
    assert EyeFinder(watched, BELT).find(frame(0.99)) == []
    assert watched.spans(0.99) == []
    assert watched.spans(1.0)[0].rear is None
    assert len(EyeFinder(watched, BELT).find(frame(2.0))) == 1


def test_a_part_still_in_the_beam_is_not_whole():
    """Its front is known, its rear is not."""
    settings = EyeSettings(-80.0, 3.0, 160.0, 1.0, 40.0, 3.0)
    (found,) = EyeFinder(PhotoEye(Recorded((1.0,)), BELT, settings), BELT).find(frame(1.4))
    assert found.cut_upstream
    assert found.x_mm + found.length_mm / 2 == pytest.approx(-80.0 + 40.0)


@given(st.floats(0.001, 0.1), st.floats(20, 500))
def test_edges_are_told_apart_by_belt_and_not_by_time(gap_s, speed):
    """What follows within min_gap_mm of belt is the same part, at any speed."""
    belt = FixedSpeedBelt(speed)
    watched = PhotoEye(Recorded((1.0, 1.01), (1.01 + gap_s, 1.02 + gap_s)), belt, SETTINGS)
    spans = watched.spans(1.2)
    assert len(spans) == (1 if gap_s * speed < SETTINGS.min_gap_mm else 2)
    assert watched.parts == len(spans)
    assert spans[-1].rear == pytest.approx(belt.travelled_mm(1.02 + gap_s) + 100.0)


def test_both_take_the_place_along_the_belt_from_the_eye():
    """The picture's box is longer by a shadow; the eye knows where the body is."""
    seen = Sighting(x_mm=-7.0, y_mm=12.0, length_mm=26.0, width_mm=20.0, crop=IMAGE)
    (found,) = EyedFinder(pictured(seen), eye((1.0, 1.2)), BELT).find(frame(2.0))
    assert found.x_mm == pytest.approx(-10.0)
    assert (found.y_mm, found.length_mm, found.eyed, found.several) == (12.0, 26.0, True, False)


def test_a_part_that_the_eye_did_not_see_is_told():
    seen = Sighting(x_mm=50.0, y_mm=0.0, length_mm=20.0, width_mm=20.0, crop=IMAGE)
    (found,) = EyedFinder(pictured(seen), eye((1.0, 1.2)), BELT).find(frame(2.0))
    assert not found.eyed


def test_two_spans_under_one_outline_are_two_parts():
    """Where a shadow joins two parts in the picture, the beam still passes between them."""
    seen = Sighting(x_mm=-20.0, y_mm=0.0, length_mm=45.0, width_mm=20.0, crop=IMAGE)
    (found,) = EyedFinder(pictured(seen), eye((1.0, 1.2), (1.25, 1.4)), BELT).find(frame(2.0))
    assert found.several


def test_an_eye_without_a_part_is_counted():
    """Once, when its span has left the picture; one that was seen is not."""
    watched = eye((1.0, 1.2), (1.7, 1.8))
    seen = Sighting(x_mm=-10.0, y_mm=0.0, length_mm=20.0, width_mm=20.0, crop=IMAGE)
    EyedFinder(pictured(seen), watched, BELT).find(frame(2.0))
    for at in (2.5, 3.5, 9.0):
        EyedFinder(pictured(), watched, BELT).find(frame(at))
    assert watched.counts() == {"parts": 2, "without_part": 1}


def test_an_eye_knows_how_much_belt_has_passed_since_it_was_broken():
    """Broken at 1.0 s and free from 1.5 to 1.6 s, at 100 mm/s."""
    watched = eye((1.0, 1.5), (1.6,))
    for at, blocked_mm in ((0.9, 0.0), (1.2, 20.0), (1.55, 0.0), (2.6, 100.0)):
        watched.spans(at)
        assert watched.blocked_mm(at) == pytest.approx(blocked_mm)


def test_an_eye_that_flutters_ends_the_run():
    with pytest.raises(CameraError, match="flutters"):
        eye(lost=2).spans(1.0)


def run(table, model, parts, **options):
    machine = Machine.model_validate(table)
    check_machine(machine)
    return emulate_line(EmulateOptions(fast=True, count=50, **options), machine, model, parts, "digest")


@pytest.mark.parametrize("source", ["eye", pytest.param("both", marks=pytest.mark.slow)])
def test_an_emulated_line_with_an_eye_sorts_as_well(table, color_model, colored_parts, source):
    """The eye on a mock pin, driven by the same parts: all accounted for, none misled, eye and picture agree."""
    table["finder"] = {"source": source}
    table["eye"] = {"pin": 5, "at_mm": -100.0}
    done = run(table, color_model, colored_parts, seed=1)
    report = done.report
    assert report.fed == report.sorted_right + sum(report.rejected.values())
    assert (report.sorted_wrong, report.wrong_by_runtime, report.strays, report.ghosts) == (0, 0, 0, 0)
    assert report.sorted_right > 35
    assert done.eye["without_part"] == 0
    assert 45 <= done.eye["parts"] <= 50  # parts side by side break the beam once
    assert "no_eye" not in report.rejected


def test_with_a_blind_eye_nothing_is_sorted(table, color_model, colored_parts, monkeypatch):
    """An eye that never sees the parts the picture shows: all of them go to reject, with the reason."""
    table["finder"] = {"source": "both"}
    table["eye"] = {"pin": 5, "at_mm": -100.0}
    monkeypatch.setattr(EmulatedEye, "serve", lambda self, now: None)
    done = run(table, color_model, colored_parts)
    assert done.report.sorted_right == 0
    assert done.report.rejected["no_eye"] > 35


@pytest.mark.parametrize(
    ("finder", "eye_table", "complaint"),
    [
        ("eye", None, "needs a photo-eye"),
        ("both", {"pin": 17, "at_mm": -100.0}, "eye.pin"),
        ("eye", {"pin": 5, "at_mm": -10.0}, "eye.at_mm"),
    ],
)
def test_an_eye_that_cannot_work_is_refused(table, finder, eye_table, complaint):
    """Naming the key, before anything moves."""
    table["finder"] = {"source": finder}
    table["eye"] = eye_table
    with pytest.raises(MachineError, match=complaint):
        check_machine(Machine.model_validate(table))
