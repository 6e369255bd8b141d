"""A pretend belt: parts are fed, ride under the camera, pass the gates, and end in a bin.

Where a part ends is physics, not bookkeeping: the gate whose pin is away from rest (its lag later) while the part's
centre passes it takes the part; a part that no gate takes rides on to reject.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edge.belt import Belt, arrival, position_mm
from edge.gate_tables import GateTable
from edge.gates import GateMove
from edge.machine import Machine
from edge.part_sources import PartSource
from edge.parts import REJECT_BIN
from edge.render import Sprite, ground_texture, paste_sprite

SIDE_MARGIN_MM = 8.0  # room for a shadow
FED_BEFORE_MM = 100.0  # the picture; parts exist from there on
CLOSE_SHARE = 0.03  # of the parts follow so closely that the gates cannot separate them, as on a real feeder
CLOSE_MM = (4.0, 14.0)  # of free belt between two such parts
_TILE_PX = 1024
_NOISE_FRAMES = 5


@dataclass(frozen=True, eq=False, slots=True)
class FedPart:
    """A part that was put on the belt. mark_mm and y_mm say where it lies (see edge.belt), length_mm is along the belt.

    What it looks like is not kept: a shift has tens of thousands of parts.
    """

    number: int
    label: str
    mark_mm: float
    y_mm: float
    length_mm: float


class _Moves:
    """When a gate's pin was seen to change, and whether to away; a shift has tens of thousands of moves."""

    def __init__(self) -> None:
        self.at, self.away = array("d"), bytearray()

    def add(self, at: float, *, away: bool) -> None:
        """Take in a change, later than all before."""
        self.at.append(at)
        self.away.append(away)


@dataclass(frozen=True, eq=False)
class _Laid:
    """A part where a camera may still see it."""

    part: FedPart
    sprite: Sprite


@dataclass(frozen=True)
class Fate:
    """Where a part ended: a bin, or None while it is still on the belt. struck: a gate moved while it passed."""

    bin: str | None
    struck: bool


class Feeder:
    """Puts parts on the belt one after the other, the same ones for the same seed."""

    def __init__(
        self, source: PartSource, *, machine: Machine, rate_per_min: float, first_mark_mm: float, seed: int
    ) -> None:
        self._source, self._camera = source, machine.camera
        self._lane_mm = _lane_mm(machine)
        self._pitch_mm = machine.belt.speed_mm_s * 60 / rate_per_min
        self._rng = np.random.default_rng([seed, 1])
        self._first_mark_mm = first_mark_mm
        self._last: FedPart | None = None

    def next_part(self) -> tuple[FedPart, Sprite]:
        """Feed the next part, some way behind the last one, and say what it looks like."""
        rng = self._rng
        label = self._source.labels[int(rng.integers(len(self._source.labels)))]
        sprite = self._source.sprite(label, rng, 1 / self._camera.mm_per_px)
        half_mm = self._lane_mm / 2 - sprite.width_mm / 2
        y_mm = float(rng.uniform(-half_mm, half_mm)) if half_mm > 0 else 0.0
        number = self._last.number + 1 if self._last else 1
        self._last = FedPart(number, label, self._next_mark(sprite), y_mm, sprite.length_mm)
        return self._last, sprite

    def put_off(self, mark_mm: float) -> FedPart:
        """Lay the last part further upstream, and with it all that follow it."""
        assert self._last is not None, "feed a part first"
        self._last = replace(self._last, mark_mm=max(mark_mm, self._last.mark_mm))
        return self._last

    def _next_mark(self, sprite: Sprite) -> float:
        if self._last is None:
            return self._first_mark_mm
        halves_mm = (self._last.length_mm + sprite.length_mm) / 2
        close = self._rng.random() < CLOSE_SHARE
        gap_mm = self._rng.uniform(*CLOSE_MM) if close else self._rng.uniform(0.5, 1.5) * self._pitch_mm - halves_mm
        return self._last.mark_mm + halves_mm + max(float(gap_mm), CLOSE_MM[0])


def _lane_mm(machine: Machine) -> float:
    """Return how wide the middle of the belt is that parts ride in: an eye alone cannot tell where across it one is."""
    if machine.finder.source == "eye" and machine.eye is not None:
        return machine.eye.lane_mm or 0.0
    return machine.camera.height_px * machine.camera.mm_per_px - 2 * SIDE_MARGIN_MM


class EmulatedBelt:
    """The belt with everything on it: draws what the camera sees, and knows where each part ends."""

    def __init__(
        self, machine: Machine, belt: Belt, feeder: Feeder, *, count: int | None, seed: int, tiles: bool
    ) -> None:
        """count: parts to feed, None for no end. tiles: a green belt that sets photographs off, else a light one."""
        self._machine, self._belt, self._feeder, self._count = machine, belt, feeder, count
        self._draw = _BeltPicture(machine.camera.width_px, machine.camera.height_px, seed, tiles=tiles)
        self._half_view_mm = machine.camera.view_mm / 2
        self._moves = {gate.name: _Moves() for gate in machine.gates}
        self._gates = sorted(machine.gates, key=lambda gate: gate.travel_mm)
        self._end_mm = self._gates[-1].travel_mm + 2 * self._half_view_mm
        self._waiting = _Laid(*feeder.next_part())
        self._in_view: list[_Laid] = []
        self.fed: list[FedPart] = []

    def picture_at(self, at: float) -> NDArray[np.uint8]:
        """Draw what the camera sees at a moment, (H, W, 3) uint8. Moments must not go back."""
        self._feed_until(at)
        scale = self._machine.camera.mm_per_px
        image = self._draw.ground(self._belt.travelled_mm(at) / scale)
        height, width = image.shape[:2]
        for laid in self._in_view:
            x_px = width / 2 + position_mm(laid.part.mark_mm, at, self._belt) / scale
            paste_sprite(image, laid.sprite, x_px, height / 2 + laid.part.y_mm / scale)
        return image

    def put_off(self, mark_mm: float) -> None:
        """Feed nothing more before this mark."""
        self._waiting = _Laid(self._feeder.put_off(mark_mm), self._waiting.sprite)

    @property
    def last_rear_mm(self) -> float:
        """The mark of the rear of what was fed last; of what will be fed first, as long as nothing was."""
        last = self.fed[-1] if self.fed else self._waiting.part
        return last.mark_mm + last.length_mm / 2

    def finished(self, at: float) -> bool:
        """Whether every part to be fed has passed the last gate by then."""
        if self._count is None or len(self.fed) < self._count:
            return False
        return position_mm(self.fed[-1].mark_mm, at, self._belt) > self._end_mm

    def note(self, move: GateMove) -> None:
        """Take in that a gate's pin has changed."""
        if move.kind != "missed":
            self._moves[move.gate].add(move.at, away=move.kind == "opened")

    def fate(self, part: FedPart, at: float) -> Fate:
        """Say where a part has ended by a moment."""
        struck = False
        for gate in self._gates:
            passes_at = arrival(part.mark_mm, gate.travel_mm, self._belt)
            if passes_at > at:
                return Fate(None, struck)
            struck |= self._moves_during(gate, part)
            if self._diverts_at(gate, passes_at):
                return Fate(gate.bin, struck)
        return Fate(REJECT_BIN, struck)

    def taken(self, part: FedPart, now: float) -> tuple[str, float] | None:
        """Return the gate that took a part, and when, if one has by now."""
        for gate in self._gates:
            passes_at = arrival(part.mark_mm, gate.travel_mm, self._belt)
            if passes_at > now:
                return None
            if self._diverts_at(gate, passes_at):
                return gate.name, passes_at
        return None

    def _feed_until(self, at: float) -> None:
        reach_mm = self._half_view_mm + FED_BEFORE_MM
        while (self._count is None or len(self.fed) < self._count) and position_mm(
            self._waiting.part.mark_mm, at, self._belt
        ) > -reach_mm:
            self.fed.append(self._waiting.part)
            self._in_view.append(self._waiting)
            self._waiting = _Laid(*self._feeder.next_part())
        self._in_view = [one for one in self._in_view if position_mm(one.part.mark_mm, at, self._belt) < reach_mm]

    def _diverts_at(self, gate: GateTable, at: float) -> bool:
        """Whether the gate is wholly away from rest at a moment: it leaves lag_ms after its pin, and takes move_ms."""
        moves = self._moves[gate.name]
        begun = bisect.bisect_right(moves.at, at, key=lambda moved_at: moved_at + gate.lag_ms / 1000)
        return begun > 0 and bool(moves.away[begun - 1]) and moves.at[begun - 1] + gate.lead_ms / 1000 <= at

    def _moves_during(self, gate: GateTable, part: FedPart) -> bool:
        """Whether the gate moves while the part's body is at it."""
        half_mm = part.length_mm / 2
        enters_at = arrival(part.mark_mm - half_mm, gate.travel_mm, self._belt)
        leaves_at = arrival(part.mark_mm + half_mm, gate.travel_mm, self._belt)
        moves, lag_s, lead_s = self._moves[gate.name], gate.lag_ms / 1000, gate.lead_ms / 1000
        first = bisect.bisect_right(moves.at, enters_at, key=lambda moved_at: moved_at + lead_s)
        return first < len(moves.at) and moves.at[first] + lag_s < leaves_at


class _BeltPicture:
    """The empty belt: still light and shade, texture that moves with the belt, noise of the sensor."""

    def __init__(self, width_px: int, height_px: int, seed: int, *, tiles: bool) -> None:
        rng = np.random.default_rng([seed, 2])
        light = ground_texture(rng, width_px, height_px)
        if tiles:
            light = (light * np.array([0.12, 0.42, 0.30])).astype(np.uint8)
        lit = np.clip(light, 24, 240)  # so bright that no grain and so dark that no noise rolls it over
        grain = rng.integers(0, 9, (height_px, _TILE_PX, 1), dtype=np.uint8)
        self._grain = np.repeat(np.concatenate([grain, grain[:, :width_px]], axis=1), 3, axis=2)
        self._lit = lit + rng.integers(0, 7, (_NOISE_FRAMES, height_px, width_px, 3), dtype=np.uint8)
        self._width, self._turn = width_px, 0

    def ground(self, travelled_px: float) -> NDArray[np.uint8]:
        """Draw the empty belt after this much travel, (H, W, 3) uint8, a new array."""
        offset = -round(travelled_px) % _TILE_PX
        self._turn = (self._turn + 1) % len(self._lit)
        image: NDArray[np.uint8] = self._lit[self._turn] - self._grain[:, offset : offset + self._width]
        return image


def first_mark(at: float, machine: Machine, belt: Belt) -> float:
    """Return the mark of a part that is 100 mm upstream of the camera's picture at a moment."""
    return belt.travelled_mm(at) + machine.camera.view_mm / 2 + 100


def fates(belt: EmulatedBelt, at: float) -> Sequence[tuple[FedPart, Fate]]:
    """Pair every part fed with where it has ended by a moment."""
    return [(part, belt.fate(part, at)) for part in belt.fed]
