"""One part over several frames is one Track, known again by where the belt says it must be."""

from __future__ import annotations

from dataclasses import dataclass

from edge.belt import Belt, mark_mm, position_mm
from edge.parts import Frame, Sighting
from edge.track import Track

FORGET_AFTER_MM = 200.0  # behind the picture's end; by then no other part can be close to it


@dataclass(frozen=True)
class Spacing:
    """How much belt a part needs for itself.

    half_window_mm: the gate acts on the belt this far before and behind the part's centre.
    guard_mm: how wrong a measured position may be. move_mm: how far the belt goes while a gate moves.
    """

    half_window_mm: float
    guard_mm: float
    move_mm: float = 0.0

    def free_mm(self, length_mm: float) -> float:
        """Return the gap a part of this length needs before and behind it."""
        return max(self.half_window_mm + self.move_mm - length_mm / 2, 0.0) + self.guard_mm

    @property
    def longest_part_mm(self) -> float:
        """Return the length of the longest part that a gate catches whole."""
        return 2 * (self.half_window_mm - self.guard_mm)


class Tracker:
    """Keeps the tracks of the parts in the picture and a little beyond it."""

    def __init__(self, belt: Belt, spacing: Spacing, view_mm: float) -> None:
        self._belt, self._spacing = belt, spacing
        self._half_view_mm = view_mm / 2
        self._next_number = 1
        self._covered_mm = (float("inf"), float("-inf"))
        self.tracks: list[Track] = []

    def update(self, sightings: list[Sighting], frame: Frame) -> list[tuple[Track, Sighting]]:
        """Match a frame's sightings with the tracks, starting new ones. Returns the parts that are whole in it."""
        self._forget(frame.taken_at)
        self._cover(frame.taken_at)
        marked = [(sighting, mark_mm(sighting.x_mm, frame.taken_at, self._belt)) for sighting in sightings]
        whole = [(sighting, mark) for sighting, mark in marked if sighting.whole]
        near = [(self._match(sighting, mark, frame.taken_at), sighting, mark) for sighting, mark in whole]
        known = [
            (track or self._displaced(sighting, mark, frame.taken_at), sighting, mark)
            for track, sighting, mark in near
            if track or not self._piece_of_known(sighting, mark)
        ]
        matched = [(track or self._start(sighting, mark, frame.taken_at), sighting) for track, sighting, mark in known]
        seen = {track.number for track, _ in matched}
        for track in self.tracks:
            if track.number not in seen and self.in_view(track, frame.taken_at):
                track.missed += 1
        self._mark_crowded([(*_extent(sighting, mark), sighting) for sighting, mark in marked])
        return matched

    def in_view(self, track: Track, at: float) -> bool:
        """Whether all of the part is, by the belt, in the picture at a moment."""
        x_mm = position_mm(track.mark_mm, at, self._belt)
        return abs(x_mm) + track.length_mm / 2 < self._half_view_mm - self._spacing.guard_mm

    def leaves_before(self, track: Track, at: float) -> bool:
        """Whether the part's front is, by the belt, past the picture's downstream end at a moment."""
        return position_mm(track.mark_mm, at, self._belt) + track.length_mm / 2 >= self._half_view_mm

    def clear_behind(self, track: Track, at: float) -> bool:
        """Whether the picture shows all of the belt behind the part that it needs for itself."""
        rear_mm = position_mm(track.mark_mm, at, self._belt) - track.length_mm / 2
        return rear_mm - self._spacing.free_mm(track.length_mm) >= -self._half_view_mm

    def ahead(self, track: Track) -> Track | None:
        """Return the nearest known part downstream of this one."""
        return max(
            (one for one in self.tracks if one.mark_mm < track.mark_mm), key=lambda one: one.mark_mm, default=None
        )

    def distrust(self) -> None:
        """Send every part not yet decided to reject: the picture could not be read."""
        for track in self.tracks:
            track.crowded = True

    def _match(self, sighting: Sighting, mark: float, taken_at: float) -> Track | None:
        near_mm = max(sighting.length_mm, sighting.width_mm) / 2
        best = min(
            (
                track
                for track in self.tracks
                if track.last_seen_at < taken_at and self._near(track, sighting, near_mm, mark)
            ),
            key=lambda track: abs(track.mark_mm - mark),
            default=None,
        )
        if best is not None:
            best.see(sighting, mark, taken_at)
        return best

    def _displaced(self, sighting: Sighting, mark: float, taken_at: float) -> Track | None:
        """Return the track on which this would lie, not seen in this frame: the same part, and the belt is in doubt.

        Two parts cannot lie on one another. Where it lies nobody knows then, so it is crowded.
        """
        for track in self.tracks:
            along_mm, across_mm = abs(track.mark_mm - mark), abs(track.y_mm - sighting.y_mm)
            lies_on_it = (
                along_mm < (track.length_mm + sighting.length_mm) / 2
                and across_mm < (track.width_mm + sighting.width_mm) / 4
            )
            if lies_on_it and track.last_seen_at < taken_at:
                track.see(sighting, mark, taken_at)
                track.crowded = True
                return track
        return None

    def _piece_of_known(self, sighting: Sighting, mark: float) -> bool:
        """Whether this lies inside a known part: a hole or a gleam seen apart while the part leaves the picture."""
        return any(
            abs(track.mark_mm - mark) <= track.length_mm / 2 and abs(track.y_mm - sighting.y_mm) <= track.width_mm / 2
            for track in self.tracks
        )

    @staticmethod
    def _near(track: Track, sighting: Sighting, near_mm: float, mark: float) -> bool:
        return abs(track.mark_mm - mark) <= near_mm and abs(track.y_mm - sighting.y_mm) <= near_mm

    def _start(self, sighting: Sighting, mark: float, taken_at: float) -> Track:
        track = Track(
            number=self._next_number,
            mark_mm=mark,
            y_mm=sighting.y_mm,
            length_mm=sighting.length_mm,
            width_mm=sighting.width_mm,
            first_seen_at=taken_at,
            last_seen_at=taken_at,
            out_of_view=sighting.cut_sideways,
            eyed=sighting.eyed,
            crowded=sighting.several or self._unseen_ahead(sighting, mark),
        )
        track.look(sighting)
        self._next_number += 1
        self.tracks.append(track)
        return track

    def _unseen_ahead(self, sighting: Sighting, mark: float) -> bool:
        """Whether frames were missed, so that another part may ride unseen just ahead of this one."""
        needed_mm = mark - sighting.length_mm / 2 - self._spacing.free_mm(sighting.length_mm)
        return needed_mm < self._covered_mm[0]

    def _mark_crowded(self, extents: list[tuple[float, float, Sighting]]) -> None:
        for track in self.tracks:
            rear, front = track.mark_mm + track.length_mm / 2, track.mark_mm - track.length_mm / 2
            free_mm = self._spacing.free_mm(track.length_mm)
            for other_rear, other_front, sighting in extents:
                gap_mm = max(other_front - rear, front - other_rear)
                if gap_mm < free_mm and not self._same(track, sighting, other_rear, other_front):
                    track.crowded = True
            for other in self.tracks:
                if other is track:
                    continue
                gap_mm = abs(other.mark_mm - track.mark_mm) - (other.length_mm + track.length_mm) / 2
                if gap_mm < max(free_mm, self._spacing.free_mm(other.length_mm)):
                    track.crowded = True

    def _same(self, track: Track, sighting: Sighting, rear: float, front: float) -> bool:
        """Whether this sighting, perhaps only a piece, is the track's own."""
        near_mm = max(track.length_mm, track.width_mm) / 2
        if abs(track.y_mm - sighting.y_mm) > near_mm:
            return False
        own_rear, own_front = track.mark_mm + track.length_mm / 2, track.mark_mm - track.length_mm / 2
        if sighting.cut_downstream and not sighting.cut_upstream:
            return abs(rear - own_rear) <= near_mm
        if sighting.cut_upstream:
            return not sighting.cut_downstream and abs(front - own_front) <= self._spacing.guard_mm
        return abs((rear + front) / 2 - track.mark_mm) <= near_mm

    def _cover(self, at: float) -> None:
        """Extend the stretch of belt, in marks, that has been seen without a gap."""
        travelled_mm = self._belt.travelled_mm(at)
        first, last = travelled_mm - self._half_view_mm, travelled_mm + self._half_view_mm
        before_first, before_last = self._covered_mm
        self._covered_mm = (before_first if first <= before_last else first, last)

    def _forget(self, now: float) -> None:
        limit_mm = self._half_view_mm + FORGET_AFTER_MM
        self.tracks = [
            track
            for track in self.tracks
            if not track.decided or position_mm(track.mark_mm, now, self._belt) < limit_mm
        ]


def _extent(sighting: Sighting, mark: float) -> tuple[float, float]:
    """Return the marks of a sighting's rear and front, as far as seen. Upstream is the larger mark: it passes later."""
    return mark + sighting.length_mm / 2, mark - sighting.length_mm / 2
