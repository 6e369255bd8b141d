"""Two gates for tests, and moments to plan them for that a busy computer keeps too."""

from __future__ import annotations

from edge.clocks import MonotonicClock
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits
from edge.gates import GateSpec
from firmware_bridge.mcu_gates import McuGates

LIMITS = GateLimits(min_off_ms=5, max_on_ms=500, max_duty=0.9)
SPECS = (GateSpec("nut", PinSpec(17), LIMITS), GateSpec("coin", PinSpec(27), LIMITS))


def soon(clock):
    """Return a moment to plan from: far enough ahead that a busy computer has told the process before it."""
    return clock.now() + (0.4 if isinstance(clock, MonotonicClock) else 0.02)


def moves_until(gates, clock, when):
    """Let time pass and collect what the gates report; the process gets a moment to tell."""
    clock.sleep_until(when)
    moves = list(gates.poll())
    if isinstance(clock, MonotonicClock) or isinstance(gates, McuGates):
        clock.sleep_until(clock.now() + 0.05)
        moves += gates.poll()
    return moves
