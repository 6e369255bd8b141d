"""Move one gate by hand, within its limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from edge.boards import open_board
from edge.clocks import MonotonicClock
from edge.end_signals import EndSignals, ended_by_signals
from edge.errors import GateError, MachineError
from edge.gate_limits import MoveRefused, Window, WindowPlan
from edge.gate_process import GateProcess
from edge.gate_tables import GateTable
from edge.gates import GateMove, Gates, GateSpec
from edge.line import BOARD, estop_spec, gate_specs
from edge.machine import Machine
from edge.mixed_gates import MixedGates
from edge.parts import Reason

LEAD_S = 0.2  # from the plan to the first move
HEARTBEAT_S = 0.2
_LOOK_S = 0.05  # at the e-stop, for gates that a board moves


@dataclass(frozen=True)
class GateTest:
    """What to do: `times` openings of open_ms, with pause_ms of rest between them. board: the port of the gate's."""

    gate: GateTable
    times: int
    open_ms: float
    pause_ms: float
    board: str | None = None

    @property
    def sentence(self) -> str:
        """Say what will happen, before it does."""
        gate = self.gate
        whose = "BCM" if self.board is None else f"of the board on {self.board}"
        if gate.kind == "servo":
            pin = f"a servo on pin {gate.pin} (BCM), {gate.rest_us:g} us at rest and {gate.away_us:g} us away"
        else:
            pin = f"pin {gate.pin} ({whose}), {'low' if gate.active_high else 'high'} at rest"
        times = "once" if self.times == 1 else f"{self.times} times, {self.pause_ms:g} ms apart"
        return f"gate {gate.name!r}: {pin}; goes away from rest for {self.open_ms:g} ms, {times}"

    def windows(self, start: float) -> list[Window]:
        """Return the openings, the first one at `start`."""
        period_s = (self.open_ms + self.pause_ms) / 1000
        starts = [start + index * period_s for index in range(self.times)]
        return [Window(one, one + self.open_ms / 1000) for one in starts]


def plan_test(machine: Machine, name: str, *, times: int, open_ms: float | None, pause_ms: float | None) -> GateTest:
    """Return the test of the gate of this name.

    Raises MachineError when there is none, and GateError when the test is beyond the gate's limits, so that nobody is
    told of moves that will not be made.
    """
    gate = named_gate(machine, name)
    test = GateTest(gate, times, open_ms or gate.move_ms + gate.dwell_ms, pause_ms or 1000.0, _port(machine, gate))
    plan = WindowPlan(_spec(machine, gate).limits)
    try:
        for window in test.windows(LEAD_S):
            plan.admit(window, 0.0, hold=False)
    except MoveRefused as refusal:
        raise _beyond_limits(gate, refusal) from refusal
    return test


def _port(machine: Machine, gate: GateTable) -> str | None:
    return machine.mcu.port if machine.mcu is not None and gate.kind == "mcu" else None


def named_gate(machine: Machine, name: str) -> GateTable:
    """Return the gate of this name. Raises MachineError when there is none."""
    for gate in machine.gates:
        if gate.name == name:
            return gate
    names = ", ".join(gate.name for gate in machine.gates)
    raise MachineError(f"expected the name of a gate of the machine file ({names}), found {name!r}; give one of them")


def run_test(machine: Machine, test: GateTest, tell: Callable[[GateMove], None], say: Callable[[str], None]) -> None:
    """Make the moves, telling of each, and say that the gate is at rest, however this ends. Raises GateError.

    The other gates' pins are not touched.
    """
    spec, name = _spec(machine, test.gate), test.gate.name
    with (
        ended_by_signals(f"ending: gate {name!r} comes to rest") as signals,
        _rested(_opened(machine, spec, test), signals, lambda: say(f"gate {name!r} is at rest")) as gates,
    ):
        windows = test.windows(time.monotonic() + LEAD_S)
        try:
            for part, window in enumerate(windows, start=1):
                gates.move_at(name, window, part, hold=False)
        except MoveRefused as refusal:
            if refusal.reason is Reason.NOT_ARMED:
                raise _stopped(test) from refusal
            raise _beyond_limits(test.gate, refusal) from refusal
        missed = _watch(gates, windows[-1].closes_at, tell)
        if gates.stopped:
            raise _stopped(test)
    if missed:
        raise GateError(
            f"gate {name!r}: expected every move to be made, found {missed} missed; "
            "see what keeps the computer or the board, and test again"
        )


@contextmanager
def _rested(gates: Gates, signals: EndSignals, told: Callable[[], None]) -> Iterator[Gates]:
    """Bring gates to rest and let them go, however the block ends, whatever signals come meanwhile; tell once they are.

    Raises GateError when they cannot be brought to rest.
    """
    try:
        yield gates
    finally:
        signals.unwinding = signals.held = True
        try:
            gates.rest()
        finally:
            gates.close()
        told()


def _spec(machine: Machine, gate: GateTable) -> GateSpec:
    return next(spec for spec in gate_specs(machine) if spec.name == gate.name)


def _beyond_limits(gate: GateTable, refusal: MoveRefused) -> GateError:
    return GateError(
        f"gate {gate.name!r}: expected a test within the machine file's limits, found that {refusal}; "
        "make it shorter, with longer pauses or fewer times"
    )


def _opened(machine: Machine, spec: GateSpec, test: GateTest) -> Gates:
    estop = estop_spec(machine)
    if spec.pins.kind != BOARD or machine.mcu is None:
        return GateProcess([spec], machine.gpio.pin_factory, estop=estop)
    if estop is None:
        return open_board(machine.mcu, MonotonicClock()).gates([spec])
    with ExitStack() as opened:  # the e-stop is on this computer, whatever moves the gate
        pins = opened.enter_context(closing(GateProcess([], machine.gpio.pin_factory, estop=estop)))
        pins.rest()  # what it knows of the e-stop comes before its answer
        if pins.stopped:
            raise _stopped(test)
        gates = MixedGates([(pins, []), (open_board(machine.mcu, MonotonicClock()).gates([spec]), [spec.name])])
        opened.pop_all()
    return gates


def _stopped(test: GateTest) -> GateError:
    return GateError(
        f"gate {test.gate.name!r}: expected the circuit of the e-stop to be closed, found it open; "
        "release it, check its wire and inputs.estop, and test again"
    )


def _watch(gates: Gates, until: float, tell: Callable[[GateMove], None]) -> int:
    """Tell of the moves as they are made; return how many were missed."""
    last_word, missed = until + HEARTBEAT_S, 0
    while time.monotonic() < last_word:
        time.sleep(min(_LOOK_S, max(0.0, last_word - time.monotonic())))
        for move in gates.poll():
            tell(move)
            missed += move.kind == "missed"
    return missed
