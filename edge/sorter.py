"""The line: every frame in, every decision out, every gate told when to move. Start reading here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from edge.belt import Belt
from edge.clocks import Clock
from edge.decide import Decider
from edge.gate_limits import MoveRefused
from edge.gates import GateMove
from edge.incidents import Incident, Incidents
from edge.journal import Journal, Planned
from edge.line_summary import LineSummary
from edge.overseer import Nobody, Overseer
from edge.parts import REJECT_BIN, Decision, Frame, Reason, Sighting
from edge.photo_eye import PartFinder
from edge.remembered_sizes import keep_sizes
from edge.schedule import Schedule
from edge.track import Track
from edge.tracker import Tracker
from edge.transit import GatePlace, Replanned
from edge.visual_speed import VisualSpeed


class Scorer(Protocol):
    """Scores a crop, (n, n, 3) uint8: one float32 per label."""

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score a picture of one part."""
        ...


@dataclass(frozen=True)
class Outcome:
    """A part and what was decided of it. crop: its picture, (n, n, 3) uint8, where a frame showed it."""

    track: Track
    decision: Decision
    decided_at: float
    crop: NDArray[np.uint8] | None = None


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
        places: Mapping[str, Sequence[GatePlace]],
        schedule: Schedule,
        journal: Journal,
        clock: Clock,
        settings: SorterSettings,
        visual: VisualSpeed,
        incidents: Incidents,
        on_incident: Callable[[Incident], None] = lambda _incident: None,
        overseer: Overseer | None = None,
    ) -> None:
        self._overseer = overseer or Nobody()
        self._finder, self._tracker, self._scorer, self._decider = finder, tracker, scorer, decider
        self._belt, self._places, self._schedule = belt, places, schedule
        self._journal, self._clock, self._settings = journal, clock, settings
        self._visual, self._incidents, self._on_incident = visual, incidents, on_incident
        # not written yet: SIGTERM may come in the middle of that, and what is left is then written at the end
        self._moves, self._changes = deque[GateMove](), deque[Replanned]()

    def step(self, frame: Frame) -> list[Outcome]:
        """Take in a frame; decide every part whose time has come.

        Raises CameraError, GateError or JournalError; the caller must then bring the gates to rest.
        """
        self._overseer.saw(frame)
        self.note_moves()
        sightings = self._finder.find(frame)
        if sightings is None:
            self._tracker.distrust()
        else:
            seen = self._tracker.update(sightings, frame)
            for track, sighting in seen:
                self._visual.see(track.number, sighting.x_mm, frame.taken_at)
            self._vote(seen, frame)
        next_frame_at = max(frame.taken_at, self._clock.now()) + self._settings.frame_interval_s
        return [self._settle(track) for track in self._undecided() if self._must_decide(track, next_frame_at)]

    def finish(self) -> list[Outcome]:
        """Decide what is still in the picture when no more frames come."""
        outcomes = [self._settle(track) for track in self._undecided()]
        self.note_moves()
        return outcomes

    @property
    def tracks(self) -> Sequence[Track]:
        """All parts in the picture, and those not far behind it."""
        return self._tracker.tracks

    def now(self) -> float:
        """Return the time on the machine clock."""
        return self._clock.now()

    def summary(self, *, failed: bool = False) -> LineSummary:
        """Say how the run went in terms of belt and gates.

        failed: an error has ended the line; gates or record may be what it lost, and are not asked any more.
        """
        if not failed:
            self.note_moves()
        return LineSummary(self._schedule.tally, self._visual.as_dict(), self._incidents.counts())

    def note_moves(self) -> None:
        """Write into the journal what the gates did and what happened to the line.

        Raises JournalError, and GateError of gates that have gone, once what is known is written.
        """
        try:
            self._moves += self._schedule.poll()
        finally:
            self._write_what_is_known()

    def _write_what_is_known(self) -> None:
        self._changes += self._schedule.take_changes()
        for change in self._changes:  # nothing is taken out before it is written: a signal may come in between
            if change.window is not None:
                self._journal.replanned(change.part, change.window)
        while self._moves:
            move = self._moves[0]
            if move.kind != "missed":
                self._journal.moved(move)
                self._overseer.moved(move)
            self._moves.popleft()
        while self._changes:  # after the moves, so that a row shows the opening that it was given up in
            change = self._changes[0]
            if change.reason is not None:
                self._journal.rejected(change.part, change.reason)
                self._overseer.gave_up(change.part, change.reason)
            self._changes.popleft()
        for incident in self._incidents.take():
            self._journal.incident(incident.at, incident.kind, incident.sentence)
            self._on_incident(incident)
        self._overseer.record(self._journal)

    def give_up(self) -> None:
        """Send to reject what was on its way to a gate, now that the gates rest for good, and judge what has been."""
        self._schedule.give_up()
        self._schedule.finish()

    def keep_sizes(self) -> None:
        """Leave what parts measured for the next run. Raises JournalError."""
        keep_sizes(self._journal, self._decider.sizes)

    def _vote(self, seen: Iterable[tuple[Track, Sighting]], frame: Frame) -> None:
        """Classify the parts with the fewest votes first, so that none goes without."""
        next_frame_at = frame.taken_at + self._settings.frame_interval_s
        for track, sighting in sorted(seen, key=lambda pair: len(pair[0].scores)):
            if not track.decided and (sighting.centred or track.crop is None):
                track.crop = sighting.crop
            if not self._wants_vote(track, sighting, next_frame_at):
                continue
            if self._settings.min_sharpness > 0 and sighting.sharpness < self._settings.min_sharpness:
                track.blurred += 1
            else:
                track.scores.append(self._scorer.scores(sighting.crop))
                track.voted_in.append((frame.number, frame.taken_at))

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
        places = chain.from_iterable(self._places.values())
        first_opening = min(place.window(track.mark_mm, self._belt).opens_at for place in places)
        return next_frame_at + self._settings.latency_s >= first_opening

    def _settle(self, track: Track) -> Outcome:
        decision = self._decider.decide(track)
        if not self._tracker.clear_behind(track, track.last_seen_at) and decision.reason is Reason.SORTED:
            decision = decision.rejected(Reason.CROWDED)
        if decision.bin in self._overseer.full_bins:
            decision = decision.rejected(Reason.BIN_FULL)
        planned = None
        if decision.bin != REJECT_BIN:
            decision, planned = self._plan(track, decision)
        track.bin = decision.bin
        decided_at = self._clock.now()
        self._overseer.decided(decision, track.crop)
        self._journal.decided(track, decision, decided_at, planned)
        crop, track.crop = track.crop, None  # it may hold on to the whole frame
        return Outcome(track, decision, decided_at, crop)

    def _plan(self, track: Track, decision: Decision) -> tuple[Decision, Planned | None]:
        ahead = self._tracker.ahead(track)
        places = [place for place in self._places[decision.label] if place.longest_mm >= track.length_mm]
        try:
            gate, window = self._schedule.plan(track.number, track.mark_mm, places, ahead.number if ahead else None)
        except MoveRefused as refusal:
            return decision.rejected(refusal.reason), None
        return decision, Planned(gate, window)
