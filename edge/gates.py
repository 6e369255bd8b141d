"""Gates on GPIO pins, each moved at deadlines on the machine clock and never beyond its limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from edge.clocks import Clock, ManualClock
from edge.errors import GateError
from edge.gate_limits import GateLimits, Window, WindowPlan

NOT_DUE = float("inf")


@dataclass(frozen=True)
class GateSpec:
    """What a gate's driver must know. pin: BCM number."""

    name: str
    pin: int
    active_high: bool
    limits: GateLimits


@dataclass(frozen=True)
class GateMove:
    """A gate's pin has changed: `at` is when it was seen changed, `due_at` when it should have (None: a rest)."""

    gate: str
    kind: Literal["opened", "closed"]
    at: float
    due_at: float | None
    part: int


class Gates(Protocol):
    """All gates of a machine: the seam to whatever moves them."""

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused when it is too late or beyond the gate's limits.

        hold: the gate may stay open since its last opening, because nothing else lies between the two parts.
        """
        ...

    def poll(self) -> list[GateMove]:
        """Return the moves made since the last call, and let the gates know that the sorter is alive."""
        ...

    def rest(self) -> None:
        """Bring every gate to rest now and forget what was planned."""
        ...

    def close(self) -> None:
        """Bring every gate to rest and release the pins. May be called twice."""
        ...


class GpioGate:
    """One gate on one pin, moved by whoever calls `serve` at the right moments."""

    def __init__(self, spec: GateSpec, clock: Clock, pin_factory: Any) -> None:
        from gpiozero import GPIOZeroError, OutputDevice

        self.name = spec.name
        self._clock = clock
        self._plan = WindowPlan(spec.limits)
        self._pending: list[tuple[Window, int]] = []
        self._open = False
        self._part = 0
        try:
            self._device = OutputDevice(
                spec.pin, active_high=spec.active_high, initial_value=False, pin_factory=pin_factory
            )
        except (GPIOZeroError, OSError) as error:
            raise GateError(_cannot_use(spec, error)) from error
        except Exception as error:
            if "busy" not in str(error).lower():
                raise
            raise GateError(_cannot_use(spec, error)) from error

    def move_at(self, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening. Raises MoveRefused."""
        admitted = self._plan.admit(window, self._clock.now(), hold=hold)
        if self._pending and self._pending[-1][0].opens_at == admitted.opens_at:  # it prolongs the last opening
            self._pending[-1] = (admitted, self._pending[-1][1])
        else:
            self._pending.append((admitted, part))

    @property
    def next_due(self) -> float:
        """The moment of the next change of the pin, NOT_DUE when none is planned."""
        if not self._pending:
            return NOT_DUE
        window = self._pending[0][0]
        return window.closes_at if self._open else window.opens_at

    def serve(self, now: float) -> list[GateMove]:
        """Make every change that is due at `now` and return it."""
        moves = []
        while self.next_due <= now:
            window, part = self._pending[0]
            if self._open:
                moves.append(self._set(False, window.closes_at, part))
                self._pending.pop(0)
            else:
                moves.append(self._set(True, window.opens_at, part))
        return moves

    def rest(self) -> list[GateMove]:
        """Bring the gate to rest and forget what was planned."""
        self._pending.clear()
        self._plan.rest(self._clock.now())
        return [self._set(False, None, self._part)] if self._open else []

    def close(self) -> None:
        """Bring the gate to rest and release its pin."""
        self._pending.clear()
        if not self._device.closed:
            self._device.off()
            self._device.close()
        self._open = False

    def _set(self, on: bool, due_at: float | None, part: int) -> GateMove:
        (self._device.on if on else self._device.off)()
        at = self._clock.now()
        self._open, self._part = bool(self._device.value), part
        if self._open != on:
            raise GateError(
                f"gate {self.name!r}: expected its pin to follow, found it unchanged; check what else drives it"
            )
        return GateMove(self.name, "opened" if on else "closed", at, due_at, part)


def _cannot_use(spec: GateSpec, error: Exception) -> str:
    return (
        f"gate {spec.name!r}: expected pin {spec.pin} to be free, found: {error}; "
        "end the other program that uses it, or give the gate another pin"
    )


class LocalGates:
    """Gates in this process. On a ManualClock they move by themselves; else somebody must call `serve` in time."""

    def __init__(self, specs: Iterable[GateSpec], clock: Clock, pin_factory: Any) -> None:
        self._clock = clock
        self._moves: list[GateMove] = []
        self.gates: dict[str, GpioGate] = {}
        try:
            for spec in specs:
                self.gates[spec.name] = GpioGate(spec, clock, pin_factory)
        except GateError:
            self.close()
            raise

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused."""
        self.gates[gate].move_at(window, part, hold=hold)
        if isinstance(self._clock, ManualClock):
            for when in (window.opens_at, window.closes_at):
                self._clock.call_at(when, self.serve)

    @property
    def next_due(self) -> float:
        """The moment of the next change of any pin."""
        return min((gate.next_due for gate in self.gates.values()), default=NOT_DUE)

    def serve(self) -> None:
        """Make every change that is due."""
        now = self._clock.now()
        for gate in self.gates.values():
            self._moves += gate.serve(now)

    def poll(self) -> list[GateMove]:
        """Return the moves made since the last call."""
        moves, self._moves = self._moves, []
        return moves

    def rest(self) -> None:
        """Bring every gate to rest now, whatever happens to one of them."""
        self._each(lambda gate: self._moves.extend(gate.rest()))

    def close(self) -> None:
        """Bring every gate to rest and release the pins."""
        self._each(GpioGate.close)

    def _each(self, action: Callable[[GpioGate], object]) -> None:
        failure: Exception | None = None
        for gate in self.gates.values():
            try:
                action(gate)
            except Exception as error:  # the other gates must come to rest all the same
                failure = error
        if failure is not None:
            raise failure
