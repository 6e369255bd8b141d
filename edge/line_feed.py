"""An Onlooker that tells a watching process what it needs and never waits for it: what finds no room is dropped.

The sorter's thread only counts and leaves things here; whoever looks after the line, twenty times a second, copies
pictures and sends.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.belt import Belt
from edge.clocks import Clock
from edge.feed_asks import Buttons, Labels
from edge.frame_pictures import FramePictures, Seen, lying
from edge.gates import GateMove
from edge.incidents import Incident
from edge.journal import Journal, is_doubtful
from edge.line_asked import Asked, CommandAsked, LabelAsked, SlotFreed, Watchers
from edge.line_counts import LineCounts
from edge.line_told import (
    Answer,
    Condition,
    GivenUp,
    IncidentTold,
    PartTold,
    Told,
)
from edge.parts import Decision, Frame, Reason
from edge.picture_slots import PictureSlots, thinned
from edge.sorter import Outcome
from edge.track import Track

PICTURE_EVERY_S, TELL_EVERY_S = 0.2, 0.5
MOST_CROP_PX = 112
MOST_KNOWN = 2048  # decisions kept, for parts that are drawn or given up later
MOST_WAITING = 256  # records that were not sent yet


class Channel(Protocol):
    """The way to whoever watches, and back."""

    def send(self, told: Told) -> bool:
        """Send without waiting; say whether there was room."""
        ...

    def receive(self) -> list[Asked]:
        """Return what has come in, without waiting."""
        ...


@dataclass(frozen=True)
class _Decided:
    """A part to be told."""

    outcome: Outcome
    latency_ms: float

    def told(self) -> PartTold:
        """Return it as it is told, with a small picture."""
        outcome, decision = self.outcome, self.outcome.decision
        return PartTold(
            part=outcome.track.number,
            at=outcome.decided_at,
            label=decision.label,
            score=decision.score,
            scores=decision.scores,
            bin=decision.bin,
            reason=str(decision.reason),
            latency_ms=self.latency_ms,
            doubtful=is_doubtful(outcome.track, decision),
            crop=None if outcome.crop is None else thinned(outcome.crop, MOST_CROP_PX),
        )


class LineFeed:
    """Counts in the sorter's thread; `look` tells, a few times a second, and `commands` hears what is asked."""

    def __init__(
        self, channel: Channel, slots: PictureSlots, *, belt: Belt, mm_per_px: float, clock: Clock, journal: Journal
    ) -> None:
        self._channel, self._slots, self._frames = channel, slots, FramePictures(slots, belt, mm_per_px)
        self._belt, self._clock, self._journal = belt, clock, journal
        self._lock = threading.Lock()
        self._counts, self._buttons, self._labels = LineCounts(), Buttons(self._tell), Labels()
        self._decisions: OrderedDict[int, Decision] = OrderedDict()
        self._answers: list[Answer] = []
        self._waiting = deque[Told | _Decided]()
        self._seen: Seen | None = None
        self._watchers = 0
        self._picture_at = self._tell_at = float("-inf")
        self._told_condition: tuple[object, ...] | None = None

    def saw(self, frame: Frame | None, outcomes: Sequence[Outcome], tracks: Sequence[Track]) -> None:
        """Count a frame and its decisions, and keep the frame to be shown if it is time and somebody looks."""
        with self._lock:
            for outcome in outcomes:
                self._decided(outcome, frame)
            if frame is None:
                return
            self._counts.frames += 1
            if self._watchers and frame.taken_at >= self._picture_at:
                self._picture_at = frame.taken_at + PICTURE_EVERY_S
                self._seen = Seen(frame, lying(tracks))

    def happened(self, incident: Incident) -> None:
        """Count an incident, and tell it."""
        with self._lock:
            self._counts.happened(str(incident.kind))
            self._leave(IncidentTold(incident.at, str(incident.kind), incident.cause, incident.remedy))

    def moved(self, move: GateMove) -> None:
        """Measure a move of a gate."""
        with self._lock:
            self._counts.moved(move)

    def gave_up(self, part: int, reason: Reason) -> None:
        """Count a part that goes to reject after all."""
        with self._lock:
            decision = self._decisions.get(part)
            if decision is not None:
                self._counts.gave_up(decision, reason)
                self._decisions[part] = decision.rejected(reason)
            self._leave(GivenUp(part, str(reason)))

    def record(self, journal: Journal) -> None:
        """Write down what somebody has said of a part, in the sorter's thread: nobody else ever holds the journal."""
        for came in self._labels.write(journal, self._clock.now()):
            with self._lock:
                self._leave(came)

    def look(self, condition: Condition) -> None:
        """Pass on what was left here, and how the line is: at once when that has changed, else now and then."""
        with self._lock:
            waiting, seen = list(self._waiting), self._seen
            self._waiting.clear()
            self._seen = None
        for left in waiting:
            self._tell(left.told() if isinstance(left, _Decided) else left)
        if seen is not None:
            self._show(seen)
        self._tell_condition(condition)
        for answer in self._answers:  # behind the state that they led to
            self._tell(answer)
        self._answers.clear()

    def _tell_condition(self, condition: Condition) -> None:
        changed = (condition.state, condition.since, condition.standing, condition.full_bins)
        if changed == self._told_condition and condition.at < self._tell_at:
            return
        self._told_condition, self._tell_at = changed, condition.at + TELL_EVERY_S
        with self._lock:
            totals = self._counts.totals(condition.at, self._belt.speed_mm_s)
        self._tell(condition)
        self._tell(totals)

    def commands(self) -> list[CommandAsked]:
        """Return what is asked of the line now, each command once; what is too late or too often is refused here."""
        for asked in self._channel.receive():
            self._take(asked)
        return self._buttons.take()

    def answer(self, asked: CommandAsked, problem: str | None) -> None:
        """Tell what came of a command."""
        self._answers.append(Answer(asked.ask, problem))

    def restarted(self) -> None:
        """Whoever watched has ended, and another begins: it holds no picture, and nobody looks yet."""
        self._slots.give_back_all()
        self._watchers, self._told_condition = 0, None

    def _decided(self, outcome: Outcome, frame: Frame | None) -> None:
        track, decision = outcome.track, outcome.decision
        self._decisions[track.number] = decision
        while len(self._decisions) > MOST_KNOWN:
            self._decisions.popitem(last=False)
        latency_ms = max(0.0, outcome.decided_at - (frame.taken_at if frame else track.last_seen_at)) * 1000
        self._counts.decided(decision, latency_ms)
        self._leave(_Decided(outcome, latency_ms))

    def _leave(self, told: Told | _Decided) -> None:
        """Keep it to be sent; when nobody has sent for long the oldest falls out, counted."""
        if len(self._waiting) == MOST_WAITING:
            self._waiting.popleft()
            self._counts.untold += 1
        self._waiting.append(told)

    def _show(self, seen: Seen) -> None:
        picture = self._frames.picture(seen, self._decisions)
        if picture is not None and not self._tell(picture):
            self._slots.give_back(picture.slot)

    def _take(self, asked: Asked) -> None:
        if isinstance(asked, SlotFreed):
            self._slots.give_back(asked.slot)
        elif isinstance(asked, Watchers):
            self._watchers = asked.count
        elif isinstance(asked, LabelAsked):
            refusal = self._labels.say(asked)
            if refusal is not None:
                self._tell(refusal)
        else:
            self._buttons.press(asked, self._clock.now())

    def _tell(self, told: Told) -> bool:
        sent = self._channel.send(told)
        self._counts.untold += not sent
        return sent
