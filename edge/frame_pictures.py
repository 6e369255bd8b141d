"""A frame as it is shown to who watches: a picture in shared memory, and a box around each part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.belt import Belt, position_mm
from edge.line_told import Box, PictureTold
from edge.parts import Decision, Frame
from edge.picture_slots import PictureSlots
from edge.track import Track

Lying = tuple[int, float, float, float, float]
"""Of a part: number, mark, y, length and width in mm. A copy, because a track goes on changing."""


@dataclass(frozen=True)
class Seen:
    """A frame to be shown, and where parts lay then."""

    frame: Frame
    lying: Sequence[Lying]


def lying(tracks: Iterable[Track]) -> list[Lying]:
    """Say where parts lie now."""
    return [(one.number, one.mark_mm, one.y_mm, one.length_mm, one.width_mm) for one in tracks]


class FramePictures:
    """Puts frames into slots that who watches gives back."""

    def __init__(self, slots: PictureSlots, belt: Belt, mm_per_px: float) -> None:
        self._slots, self._belt, self._mm_per_px = slots, belt, mm_per_px

    def picture(self, seen: Seen, decisions: Mapping[int, Decision]) -> PictureTold | None:
        """Put a frame into a slot, for whoever is told of it; None where the last ones have not been looked at yet."""
        frame = seen.frame
        put = self._slots.put(frame.image)
        if put is None:
            return None
        slot, width, height = put
        boxes = (self._box(one, frame.taken_at, width, height, decisions.get(one[0])) for one in seen.lying)
        shown = tuple(box for box in boxes if box.place[2] > 0 and box.place[0] < width)
        return PictureTold(frame.number, frame.taken_at, slot, width, height, shown)

    def _box(self, one: Lying, at: float, width: int, height: int, decision: Decision | None) -> Box:
        number, mark_mm, y_mm, length_mm, width_mm = one
        scale = self._mm_per_px * self._slots.step
        x = width / 2 + position_mm(mark_mm, at, self._belt) / scale
        y = height / 2 + y_mm / scale
        half_x, half_y = length_mm / scale / 2, width_mm / scale / 2
        place = (round(x - half_x, 1), round(y - half_y, 1), round(x + half_x, 1), round(y + half_y, 1))
        if decision is None:
            return Box(number, place)
        return Box(number, place, decision.label, decision.score, decision.bin, str(decision.reason))
