"""Parts told by a photo-eye: alone, or together with the picture.

An eye's beam crosses the belt. Its edges, turned into marks (see edge.belt), say where a part begins and ends along the
belt, exactly and without a picture; nothing of it says where across.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from edge.belt import Belt, position_mm
from edge.errors import CameraError
from edge.finder import Finder, square_crop
from edge.parts import Frame, Sighting
from edge.sensors import Edge, Sensor

MOST_SPANS = 64  # parts between the eye and the end of the picture


class PartFinder(Protocol):
    """Finds the parts in a frame: by the picture, by an eye, or by both."""

    def find(self, frame: Frame) -> list[Sighting] | None:
        """Return what is on the belt; None when nothing in the frame can be trusted. Raises CameraError."""
        ...


@dataclass
class Span:
    """Something passed the eye. front and rear are marks; rear is None while the beam is still broken."""

    front: float
    rear: float | None = None
    seen: bool = False

    def reaches(self, rear: float, front: float, spare_mm: float) -> bool:
        """Whether it overlaps a stretch of belt, in marks, give or take."""
        own_rear = float("inf") if self.rear is None else self.rear
        return self.front <= rear + spare_mm and front <= own_rear + spare_mm


@dataclass(frozen=True)
class EyeSettings:
    """at_mm: where the beam crosses, downstream of the picture's middle. min_gap_mm: what is closer is one part.

    view_mm, mm_per_px: of the picture. crop_mm: side of the crop when the eye alone finds parts. spare_mm: how far the
    picture's and the eye's idea of a part may be apart.
    """

    at_mm: float
    min_gap_mm: float
    view_mm: float
    mm_per_px: float
    crop_mm: float
    spare_mm: float


class PhotoEye:
    """Turns a sensor's edges into spans of belt, and counts those that no picture showed."""

    def __init__(self, sensor: Sensor, belt: Belt, settings: EyeSettings) -> None:
        self._sensor, self._belt, self.settings = sensor, belt, settings
        self._waiting: deque[Edge] = deque()
        self._spans: deque[Span] = deque()
        self.parts = 0
        self.without_part = 0

    def spans(self, taken_at: float) -> list[Span]:
        """Return what the eye says about a frame exposed at a moment: nothing that passed it only later.

        Raises CameraError when the eye flutters so that edges were lost.
        """
        self._waiting.extend(self._sensor.edges())
        if self._sensor.lost:
            raise CameraError(
                f"eye.pin: expected the edges of passing parts, found {self._sensor.lost} more than could be kept; "
                "the sensor flutters: align it, shade it from other light, and check its wiring"
            )
        while self._waiting and self._waiting[0].at <= taken_at:
            self._take(self._waiting.popleft())
        self._forget(taken_at)
        return list(self._spans)

    def blocked_mm(self, at: float) -> float:
        """Return how much belt has passed since the beam was broken, as of the last frame; 0 while it is whole."""
        last = self._spans[-1] if self._spans else None
        if last is None or last.rear is not None:
            return 0.0
        return self._belt.travelled_mm(at) - self.settings.at_mm - last.front

    def counts(self) -> dict[str, int]:
        """Return how many parts passed the eye, and how many of them no picture showed."""
        return {"parts": self.parts, "without_part": self.without_part}

    def _take(self, edge: Edge) -> None:
        mark = self._belt.travelled_mm(edge.at) - self.settings.at_mm
        last = self._spans[-1] if self._spans else None
        if not edge.active:
            if last is not None and last.rear is None:
                last.rear = mark
        elif last is not None and last.rear is not None and mark - last.rear < self.settings.min_gap_mm:
            last.rear = None  # a hole or a gleam: it is the same part still
        elif last is None or last.rear is not None:
            self._spans.append(Span(mark))
            self.parts += 1

    def _forget(self, now: float) -> None:
        end_mm = self.settings.view_mm / 2 + self.settings.spare_mm
        while self._spans and (
            len(self._spans) > MOST_SPANS
            or (self._spans[0].rear is not None and position_mm(self._spans[0].rear, now, self._belt) > end_mm)
        ):
            self.without_part += not self._spans.popleft().seen


class EyeFinder:
    """The eye alone: a part is where the beam was broken, in the middle of its lane."""

    def __init__(self, eye: PhotoEye, belt: Belt) -> None:
        self._eye, self._belt = eye, belt

    def find(self, frame: Frame) -> list[Sighting]:
        """Return the spans of belt that the frame shows, each with a crop round it, from upstream to downstream."""
        spans = self._eye.spans(frame.taken_at)
        found = [self._sighting(frame, span, self._crowded(span, spans)) for span in reversed(spans)]
        return [one for one in found if one is not None]

    def _crowded(self, span: Span, spans: list[Span]) -> bool:
        """Whether its crop would show another part as well."""
        if span.rear is None:
            return False
        middle, half_mm = (span.front + span.rear) / 2, self._eye.settings.crop_mm / 2
        return any(one is not span and one.reaches(middle + half_mm, middle - half_mm, 0.0) for one in spans)

    def _sighting(self, frame: Frame, span: Span, several: bool) -> Sighting | None:
        settings, half_mm = self._eye.settings, self._eye.settings.view_mm / 2
        front_mm = position_mm(span.front, frame.taken_at, self._belt)
        rear_mm = settings.at_mm if span.rear is None else position_mm(span.rear, frame.taken_at, self._belt)
        left_mm, right_mm = max(rear_mm, -half_mm), min(front_mm, half_mm)
        if right_mm <= left_mm:
            return None
        span.seen = True
        height, width = frame.image.shape[:2]
        left, right = (round(edge_mm / settings.mm_per_px + width / 2) for edge_mm in (left_mm, right_mm))
        side = min(round(settings.crop_mm / settings.mm_per_px), height, width)
        return Sighting(
            x_mm=(left_mm + right_mm) / 2,
            y_mm=0.0,
            length_mm=right_mm - left_mm,
            width_mm=right_mm - left_mm,  # nobody knows
            crop=square_crop(frame.image, (left, height // 2, right, height // 2), side),
            centred=side / 2 <= (left + right) / 2 <= width - side / 2,
            several=several,
            cut_upstream=span.rear is None or rear_mm < -half_mm,
            cut_downstream=front_mm > half_mm,
        )


class EyedFinder:
    """Both: the picture says where across and what, the eye says when; what only one of them saw is told."""

    def __init__(self, finder: Finder, eye: PhotoEye, belt: Belt) -> None:
        self._finder, self._eye, self._belt = finder, eye, belt

    def find(self, frame: Frame) -> list[Sighting] | None:
        """Return what the picture shows, placed along the belt by the eye where it saw the same."""
        spans = self._eye.spans(frame.taken_at)
        sightings = self._finder.find(frame)
        if sightings is None:
            return None
        return [self._placed(frame, sighting, spans) for sighting in sightings]

    def _placed(self, frame: Frame, sighting: Sighting, spans: list[Span]) -> Sighting:
        travelled_mm, half_mm = self._belt.travelled_mm(frame.taken_at), sighting.length_mm / 2
        mark = travelled_mm - sighting.x_mm
        own = [span for span in spans if span.reaches(mark + half_mm, mark - half_mm, self._eye.settings.spare_mm)]
        for span in own:
            span.seen = True
        if not own:
            return replace(sighting, eyed=False)
        if len(own) > 1:  # it may touch only one of them, or be two in one
            return replace(sighting, eyed=True, several=True)
        rear = own[0].rear
        if rear is None or not sighting.whole:
            return replace(sighting, eyed=True)
        x_mm = travelled_mm - (own[0].front + rear) / 2
        trusted = bool(np.isclose(x_mm, sighting.x_mm, atol=half_mm))
        return replace(sighting, eyed=True, x_mm=x_mm if trusted else sighting.x_mm)
