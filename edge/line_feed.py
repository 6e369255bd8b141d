"""An Onlooker that tells a watching process what it needs and never waits for it: what finds no room is dropped."""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from typing import Protocol

from edge.belt import Belt, position_mm
from edge.clocks import Clock
from edge.corrections import correct
from edge.gates import GateMove
from edge.incidents import Incident
from edge.journal import Journal, is_doubtful
from edge.journal_schema import JournalError
from edge.line_asked import Asked, CommandAsked, LabelAsked, SlotFreed, Watchers
from edge.line_told import (
    Answer,
    Box,
    Condition,
    GivenUp,
    IncidentTold,
    Labelled,
    PartTold,
    PictureTold,
    Told,
    Totals,
)
from edge.parts import Decision, Frame, Reason
from edge.picture_slots import PictureSlots, thinned
from edge.sorter import Outcome
from edge.spread import SpreadCounter
from edge.states import Command
from edge.track import Track

PICTURE_EVERY_S, TELL_EVERY_S = 0.2, 0.25
MOST_CROP_PX = 112
MOST_LABELS = 16  # waiting to be written down
MOST_KNOWN = 2048  # decisions kept, for parts that are drawn or given up later
LATEST_COMMAND_S = 2.0  # what may let gates move and is older than this was asked of another situation
_MAY_MOVE = (Command.START, Command.RESET)


class Channel(Protocol):
    """The way to whoever watches, and back."""

    def send(self, told: Told) -> bool:
        """Send without waiting; say whether there was room."""
        ...

    def receive(self) -> list[Asked]:
        """Return what has come in, without waiting."""
        ...


class LineFeed:
    """Counts in the sorter's thread, tells at most a few times a second, and hears what is asked."""

    def __init__(
        self, channel: Channel, slots: PictureSlots, *, belt: Belt, mm_per_px: float, clock: Clock, journal: Journal
    ) -> None:
        self._channel, self._slots = channel, slots
        self._belt, self._mm_per_px, self._clock, self._journal = belt, mm_per_px, clock, journal
        self._lock = threading.Lock()
        self._frames = self._untold = 0
        self._by_bin, self._by_reason, self._incidents = Counter[str](), Counter[str](), Counter[str]()
        self._given_up_of, self._given_up_for = Counter[str](), Counter[str]()
        self._latency, self._gate_error = SpreadCounter(), SpreadCounter()
        self._decisions: OrderedDict[int, Decision] = OrderedDict()
        self._commands = deque[CommandAsked]()
        self._labels = deque[LabelAsked]()
        self._watchers = 0
        self._picture_at = self._tell_at = float("-inf")
        self._told_condition: tuple[object, ...] | None = None

    def saw(self, frame: Frame | None, outcomes: Sequence[Outcome], tracks: Sequence[Track]) -> None:
        """Count a frame and its decisions, and pass the picture on if it is time and somebody looks."""
        with self._lock:
            for outcome in outcomes:
                self._decided(outcome, frame)
            if frame is None:
                return
            self._frames += 1
            if self._watchers and frame.taken_at >= self._picture_at:
                self._show(frame, tracks)

    def happened(self, incident: Incident) -> None:
        """Count an incident, and tell it."""
        with self._lock:
            self._incidents[str(incident.kind)] += 1
            self._tell(IncidentTold(incident.at, str(incident.kind), incident.cause, incident.remedy))

    def moved(self, move: GateMove) -> None:
        """Measure a move of a gate."""
        if move.due_at is not None:
            with self._lock:
                self._gate_error.add(abs(move.at - move.due_at) * 1000)

    def gave_up(self, part: int, reason: Reason) -> None:
        """Count a part that goes to reject after all."""
        with self._lock:
            decision = self._decisions.get(part)
            if decision is not None:
                self._given_up_of[decision.bin] += 1
                self._given_up_for[str(reason)] += 1
                self._decisions[part] = decision.rejected(reason)
            self._tell(GivenUp(part, str(reason)))

    def record(self, journal: Journal) -> None:
        """Write down what people have said of parts, in the sorter's thread: nobody else ever holds the journal."""
        while self._labels:
            asked = self._labels.popleft()
            try:
                correct(journal.database, journal.path, asked.part, asked.label, run=journal.run, by=asked.by, note="")
            except JournalError as error:
                answers: list[Told] = [Answer(asked.ask, str(error).removeprefix(f"{journal.path}: "))]
            else:
                answers = [Labelled(asked.part, asked.label, asked.by), Answer(asked.ask)]
            with self._lock:
                for answer in answers:
                    self._tell(answer)

    def look(self, condition: Condition) -> None:
        """Tell how the line is: at once when that has changed, else now and then, with the totals."""
        with self._lock:
            changed = (condition.state, condition.since, condition.standing, condition.full_bins)
            if changed == self._told_condition and condition.at < self._tell_at:
                return
            self._told_condition, self._tell_at = changed, condition.at + TELL_EVERY_S
            self._tell(condition)
            self._tell(self._totals(condition.at))

    def commands(self) -> list[CommandAsked]:
        """Return what is asked of the line now; what has waited too long is refused here."""
        with self._lock:
            for asked in self._channel.receive():
                self._take(asked)
            commands = list(self._commands)
            self._commands.clear()
        return commands

    def answer(self, asked: CommandAsked, problem: str | None) -> None:
        """Tell what came of a command."""
        with self._lock:
            self._tell(Answer(asked.ask, problem))

    def restarted(self) -> None:
        """Whoever watched has ended, and another begins: it holds no picture, and nobody looks yet."""
        with self._lock:
            self._slots.give_back_all()
            self._watchers, self._told_condition = 0, None

    def _decided(self, outcome: Outcome, frame: Frame | None) -> None:
        track, decision = outcome.track, outcome.decision
        self._by_bin[decision.bin] += 1
        self._by_reason[str(decision.reason)] += 1
        self._decisions[track.number] = decision
        while len(self._decisions) > MOST_KNOWN:
            self._decisions.popitem(last=False)
        latency_ms = max(0.0, outcome.decided_at - (frame.taken_at if frame else track.last_seen_at)) * 1000
        self._latency.add(latency_ms)
        told = PartTold(
            part=track.number,
            at=outcome.decided_at,
            label=decision.label,
            score=decision.score,
            scores=decision.scores,
            bin=decision.bin,
            reason=str(decision.reason),
            latency_ms=latency_ms,
            doubtful=is_doubtful(track, decision),
            crop=None if outcome.crop is None else thinned(outcome.crop, MOST_CROP_PX),
        )
        self._tell(told)

    def _show(self, frame: Frame, tracks: Sequence[Track]) -> None:
        put = self._slots.put(frame.image)
        if put is None:
            return  # the last ones have not been looked at yet
        self._picture_at = frame.taken_at + PICTURE_EVERY_S
        slot, width, height = put
        boxes = tuple(self._box(track, frame, width, height) for track in tracks)
        shown = tuple(box for box in boxes if box.place[2] > 0 and box.place[0] < width)
        if not self._tell(PictureTold(frame.number, frame.taken_at, slot, width, height, shown)):
            self._slots.give_back(slot)

    def _box(self, track: Track, frame: Frame, width: int, height: int) -> Box:
        scale = self._mm_per_px * self._slots.step
        x = width / 2 + position_mm(track.mark_mm, frame.taken_at, self._belt) / scale
        y = height / 2 + track.y_mm / scale
        half_x, half_y = track.length_mm / scale / 2, track.width_mm / scale / 2
        place = (round(x - half_x, 1), round(y - half_y, 1), round(x + half_x, 1), round(y + half_y, 1))
        decision = self._decisions.get(track.number)
        if decision is None:
            return Box(track.number, place)
        return Box(track.number, place, decision.label, decision.score, decision.bin, str(decision.reason))

    def _totals(self, at: float) -> Totals:
        return Totals(
            at=at,
            frames=self._frames,
            parts=self._by_bin.total(),
            by_bin=dict(self._by_bin),
            by_reason=dict(self._by_reason),
            given_up_of=dict(self._given_up_of),
            given_up_for=dict(self._given_up_for),
            incidents=dict(self._incidents),
            latency=self._latency.spread(),
            gate_error=self._gate_error.spread(),
            belt_mm_s=self._belt.speed_mm_s,
            untold=self._untold,
        )

    def _take(self, asked: Asked) -> None:
        if isinstance(asked, SlotFreed):
            self._slots.give_back(asked.slot)
        elif isinstance(asked, Watchers):
            self._watchers = asked.count
        elif isinstance(asked, LabelAsked):
            if len(self._labels) < MOST_LABELS:
                self._labels.append(asked)
            else:
                self._tell(Answer(asked.ask, "too many parts are being labelled at once; try again in a moment"))
        elif asked.command in _MAY_MOVE and self._clock.now() - asked.at > LATEST_COMMAND_S:
            self._tell(Answer(asked.ask, "the line heard this too late, so it was not done; press again"))
        else:
            self._commands.append(asked)

    def _tell(self, told: Told) -> bool:
        sent = self._channel.send(told)
        self._untold += not sent
        return sent
