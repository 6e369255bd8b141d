"""One part over several frames is one Track; parts too close to each other are marked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.belt import FixedSpeedBelt, position_mm
from edge.parts import Frame, Sighting
from edge.shapes import Outline
from edge.track import MOST_OUTLINES
from edge.tracker import Spacing, Tracker

SPEED, VIEW = 150.0, 160.0
SPACING = Spacing(half_window_mm=28.0, guard_mm=3.0)
IMAGE = np.zeros((8, 8, 3), dtype=np.uint8)


@pytest.fixture
def tracker():
    return Tracker(FixedSpeedBelt(SPEED), SPACING, VIEW)


def ride(tracker, parts, *, interval_s=0.1, frames=30):
    """Let parts (mark, y, length) ride past the camera, showing each frame's pieces as a camera would."""
    belt = FixedSpeedBelt(SPEED)
    for number in range(frames):
        at = number * interval_s
        sightings = []
        for mark, y, length in parts:
            x = position_mm(mark, at, belt)
            rear, front = max(x - length / 2, -VIEW / 2), min(x + length / 2, VIEW / 2)
            if rear >= front:
                continue
            cut = {"cut_upstream": x - length / 2 < -VIEW / 2, "cut_downstream": x + length / 2 > VIEW / 2}
            sightings.append(Sighting((rear + front) / 2, y, front - rear, 20.0, IMAGE, **cut))
        tracker.update(sightings, Frame(IMAGE, at, number))
    return tracker.tracks


def test_one_part_in_many_frames_is_one_track(tracker):
    """However many frames show a part, it gets one number, and its mark is where it was fed."""
    (track,) = ride(tracker, [(150.0, 10.0, 20.0)])
    assert track.sightings > 5
    assert track.mark_mm == pytest.approx(150.0)
    assert not track.crowded


def test_dropped_frames_do_not_lose_a_part(tracker):
    """At 300 ms from frame to frame the belt still says which part is which."""
    tracks = ride(tracker, [(150.0, 0.0, 20.0), (220.0, 0.0, 20.0)], interval_s=0.3, frames=10)
    assert [track.mark_mm for track in tracks] == pytest.approx([150.0, 220.0])


@pytest.mark.parametrize(("gap_mm", "crowded"), [(19.0, True), (20.9, True), (21.2, False), (60.0, False)])
def test_parts_closer_than_the_gate_can_separate_are_both_crowded(tracker, gap_mm, crowded):
    """A part of 20 mm needs 28 - 10 + 3 = 21 mm of free belt on both sides."""
    tracks = ride(tracker, [(150.0, 0.0, 20.0), (150.0 + 20.0 + gap_mm, 0.0, 20.0)])
    assert [track.crowded for track in tracks] == [crowded, crowded]


def test_a_part_seen_where_it_cannot_be_is_the_same_part_in_doubt(tracker):
    """The belt's steps came late: for one frame a part of 20 mm lies 14 mm off. No two parts lie on one another."""
    for number, off_mm in enumerate([0.0, 0.0, 14.0, 0.0]):
        x = position_mm(0.0, number * 0.1, FixedSpeedBelt(SPEED)) + off_mm
        tracker.update([Sighting(x, 5.0, 20.0, 20.0, IMAGE)], Frame(IMAGE, number * 0.1, number))
    (track,) = tracker.tracks
    assert track.sightings == 4
    assert track.crowded


def test_two_parts_seen_together_stay_two_however_near(tracker):
    """Boxes of slanted parts overlap; each keeps its own track."""
    for number in range(4):
        x = position_mm(0.0, number * 0.1, FixedSpeedBelt(SPEED))
        pair = [Sighting(x, 0.0, 30.0, 20.0, IMAGE), Sighting(x - 18.0, 8.0, 30.0, 20.0, IMAGE)]
        tracker.update(pair[:: 1 if number % 2 else -1], Frame(IMAGE, number * 0.1, number))
    assert [track.sightings for track in tracker.tracks] == [4, 4]


def test_a_hole_seen_apart_while_a_part_leaves_is_no_new_part(tracker):
    """A piece inside a known part starts no track of its own."""
    ride(tracker, [(150.0, 10.0, 30.0)], frames=12)
    piece = Sighting(150.0 * 0.1 * 12 - 145.0, 12.0, 6.0, 6.0, IMAGE)
    tracker.update([piece], Frame(IMAGE, 1.2, 12))
    assert len(tracker.tracks) == 1


def test_parts_side_by_side_are_crowded(tracker):
    """A gate acts across the whole belt: two parts abreast cannot be separated."""
    tracks = ride(tracker, [(150.0, -30.0, 20.0), (150.0, 30.0, 20.0)])
    assert [track.crowded for track in tracks] == [True, True]


def test_a_follower_still_half_outside_counts(tracker):
    """The belt behind a part is judged by what the picture's edge shows of the next one."""
    belt = FixedSpeedBelt(SPEED)
    part = Sighting(-30.0, 0.0, 20.0, 20.0, IMAGE)
    follower = Sighting(-70.0, 0.0, 20.0, 20.0, IMAGE, cut_upstream=True)
    tracker.update([follower, part], Frame(IMAGE, 0.0, 0))
    (track,) = tracker.tracks
    assert track.crowded
    assert position_mm(track.mark_mm, 0.0, belt) == pytest.approx(-30.0)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 120), min_size=1, max_size=8), st.floats(0.03, 0.12))
def test_every_part_gets_exactly_one_track(gaps, interval_s):
    """For any spacing of parts that do not touch and any frame rate that shows them: as many tracks as parts."""
    marks = list(np.cumsum([150.0, *(gap + 22.0 for gap in gaps)]))
    tracker = Tracker(FixedSpeedBelt(SPEED), SPACING, VIEW)
    frames = int((marks[-1] + 200) / SPEED / interval_s) + 2
    tracks = ride(tracker, [(mark, 0.0, 20.0) for mark in marks], interval_s=interval_s, frames=frames)
    assert [track.mark_mm for track in tracks] == pytest.approx(marks, abs=1e-6)


def test_decided_parts_are_forgotten_far_downstream(tracker):
    """The list of tracks does not grow with the day."""
    (track,) = ride(tracker, [(150.0, 0.0, 20.0)], frames=20)
    track.bin = "reject"
    tracker.update([], Frame(IMAGE, 10.0, 99))
    assert tracker.tracks == []


def test_a_frame_that_cannot_be_trusted_marks_every_part(tracker):
    """What rides through a picture that is no picture goes to reject."""
    (track,) = ride(tracker, [(150.0, 0.0, 20.0)], frames=12)
    tracker.distrust()
    assert track.crowded


def test_a_track_keeps_the_outlines_seen_nearest_the_middle(tracker):
    """A few, however often the part is seen, and none that may hold another part."""
    for number, x_mm in enumerate((-60.0, -45.0, -30.0, -15.0, 0.0, 15.0)):
        outline = Outline(np.ones((4, 8), dtype=bool), float(number + 1))
        seen = Sighting(x_mm, 0.0, 20.0, 20.0, IMAGE, outline=outline, several=number == 4)
        tracker.update([seen], Frame(IMAGE, number * 0.1, number))
    (track,) = tracker.tracks
    assert [distance for distance, _ in track.outlines] == [15.0, 15.0, 30.0]
    assert len(track.shapes) == MOST_OUTLINES


def test_a_part_is_eyed_once_the_eye_saw_it(tracker):
    """The eye may stand further on than the frame that shows the part first."""
    for number, eyed in enumerate((False, True, False)):
        seen = Sighting(-60.0 + 15 * number, 0.0, 20.0, 20.0, IMAGE, eyed=eyed)
        tracker.update([seen], Frame(IMAGE, number * 0.1, number))
        assert tracker.tracks[0].eyed == (number > 0)
