"""What a gate process that ended without last words has left behind: bring its gates to rest, and say which are."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from edge.clocks import Clock, MonotonicClock
from edge.gate_rest import rest_gates
from edge.gates import GateSpec

FREE_WITHIN_S = 1.0  # the system lets go of the pins of a process that has ended, nearly at once
PATIENCE_S = 2.0  # beyond that, with a pin library that does not come back


class _Rester(threading.Thread):
    """Rests one gate after the other. A thread, because nobody may wait for ever for what opens pins."""

    def __init__(self, specs: Sequence[GateSpec], open_pins: Callable[[], Any], clock: Clock) -> None:
        super().__init__(name="edge-sort rest", daemon=True)
        self._specs, self._open_pins, self._clock = specs, open_pins, clock
        self.rested: list[str] = []
        self.problems: list[str] = []

    def run(self) -> None:
        """Try every gate, whatever happens to another one."""
        try:
            pins = self._open_pins()
        except Exception as error:
            self.problems.append(_said(error))
            return
        until = self._clock.now() + FREE_WITHIN_S
        for spec in self._specs:
            wait_s = max(0.0, until - self._clock.now())
            try:
                rest_gates([spec], self._clock, pins, wait_s=wait_s, tell=lambda _line: None)
            except Exception as error:
                self.problems.append(_said(error))
            else:
                self.rested.append(spec.name)


def rest_left(
    specs: Sequence[GateSpec],
    open_pins: Callable[[], Any],
    clock: Clock | None = None,
    *,
    patience_s: float = PATIENCE_S,
) -> str:
    """Drive every gate to rest from this process; say which are, and which may be energised.

    Returns after FREE_WITHIN_S, the gates' own time and `patience_s` at the latest, all in seconds.
    """
    rester = _Rester(specs, open_pins, clock or MonotonicClock())
    rester.start()
    rester.join(FREE_WITHIN_S + sum(spec.move_s for spec in specs) + patience_s)
    rested = list(rester.rested)
    left = [spec.name for spec in specs if spec.name not in rested]
    said = [f"brought to rest in its place: {_names(rested)}"] if rested else []
    if left:
        why = "; ".join(rester.problems) or "the pins did not answer"
        said.append(f"may be energised: {_names(left)} ({why}); cut their power")
    return "; ".join(said)


def _names(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
