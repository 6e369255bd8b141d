"""When each gate must move for the parts on their way to it, as the belt now goes.

Gates are told moments, because that is what a process of its own, or a microcontroller, can keep without asking
anybody. A belt that stops or changes its speed makes those moments wrong, so this follows the belt (`follow`, every few
milliseconds where the belt is not steady): the windows of all parts in transit are moved at once (`Gates.replan`) when
one is off by more than REPLAN_MM. When the belt stops, every gate comes to rest, since nobody knows for how long; parts
that have not reached their gate yet are planned anew when it goes on, and the others go to reject. When the line leaves
Execute (`disarm`) or the e-stop is pressed, every gate comes to rest too, and nothing is planned anew: all that was on
its way goes to reject.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from edge.belt import Belt
from edge.clocks import Clock
from edge.errors import GateError
from edge.gate_limits import MoveRefused, Window
from edge.gates import MOST_MOVES, GateMove, Gates
from edge.in_transit import MOST_IN_TRANSIT, PartsInTransit
from edge.incidents import Incident, IncidentKind, Incidents
from edge.losses import Losses
from edge.parts import Reason
from edge.stops import Stop
from edge.transit import Caught, GatePlace, InTransit, Replanned
from edge.windows import WindowTally

REPLAN_MM = 0.3
RETRY_S = 0.05


class Schedule:
    """Plans openings, keeps them true to the belt, and judges them when they are over. Any thread may call `follow`."""

    def __init__(self, gates: Gates, belt: Belt, clock: Clock, incidents: Incidents, *, tolerance_mm: float) -> None:
        self._gates, self._belt, self._clock, self._incidents = gates, belt, clock, incidents
        self._lock = threading.RLock()
        self._transit = PartsInTransit(belt, clock, tolerance_mm)
        self._moves: deque[GateMove] = deque(maxlen=MOST_MOVES)
        self._tried_at = float("-inf")
        self._standing: bool | None = None
        self._armed = True
        self._losses, self._dropped = Losses(incidents, clock), 0
        self.failure: Exception | None = None  # of the gates, or of whoever follows the belt in a thread

    @property
    def tally(self) -> WindowTally:
        """The openings that are over, counted."""
        return self._transit.tally

    def plan(self, part: int, mark_mm: float, places: Sequence[GatePlace], ahead: int | None) -> tuple[str, Window]:
        """Plan an opening at the first of these gates that can make it; return gate and window.

        ahead: the part before this one. Raises MoveRefused, with the first gate's reason, when none can.
        """
        with self._lock:
            if not self._armed:
                raise MoveRefused(Reason.NOT_ARMED, "the line is not in Execute")
            if len(self._transit) >= MOST_IN_TRANSIT:
                raise MoveRefused(Reason.GATE_RESTING, f"{MOST_IN_TRANSIT} parts are on their way to a gate already")
            before = self._transit.get(ahead)
            refusals = []
            for place in places:
                hold = before is not None and before.place.gate == place.gate
                window = place.window(mark_mm, self._belt)
                planned = InTransit(part, place, mark_mm, hold, window)
                try:
                    self._tell(planned)
                except MoveRefused as refusal:
                    refusals.append(refusal)
                else:
                    self._transit.add(planned)
                    return place.gate, window
            raise refusals[0]

    def follow(self) -> None:
        """Keep what was planned true to the belt as it goes now. Raises GateError."""
        with self._lock:
            self._take_moves(alive=False)
            stands = self._belt.time_when(self._belt.travelled_mm(self._clock.now()) + 1.0) == float("inf")
            if stands and self._standing is False:
                self._stop()
            elif not stands:
                self._adjust()
                self._plan_anew()
            self._standing = stands
            self._losses.steps(self._belt.steps_lost)

    def arm(self) -> None:
        """Plan openings from now on."""
        with self._lock:
            self._armed = True

    def disarm(self) -> None:
        """Bring every gate to rest, give up all that is planned, and plan nothing until `arm`. Raises GateError.

        Given up too is a part at an open gate, unless its centre has surely passed before the gate acts no more.
        Each goes to reject, for LINE_STOPPED or for GATE_CUT.
        """
        with self._lock:
            self._armed = False
            self._gates.rest()
            self._take_moves(alive=False)
            self._transit.purge()

    def give_up(self) -> None:
        """Give up all that is planned, as `disarm` does, once the gates have come to rest without it."""
        with self._lock:
            self._armed = False
            with suppress(GateError):  # of gates that have gone and told all they had to tell
                self._take_moves(alive=False)
            self._transit.purge()

    def stopped(self) -> Stop | None:
        """Look at the gates; what has brought them to rest by itself. All that was planned is then given up."""
        with self._lock:
            self._take_moves(alive=False)
            return self._gates.stopped

    def rearm(self) -> bool:
        """Let the gates move again after a stop, once `arm` is called; False while its cause still stands."""
        with self._lock:
            return self._gates.rearm()

    def take_changes(self) -> list[Replanned]:
        """Return what became of parts already decided, since the last call."""
        with self._lock:
            return self._transit.take_changes()

    def take_caught(self) -> list[Caught]:
        """Return the parts that a gate was away for while they passed it, since the last call."""
        with self._lock:
            return self._transit.take_caught()

    def poll(self) -> list[GateMove]:
        """Return the gates' moves since the last call, each with what it means for the parts in transit noted.

        Raises GateError, and what has kept a thread from following the belt, once the moves made before are returned.
        """
        with self._lock:
            if self.failure is None:
                try:
                    self._take_moves(alive=True)
                except GateError as error:
                    self.failure = error
                else:
                    self._transit.judge()
                    self._losses.moves(self._gates.moves_lost + self._dropped)
            if self.failure is not None and not self._moves:
                raise self.failure
            moves = list(self._moves)
            self._moves.clear()
        return moves

    def finish(self) -> None:
        """Judge every opening that has been made, now that no more come."""
        with self._lock:
            self._transit.judge(all_of_them=True)

    def _tell(self, planned: InTransit) -> None:
        assert planned.window is not None
        if planned.window.opens_at == float("inf"):
            raise MoveRefused(Reason.BELT, "the belt stands")
        self._gates.move_at(planned.place.gate, planned.window, planned.part, hold=planned.hold)

    def _stop(self) -> None:
        travelled_mm = self._belt.travelled_mm(self._clock.now())
        self._gates.rest()
        for one in self._transit.waiting():
            begins_mm = one.passes_mm - one.place.half_mm
            if one.opened_at is not None or (one.window is not None and travelled_mm > begins_mm):
                # within a position's error nobody knows whether its centre had passed: the record must not say so
                if travelled_mm < one.passes_mm + self.tally.tolerance_mm:
                    self._transit.lose(one, Reason.BELT)
            else:
                one.window = None
        self._incidents.report(
            Incident(
                IncidentKind.BELT_STOPPED,
                "the encoder gives no more steps, so every gate is at rest",
                "start the belt, or mend the encoder and its wheel; parts not yet at a gate are then sorted",
                self._clock.now(),
            )
        )

    def _plan_anew(self) -> None:
        """Plan the parts that have no window, now that the belt goes on or goes faster; not with every step of it."""
        now = self._clock.now()
        if now < self._tried_at + RETRY_S:
            return
        for one in self._transit.waiting():
            if one.window is None:
                self._tried_at = now
                one.window, one.moved = one.place.window(one.mark_mm, self._belt), True
                try:
                    self._tell(one)
                except MoveRefused:
                    self._put_off(one)

    def _put_off(self, one: InTransit) -> None:
        """Leave a part without a window that no gate can make as the belt goes now; too late, and it is lost."""
        if one.window is None or one.window.opens_at <= self._clock.now():
            self._transit.lose(one, Reason.BELT)
        else:
            one.window = None

    def _adjust(self) -> None:
        moved: dict[str, dict[int, Window]] = {}
        off: set[str] = set()
        for one in self._transit.waiting():
            if one.window is None:
                continue
            window = one.place.window(one.mark_mm, self._belt)
            moved.setdefault(one.place.gate, {})[one.part] = window
            end = "closes_at" if one.has_begun(self._clock.now()) else "opens_at"
            if abs(getattr(window, end) - getattr(one.window, end)) * self._belt.speed_mm_s > REPLAN_MM:
                off.add(one.place.gate)
        for gate in off:
            self._replan(gate, moved[gate])

    def _replan(self, gate: str, windows: dict[int, Window]) -> None:
        refused = self._gates.replan(gate, windows)
        for part, window in windows.items():
            one = self._transit.of(part)
            one.window, one.moved = window, True
            if part in refused:
                self._put_off(one)

    def _take_moves(self, *, alive: bool) -> None:
        for move in self._gates.poll(alive=alive):
            self._dropped += len(self._moves) == MOST_MOVES
            self._moves.append(move)
            self._transit.note(move)
        if self._armed and self._gates.stopped:
            self.give_up()
