"""The gates of a machine: the seam to whatever moves them, and those on this computer's pins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from edge.clocks import Clock
from edge.errors import GateError
from edge.estop import Estop, EstopSpec
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits, MoveRefused, Window
from edge.openings import NOT_DUE
from edge.parts import Reason
from edge.pin_gate import Kind, PinGate
from edge.stops import ESTOP_PRESSED, Stop

MOST_MOVES = 4096  # that nobody has fetched; a sorter fetches them with every frame


@dataclass(frozen=True)
class GateSpec:
    """What a gate's driver must know. move_s: how long it takes from one position to the other."""

    name: str
    pins: PinSpec
    limits: GateLimits
    move_s: float = 0.0


@dataclass(frozen=True, slots=True)
class GateMove:
    """A gate's pin has changed: `at` is when it was seen changed, `due_at` when it should have (None: a rest).

    part: the first one the opening is for. "missed": the opening for `part` was due and is not made, too late for it.
    """

    gate: str
    kind: Kind
    at: float
    due_at: float | None
    part: int


class Gates(Protocol):
    """All gates of a machine: the seam to whatever moves them. Every moment is on the machine clock."""

    @property
    def moves_lost(self) -> int:
        """How many moves nobody fetched in time, so far."""
        ...

    @property
    def stopped(self) -> Stop | None:
        """What has stopped them by itself, as of the last `poll`: all are at rest, and stay so until `rearm`."""
        ...

    def rearm(self) -> bool:
        """Let gates move again after a stop. Returns False, and nothing changes, while its cause still stands."""
        ...

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused when it is too late or beyond the gate's limits.

        hold: the gate may stay open since its last opening, because nothing else lies between the two parts.
        """
        ...

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned, all at once. Returns the parts no longer planned, and why.

        An opening under way cannot begin anew: it only ends at the new moment, or where a limit cuts it.
        """
        ...

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        """Return the moves made since the last call, and let the gates know that the sorter is `alive`."""
        ...

    def rest(self) -> None:
        """Bring every gate to rest now and forget what was planned."""
        ...

    def close(self) -> None:
        """Bring every gate to rest and release the pins. May be called twice."""
        ...


class WrappedGates:
    """Gates that hand everything on to others; whoever stands between overrides what it changes."""

    def __init__(self, gates: Gates) -> None:
        self._gates = gates

    @property
    def moves_lost(self) -> int:
        """How many moves nobody fetched in time, so far."""
        return self._gates.moves_lost

    @property
    def stopped(self) -> Stop | None:
        """What has stopped them by itself."""
        return self._gates.stopped

    def rearm(self) -> bool:
        """Let gates move again after a stop."""
        return self._gates.rearm()

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused."""
        self._gates.move_at(gate, window, part, hold=hold)

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned. Returns the parts no longer planned."""
        return self._gates.replan(gate, windows)

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        """Return the moves made since the last call."""
        return self._gates.poll(alive=alive)

    def rest(self) -> None:
        """Bring every gate to rest now."""
        self._gates.rest()

    def close(self) -> None:
        """Bring every gate to rest and release the pins."""
        self._gates.close()


class Agenda(Clock, Protocol):
    """A clock that also runs actions when it reaches their moment, as ManualClock does."""

    def call_at(self, when: float, action: Callable[[], None]) -> None:
        """Run `action` when time reaches `when`."""
        ...


class PinGates:
    """Gates on the pins of this computer, moved by whoever calls `serve` at `next_due`."""

    def __init__(
        self,
        specs: Iterable[GateSpec],
        clock: Clock,
        pin_factory: Any,
        estop: EstopSpec | None = None,
        on_estop: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the pins. Raises GateError when one cannot be used; no pin is then taken.

        on_estop: called by the pin factory's thread when the e-stop is pressed; `serve` then brings all to rest.
        """
        self._clock = clock
        self._moves: deque[GateMove] = deque(maxlen=MOST_MOVES)
        self.moves_lost = 0
        self.stopped: Stop | None = None
        self.gates: dict[str, PinGate] = {}
        self._estop: Estop | None = None
        try:
            for spec in specs:
                self.gates[spec.name] = PinGate(spec, clock, pin_factory, self._note)
            if estop is not None:
                self._estop = Estop(estop, pin_factory, on_estop)
                self.stopped = ESTOP_PRESSED if self._estop.latched else None
        except GateError:
            self.close()
            raise

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused."""
        self._heed_estop()
        if self.stopped:
            raise MoveRefused(Reason.NOT_ARMED, "the e-stop was pressed, and nobody has reset it")
        self.gates[gate].move_at(window, part, hold=hold)

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned."""
        return self.gates[gate].replan(windows)

    @property
    def next_due(self) -> float:
        """The moment of the next change of any pin."""
        return min((gate.next_due for gate in self.gates.values()), default=NOT_DUE)

    def serve(self) -> None:
        """Make every change that is due; when the e-stop is pressed, bring every gate to rest instead."""
        self._heed_estop()
        for gate in self.gates.values():
            gate.serve(self._clock.now())

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        """Return the moves made since the last call."""
        moves = list(self._moves)
        self._moves.clear()
        return moves

    def rearm(self) -> bool:
        """Let gates move again after an e-stop, unless it is still pressed."""
        self.stopped = ESTOP_PRESSED if self._estop is not None and not self._estop.rearm() else None
        return self.stopped is None

    def rest(self) -> None:
        """Bring every gate to rest now, whatever happens to one of them."""
        self._each(PinGate.rest)

    def close(self) -> None:
        """Bring every gate to rest, let those that were away get there, and release the pins."""
        try:
            self.rest()
            self._clock.sleep_until(max((gate.settles_at for gate in self.gates.values()), default=0.0))
        finally:
            if self._estop is not None:
                self._estop.close()
            self._each(PinGate.close)

    def _heed_estop(self) -> None:
        if not self.stopped and self._estop is not None and self._estop.latched:
            self.stopped = ESTOP_PRESSED
            self.rest()

    def _note(self, gate: str, kind: Kind, at: float, due_at: float | None, part: int) -> None:
        self.moves_lost += len(self._moves) == MOST_MOVES
        self._moves.append(GateMove(gate, kind, at, due_at, part))

    def _each(self, action: Callable[[PinGate], object]) -> None:
        failure: Exception | None = None
        for gate in self.gates.values():
            try:
                action(gate)
            except Exception as error:  # the other gates must come to rest all the same
                failure = error
        if failure is not None:
            raise failure


class LocalGates(PinGates):
    """Pin gates that move by themselves, because their clock calls them: the emulated line's, on the manual clock."""

    def __init__(
        self, specs: Iterable[GateSpec], clock: Agenda, pin_factory: Any, estop: EstopSpec | None = None
    ) -> None:
        """Take the pins. Raises GateError."""
        super().__init__(specs, clock, pin_factory, estop, self.serve)
        self._agenda = clock

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part, and have it served. Raises MoveRefused."""
        super().move_at(gate, window, part, hold=hold)
        self._call_for(window)

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned, and have the changes served."""
        refused = super().replan(gate, windows)
        for window in windows.values():
            self._call_for(window)
        self._call_for(Window(self.gates[gate].next_due, NOT_DUE))  # a limit may have cut the opening under way
        return refused

    def _call_for(self, window: Window) -> None:
        for when in (window.opens_at, window.closes_at):
            if when < NOT_DUE:
                self._agenda.call_at(when, self.serve)
