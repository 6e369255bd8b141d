"""The gates of a machine: the seam to whatever moves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits, Window
from edge.parts import Reason
from edge.pin_gate import Kind
from edge.stops import Stop

Thing = TypeVar("Thing")
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


def all_of(things: Iterable[Thing], action: Callable[[Thing], object]) -> None:
    """Do something to each, whatever happens to one of them; the last failure is raised at the end.

    For what must be done to every gate: the others must come to rest all the same.
    """
    failure: Exception | None = None
    for thing in things:
        try:
            action(thing)
        except Exception as error:
            failure = error
    if failure is not None:
        raise failure


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
