"""All gates on the pins of this computer, moved by whoever serves them, or by a clock that is moved by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from edge.clocks import Agenda, Clock
from edge.errors import GateError
from edge.estop import Estop, EstopSpec
from edge.gate_limits import MoveRefused, Window
from edge.gates import MOST_MOVES, GateMove, GateSpec, all_of
from edge.openings import NOT_DUE
from edge.parts import Reason
from edge.pin_gate import Kind, PinGate
from edge.stops import ESTOP_PRESSED, Stop


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
        all_of(self.gates.values(), PinGate.rest)

    def close(self) -> None:
        """Bring every gate to rest, let those that were away get there, and release the pins."""
        try:
            self.rest()
            self._clock.sleep_until(max((gate.settles_at for gate in self.gates.values()), default=0.0))
        finally:
            if self._estop is not None:
                self._estop.close()
            all_of(self.gates.values(), PinGate.close)

    def _heed_estop(self) -> None:
        if not self.stopped and self._estop is not None and self._estop.latched:
            self.stopped = ESTOP_PRESSED
            self.rest()

    def _note(self, gate: str, kind: Kind, at: float, due_at: float | None, part: int) -> None:
        self.moves_lost += len(self._moves) == MOST_MOVES
        self._moves.append(GateMove(gate, kind, at, due_at, part))


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
