"""The pretend board has what the board has that it stands for."""

from __future__ import annotations

from contextlib import closing

import pytest

from edge.clocks import ManualClock
from edge.errors import GateError
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits
from edge.gates import GateSpec
from firmware_bridge.compilers import find_host_compiler
from firmware_bridge.mcu_gates import McuGates
from firmware_bridge.open_board import open_board

LIMITS = GateLimits(min_off_ms=20, max_on_ms=500, max_duty=0.9)


@pytest.mark.slow
@pytest.mark.skipif(find_host_compiler() is None, reason="needs a C compiler: gcc, clang or pip install ziglang")
@pytest.mark.parametrize(("port", "gates", "queue", "pins"), [("emulated", 16, 64, 30), ("emulated-uno", 6, 16, 20)])
def test_it_takes_the_gates_openings_and_pins_of_a_pico_or_an_uno(port, gates, queue, pins):
    """Those that docs/microcontrollers.md states; the first pin beyond them is refused, and the last one taken."""
    clock = ManualClock()
    with closing(open_board(port, 115_200, clock)) as board:
        assert (board.identity.gates, board.identity.queue) == (gates, queue)
        with pytest.raises(GateError, match=f"pin {pins}, found BAD_VALUE: it has no such pin"):
            McuGates([GateSpec("beyond", PinSpec(pins), LIMITS)], board, clock)
        McuGates([GateSpec("last", PinSpec(pins - 1), LIMITS)], board, clock)
