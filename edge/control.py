"""What brings a line from state to state: buttons, the e-stop, and what the rules say of incidents."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.clocks import Clock
from edge.confirm import Confirmation
from edge.control_tables import RulesTable
from edge.drift import DriftWatch
from edge.gates import GateMove
from edge.incidents import Incident, Incidents
from edge.journal import Journal
from edge.line_told import Condition, Standing
from edge.onlooker import NoOnlooker, Onlooker
from edge.panel import Panel
from edge.panel_watch import confirmations, full_bins
from edge.parts import Decision, Frame, Reason
from edge.photo_eye import PhotoEye
from edge.schedule import Schedule
from edge.states import Command, CommandRefused, LineStates, State, Transition
from edge.stops import STOPS
from edge.watcher import Watcher

MOST_WORDS = 1024  # that the sorter has not written down yet
_AGAINST = {"hold": Command.HOLD, "abort": Command.ABORT}
_BY_ITSELF = "the program was started, and there is no start button"


class Control:
    """An Overseer. `follow` does the work, a few times a second, and may be called from another thread."""

    def __init__(
        self,
        *,
        rules: RulesTable,
        panel: Panel,
        schedule: Schedule,
        watcher: Watcher,
        incidents: Incidents,
        clock: Clock,
        eye: PhotoEye | None = None,
        onlooker: Onlooker | None = None,
        drift: DriftWatch | None = None,
        tell: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        """The line is Idle and its gates rest until `begin`. onlooker: whose commands count like buttons."""
        self._onlooker = onlooker or NoOnlooker()
        self._looked_at = not isinstance(self._onlooker, NoOnlooker)
        self._rules, self._panel, self._schedule, self._watcher = rules, panel, schedule, watcher
        self._incidents, self._clock, self._eye, self._tell = incidents, clock, eye, tell
        self._drift = drift
        self._lock = threading.RLock()
        self._states = LineStates(clock.now())
        self._words: deque[Transition | Confirmation | str] = deque(maxlen=MOST_WORDS)
        self._shown: tuple[State, bool] | None = None
        self.full_bins: Collection[str] = frozenset()
        self.failure: Exception | None = None  # of whoever calls `follow` in a thread
        schedule.disarm()

    def begin(self) -> None:
        """Look at everything, and start a line that has no start button."""
        self.follow()
        with self._lock:
            if Command.START not in self._panel.buttons:
                self._command(Command.START, _BY_ITSELF)
                self._show()
            elif self.state is State.IDLE:
                self._words.append("the line is Idle until somebody presses start")

    @property
    def state(self) -> State:
        """The state of the line."""
        return self._states.state

    def summary(self) -> dict[str, Any]:
        """Return the state and the seconds in each, under the names that `run --json` uses."""
        with self._lock:
            return {"state": str(self.state), "states_s": self._states.seconds(self._clock.now())}

    def follow(self) -> None:
        """Do what is to be done now. Raises GateError."""
        if self._drift is not None:
            self._drift.work(executing=self.state is State.EXECUTE)  # outside the lock: it may take milliseconds
        with self._lock:
            now = self._clock.now()
            self._look_at_stop(now)
            self.full_bins = full_bins(self._panel, self._watcher.conditions, now)
            self._compare(now)
            self._watcher.look(now, executing=self.state is State.EXECUTE)
            if self._drift is not None:
                self._drift.judge(self._watcher.conditions, now)
            self._keep_the_rules()
            self._heed_buttons(now)
            self._heed_onlooker(now)
            self._show()
            condition = self._condition(now) if self._looked_at else None
        if condition is not None:
            self._onlooker.look(condition)  # outside the lock, for which the sorter waits

    def saw(self, frame: Frame) -> None:
        """Take in a frame. Raises what has kept a thread from looking after the line."""
        if self.failure is not None:
            raise self.failure
        blocked_mm = self._eye.blocked_mm(frame.taken_at) if self._eye is not None else 0.0
        if self._drift is not None:
            self._drift.saw(frame)
        with self._lock:
            self._watcher.saw(frame.taken_at, self._clock.now(), blocked_mm)

    def decided(self, decision: Decision, crop: NDArray[np.uint8] | None = None) -> None:
        """Take in what was decided of a part."""
        if self._drift is not None:
            self._drift.decided(decision, crop)
        with self._lock:
            self._watcher.decided(decision.reason, self._clock.now())

    def moved(self, move: GateMove) -> None:
        """Take in a move of a gate."""
        self._onlooker.moved(move)
        eye = self._panel.confirm.get(move.gate)
        if eye is not None:
            with self._lock:
                eye.moved(move)

    def gave_up(self, part: int, reason: Reason) -> None:
        """Take in that a part which was meant for a gate goes to reject."""
        self._onlooker.gave_up(part, reason)

    def record(self, journal: Journal) -> None:
        """Write down and tell what has happened since the last call."""
        self._onlooker.record(journal)
        while self._words:
            word = self._words.popleft()
            if isinstance(word, Confirmation):
                journal.confirmed(word.part, word.at, word.found)
            elif isinstance(word, Transition):
                journal.state_changed(word)
                if word.cause != _BY_ITSELF:
                    self._tell(word.sentence)
            else:
                self._tell(word)

    def _look_at_stop(self, now: float) -> None:
        stop = self._schedule.stopped()
        incident = Incident(stop.kind, stop.cause, stop.remedy, now) if stop else None
        for kind, name in STOPS.items():
            self._watcher.conditions.update(name, incident if stop and stop.kind is kind else None)

    def _compare(self, now: float) -> None:
        if self._panel.confirm:
            caught, executing = self._schedule.take_caught(), self.state is State.EXECUTE
            self._words.extend(confirmations(self._panel, self._watcher.conditions, caught, now, executing=executing))

    def _keep_the_rules(self) -> None:
        standing = self._watcher.conditions.standing
        wanted = {name: _AGAINST.get(self._rules.of(one.kind)) for name, one in standing.items()}
        self._states.stands({name: against for name, against in wanted.items() if against is not None})
        for incident in self._incidents.take_to_judge():
            command = _AGAINST.get(self._rules.of(incident.kind))
            if command is not None and self._states.leads(command):
                self._command(command, f"{incident.kind.replace('_', ' ')}: {incident.cause}")

    def _heed_buttons(self, now: float) -> None:
        for command, switch in self._panel.buttons.items():
            if switch.look(now):
                self._heed(command, "a button", now)

    def _heed_onlooker(self, now: float) -> None:
        for asked in self._onlooker.commands():
            self._onlooker.answer(asked, self._heed(asked.command, asked.by, now))

    def _heed(self, command: Command, cause: str, now: float) -> str | None:
        """Do what somebody asks for; return why not."""
        if command is Command.RESET and self._schedule.rearm():
            self._look_at_stop(now)
            self._keep_the_rules()
        return self._command(command, cause)

    def _command(self, command: Command, cause: str) -> str | None:
        """Go where a command leads; return why not."""
        try:
            change = self._states.command(command, cause, self._clock.now())
        except CommandRefused as refused:
            self._words.append(str(refused))
            return str(refused)
        self._words.append(change)
        if change.after is State.EXECUTE:
            self._schedule.arm()
            return None
        if change.before is State.EXECUTE:
            self._schedule.disarm()
        if Command.START not in self._panel.buttons and not self._looked_at:
            self._words.append("there is no start button: to go on, end the program and run it again")
        return None

    def _condition(self, now: float) -> Condition:
        standing = self._watcher.conditions.standing.values()
        return Condition(
            at=now,
            state=self.state,
            since=self._states.since,
            can=tuple(command for command in Command if self._states.leads(command)),
            standing=tuple(Standing(str(one.kind), one.cause, one.remedy, one.at) for one in standing),
            full_bins=tuple(sorted(self.full_bins)),
        )

    def _show(self) -> None:
        shown = (self.state, bool(self._watcher.conditions.standing))
        if self._panel.light is not None and shown != self._shown:
            self._panel.light.show(shown[0], warning=shown[1])
        self._shown = shown
