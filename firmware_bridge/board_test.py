"""Move one pin of a board by hand, by the board's own clock, and judge how near to the planned moments it moved."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from edge.clocks import Clock, MonotonicClock
from edge.errors import GateError
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits, MoveRefused, Window
from edge.gates import GateMove, GateSpec
from firmware_bridge.mcu_gates import McuGates
from firmware_bridge.open_board import open_board

LEAD_S = 0.2
BEAT_S = 0.02
LONGEST_DUTY = 1.0
NAME = "pin"


@dataclass(frozen=True)
class PinTest:
    """What to do: `times` openings of open_s, with pause_s of rest between them."""

    pin: int
    active_high: bool
    times: int
    open_s: float
    pause_s: float

    @property
    def sentence(self) -> str:
        """Say what will happen, before it does."""
        times = "once" if self.times == 1 else f"{self.times} times, {self.pause_s * 1000:g} ms apart"
        rests = "low" if self.active_high else "high"
        return f"pin {self.pin} of the board, {rests} at rest, goes away for {self.open_s * 1000:g} ms, {times}"

    @property
    def spec(self) -> GateSpec:
        """The pin as a gate whose limits allow just this."""
        limits = GateLimits(self.pause_s * 900, self.open_s * 1100, LONGEST_DUTY)
        return GateSpec(NAME, PinSpec(self.pin, "mcu", self.active_high), limits)


@dataclass(frozen=True)
class Moved:
    """A move, and by how much, at most, its moment is uncertain for the host. why: it was missed."""

    move: GateMove
    clock_error_s: float
    why: str = "the board could not make it in time"

    @property
    def late_ms(self) -> float:
        """By how much it was late, negative for early."""
        return (self.move.at - self.move.due_at) * 1000 if self.move.due_at is not None else 0.0

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        if self.move.kind == "missed":
            return f"missed: {self.why}"
        return f"{self.move.kind}  {self.late_ms:+.3f} ms from its moment, known to {self.clock_error_s * 1000:.3f} ms"


@dataclass(frozen=True)
class PinTestResult:
    """All moves of a test."""

    test: PinTest
    moved: tuple[Moved, ...]

    @property
    def sentence(self) -> str:
        """Say how it went."""
        worst = max((abs(one.late_ms) for one in self.made), default=0.0)
        known = max((one.clock_error_s * 1000 for one in self.made), default=0.0)
        made = f"{len(self.made)} of {2 * self.test.times} moves made"
        return f"{made}, at most {worst:.3f} ms off; the board's clock is known to {known:.3f} ms"

    @property
    def made(self) -> list[Moved]:
        """The moves that were not missed."""
        return [one for one in self.moved if one.move.kind != "missed"]

    def check(self) -> None:
        """Raise GateError when a move was not made."""
        if missing := 2 * self.test.times - len(self.made):
            raise GateError(
                f"pin {self.test.pin} of the board: expected every move to be made, found {missing} of "
                f"{2 * self.test.times} missed; see what keeps the computer or the board, and test again"
            )


def run_pin_test(port: str, baud: int, test: PinTest, tell: Callable[[Moved], None]) -> PinTestResult:
    """Move the pin, and tell of every move. Raises GateError, with all at rest."""
    clock = MonotonicClock()
    moved: list[Moved] = []

    with closing(open_board(port, baud, clock)) as board, closing(McuGates([test.spec], board, clock)) as gates:
        start = clock.now() + max(LEAD_S, test.pause_s)  # a board lets a gate rest first
        for number in range(test.times):
            opens_at = start + number * (test.open_s + test.pause_s)
            window = Window(opens_at, opens_at + test.open_s)
            _wait(gates, clock, opens_at - LEAD_S, moved, tell)
            try:
                gates.move_at(NAME, window, number + 1, hold=False)
            except MoveRefused as refusal:
                moved.append(Moved(GateMove(NAME, "missed", clock.now(), opens_at, number + 1), 0.0, str(refusal)))
                tell(moved[-1])
        _wait(gates, clock, opens_at + test.open_s + LEAD_S, moved, tell)
    return PinTestResult(test, tuple(moved))


def _wait(gates: McuGates, clock: Clock, until: float, moved: list[Moved], tell: Callable[[Moved], None]) -> None:
    while True:
        for move in gates.poll():
            moved.append(Moved(move, gates.clock_error_s(move.at)))
            tell(moved[-1])
        if gates.stopped:
            raise GateError(
                f"expected the board to go on, found it stopped: {gates.stopped.cause}; "
                "a board that hears nothing brings its gates to rest by itself; mend that, and test again"
            )
        if clock.now() >= until:
            return
        time.sleep(min(BEAT_S, max(0.0, until - clock.now())))
