"""The line: every frame in, every decision out, every gate told when to move. Start reading here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.belt import Belt, arrival
from edge.clocks import Clock
from edge.decide import Decider
from edge.gate_limits import MoveRefused, Window
from edge.gates import Gates
from edge.journal import Journal, Planned
from edge.parts import REJECT_BIN, Decision, Frame, Reason, Sighting
from edge.photo_eye import PartFinder
from edge.tracker import Track, Tracker


class Scorer(Protocol):
    """Scores a crop, (n, n, 3) uint8: one float32 per label."""

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score a picture of one part."""
        ...


@dataclass(frozen=True)
class GatePlace:
    """Where a bin's gate is and how it acts: see GateTable in edge.machine."""

    gate: str
    travel_mm: float
    lag_s: float
    dwell_s: float

    def window(self, mark: float, belt: Belt) -> Window:
        """Say when to open so that the gate acts while the part's centre, half a dwell before and after, passes it."""
        opens_at = arrival(mark, self.travel_mm, belt) - self.lag_s - self.dwell_s / 2
        return Window(opens_at, opens_at + self.dwell_s)


@dataclass(frozen=True)
class Outcome:
    """A part and what was decided of it."""

    track: Track
    decision: Decision
    decided_at: float


@dataclass(frozen=True)
class SorterSettings:
    """max_votes: frames that vote on a part. frame_interval_s: time to the next frame. latency_s: frame to decision.

    min_sharpness: a crop with a lower blur score (see edge.sharpness) has no vote.
    """

    max_votes: int
    frame_interval_s: float
    latency_s: float
    min_sharpness: float = 0.0


class Sorter:
    """Takes frames one by one. Everything it uses arrives by constructor; it owns none of it."""

    def __init__(
        self,
        *,
        finder: PartFinder,
        tracker: Tracker,
        scorer: Scorer,
        decider: Decider,
        belt: Belt,
        places: dict[str, GatePlace],
        gates: Gates,
        journal: Journal,
        clock: Clock,
        settings: SorterSettings,
    ) -> None:
        self._finder, self._tracker, self._scorer, self._decider = finder, tracker, scorer, decider
        self._belt, self._places, self._gates = belt, places, gates
        self._journal, self._clock, self._settings = journal, clock, settings

    def step(self, frame: Frame) -> list[Outcome]:
        """Take in a frame; decide every part whose time has come.

        Raises CameraError, GateError or JournalError; the caller must then bring the gates to rest.
        """
        self.note_moves()
        sightings = self._finder.find(frame)
        if sightings is None:
            self._tracker.distrust()
        else:
            self._vote(self._tracker.update(sightings, frame), frame.taken_at + self._settings.frame_interval_s)
        next_frame_at = max(frame.taken_at, self._clock.now()) + self._settings.frame_interval_s
        return [self._settle(track) for track in self._undecided() if self._must_decide(track, next_frame_at)]

    def finish(self) -> list[Outcome]:
        """Decide what is still in the picture when no more frames come."""
        outcomes = [self._settle(track) for track in self._undecided()]
        self.note_moves()
        return outcomes

    def note_moves(self) -> None:
        """Write the gates' moves into the journal."""
        for move in self._gates.poll():
            self._journal.moved(move)

    def _vote(self, seen: Iterable[tuple[Track, Sighting]], next_frame_at: float) -> None:
        """Classify the parts with the fewest votes first, so that none goes without."""
        for track, sighting in sorted(seen, key=lambda pair: len(pair[0].scores)):
            if not self._wants_vote(track, sighting, next_frame_at):
                continue
            if self._settings.min_sharpness > 0 and sighting.sharpness < self._settings.min_sharpness:
                track.blurred += 1
            else:
                track.scores.append(self._scorer.scores(sighting.crop))

    def _wants_vote(self, track: Track, sighting: Sighting, next_frame_at: float) -> bool:
        if track.decided or len(track.scores) >= self._settings.max_votes:
            return False
        # a crop that had to move aside shows the part off its middle: only better than nothing
        return sighting.centred or (not track.scores and self._must_decide(track, next_frame_at))

    def _undecided(self) -> list[Track]:
        return [track for track in self._tracker.tracks if not track.decided]

    def _must_decide(self, track: Track, next_frame_at: float) -> bool:
        """Whether the next frame would tell nothing more, or would come too late for the nearest gate."""
        if self._tracker.leaves_before(track, next_frame_at):
            return True
        first_opening = min(place.window(track.mark_mm, self._belt).opens_at for place in self._places.values())
        return next_frame_at + self._settings.latency_s >= first_opening

    def _settle(self, track: Track) -> Outcome:
        decision = self._decider.decide(track)
        if not self._tracker.clear_behind(track, track.last_seen_at) and decision.reason is Reason.SORTED:
            decision = decision.rejected(Reason.CROWDED)
        planned = None
        if decision.bin != REJECT_BIN:
            decision, planned = self._plan(track, decision)
        track.bin = decision.bin
        decided_at = self._clock.now()
        self._journal.decided(track, decision, decided_at, planned)
        return Outcome(track, decision, decided_at)

    def _plan(self, track: Track, decision: Decision) -> tuple[Decision, Planned | None]:
        place = self._places[decision.bin]
        window = place.window(track.mark_mm, self._belt)
        ahead = self._tracker.ahead(track)
        hold = ahead is not None and ahead.bin == decision.bin
        try:
            self._gates.move_at(place.gate, window, track.number, hold=hold)
        except MoveRefused as refusal:
            return decision.rejected(refusal.reason), None
        return decision, Planned(place.gate, window)
