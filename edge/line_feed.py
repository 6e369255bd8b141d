"""An Onlooker that tells a watching process what it needs and never waits for it: what finds no room is dropped.

The sorter's thread only counts and leaves things here; whoever looks after the line, twenty times a second, copies
pictures and sends.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
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

PICTURE_EVERY_S, TELL_EVERY_S = 0.2, 0.5
MOST_CROP_PX = 112
MOST_LABELS = 16  # waiting to be written down
MOST_KNOWN = 2048  # decisions kept, for parts that are drawn or given up later
MOST_WAITING = 256  # records that were not sent yet
LATEST_COMMAND_S = 2.0  # what may let gates move and is older than this was asked of another situation
_MAY_MOVE = (Command.START, Command.RESET)
MOVE_EVERY_S = 1.0  # a start or reset; each change of state is a row that the sorter waits for
LABEL_EVERY_S = 0.2  # so is each label


class Channel(Protocol):
    """The way to whoever watches, and back."""

    def send(self, told: Told) -> bool:
        """Send without waiting; say whether there was room."""
        ...

    def receive(self) -> list[Asked]:
        """Return what has come in, without waiting."""
        ...


_Lying = tuple[int, float, float, float, float]  # number, mark, y, length and width in mm: a track goes on changing


@dataclass(frozen=True)
class _Seen:
    """A frame to be shown, and where parts lay then."""

    frame: Frame
    lying: Sequence[_Lying]


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
        self._channel, self._slots = channel, slots
        self._belt, self._mm_per_px, self._clock, self._journal = belt, mm_per_px, clock, journal
        self._lock = threading.Lock()
        self._frames = self._untold = 0
        self._by_bin, self._by_reason, self._incidents = Counter[str](), Counter[str](), Counter[str]()
        self._given_up_of, self._given_up_for = Counter[str](), Counter[str]()
        self._latency, self._gate_error = SpreadCounter(), SpreadCounter()
        self._decisions: OrderedDict[int, Decision] = OrderedDict()
        self._commands: dict[Command, CommandAsked] = {}
        self._labels = deque[LabelAsked]()
        self._waiting = deque[Told | _Decided]()
        self._seen: _Seen | None = None
        self._watchers = 0
        self._picture_at = self._tell_at = self._move_at = self._label_at = float("-inf")
        self._told_condition: tuple[object, ...] | None = None

    def saw(self, frame: Frame | None, outcomes: Sequence[Outcome], tracks: Sequence[Track]) -> None:
        """Count a frame and its decisions, and keep the frame to be shown if it is time and somebody looks."""
        with self._lock:
            for outcome in outcomes:
                self._decided(outcome, frame)
            if frame is None:
                return
            self._frames += 1
            if self._watchers and frame.taken_at >= self._picture_at:
                self._picture_at = frame.taken_at + PICTURE_EVERY_S
                lying = [(one.number, one.mark_mm, one.y_mm, one.length_mm, one.width_mm) for one in tracks]
                self._seen = _Seen(frame, lying)

    def happened(self, incident: Incident) -> None:
        """Count an incident, and tell it."""
        with self._lock:
            self._incidents[str(incident.kind)] += 1
            self._leave(IncidentTold(incident.at, str(incident.kind), incident.cause, incident.remedy))

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
            self._leave(GivenUp(part, str(reason)))

    def record(self, journal: Journal) -> None:
        """Write down what somebody has said of a part, in the sorter's thread: nobody else ever holds the journal."""
        now = self._clock.now()
        if self._labels and now >= self._label_at:
            self._label_at = now + LABEL_EVERY_S
            asked = self._labels.popleft()
            try:
                correct(journal.database, journal.path, asked.part, asked.label, run=journal.run, by=asked.by, note="")
            except JournalError as error:
                answers: list[Told] = [Answer(asked.ask, str(error).removeprefix(f"{journal.path}: "))]
            else:
                answers = [Labelled(asked.part, asked.label, asked.by), Answer(asked.ask)]
            with self._lock:
                for answer in answers:
                    self._leave(answer)

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
        changed = (condition.state, condition.since, condition.standing, condition.full_bins)
        if changed == self._told_condition and condition.at < self._tell_at:
            return
        self._told_condition, self._tell_at = changed, condition.at + TELL_EVERY_S
        with self._lock:
            totals = self._totals(condition.at)
        self._tell(condition)
        self._tell(totals)

    def commands(self) -> list[CommandAsked]:
        """Return what is asked of the line now, each command once; what is too late or too often is refused here."""
        self._commands.clear()
        for asked in self._channel.receive():
            self._take(asked)
        return list(self._commands.values())

    def answer(self, asked: CommandAsked, problem: str | None) -> None:
        """Tell what came of a command."""
        self._tell(Answer(asked.ask, problem))

    def restarted(self) -> None:
        """Whoever watched has ended, and another begins: it holds no picture, and nobody looks yet."""
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
        self._leave(_Decided(outcome, latency_ms))

    def _leave(self, told: Told | _Decided) -> None:
        """Keep it to be sent; when nobody has sent for long the oldest falls out, counted."""
        if len(self._waiting) == MOST_WAITING:
            self._waiting.popleft()
            self._untold += 1
        self._waiting.append(told)

    def _show(self, seen: _Seen) -> None:
        frame = seen.frame
        put = self._slots.put(frame.image)
        if put is None:
            return  # the last ones have not been looked at yet
        slot, width, height = put
        boxes = tuple(self._box(one, frame.taken_at, width, height) for one in seen.lying)
        shown = tuple(box for box in boxes if box.place[2] > 0 and box.place[0] < width)
        if not self._tell(PictureTold(frame.number, frame.taken_at, slot, width, height, shown)):
            self._slots.give_back(slot)

    def _box(self, lying: _Lying, at: float, width: int, height: int) -> Box:
        number, mark_mm, y_mm, length_mm, width_mm = lying
        scale = self._mm_per_px * self._slots.step
        x = width / 2 + position_mm(mark_mm, at, self._belt) / scale
        y = height / 2 + y_mm / scale
        half_x, half_y = length_mm / scale / 2, width_mm / scale / 2
        place = (round(x - half_x, 1), round(y - half_y, 1), round(x + half_x, 1), round(y + half_y, 1))
        decision = self._decisions.get(number)
        if decision is None:
            return Box(number, place)
        return Box(number, place, decision.label, decision.score, decision.bin, str(decision.reason))

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
        else:
            self._take_command(asked, self._clock.now())

    def _take_command(self, asked: CommandAsked, now: float) -> None:
        may_move = asked.command in _MAY_MOVE
        if asked.command in self._commands or (may_move and now < self._move_at):
            self._tell(Answer(asked.ask, f"{asked.command} has just been pressed; press again in a moment"))
        elif may_move and now - asked.at > LATEST_COMMAND_S:
            self._tell(Answer(asked.ask, "the line heard this too late, so it was not done; press again"))
        else:
            self._commands[asked.command] = asked
            self._move_at = now + MOVE_EVERY_S if may_move else self._move_at

    def _tell(self, told: Told) -> bool:
        sent = self._channel.send(told)
        self._untold += not sent
        return sent
