"""What is wired to the inputs of an emulated line: contacts that a hand, or a script of faults, can move."""

from __future__ import annotations

import heapq
from typing import Any

from edge.clocks import ManualClock
from edge.emulated_belt import EmulatedBelt, FedPart
from edge.machine import Machine
from edge.wired_pins import wired_pin

PRESSED_S = 0.2
FALL_S, BROKEN_S = 0.06, 0.02  # from a gate to the beam of its confirm eye, and how long a part breaks it


class Contacts:
    """One for each input, by the key it has in the machine file: "estop", "start", "bin_full.NAME", "confirm.GATE"."""

    def __init__(self, machine: Machine, pin_factory: Any, clock: ManualClock) -> None:
        """Nothing is pressed, no bin is full, the circuit of the e-stop is closed. `pin_factory` is a mock one."""
        self._clock = clock
        self._event_at: float | None = None
        pin_factory.ticks = self._ticks  # edges have the time at which they happened, as the kernel's have
        self._pins: dict[str, tuple[Any, bool]] = {}
        self._covered: set[str] = set()
        inputs = machine.inputs
        if inputs.estop is not None:
            self._wire("estop", inputs.estop.pin, not inputs.estop.closed_high, pin_factory)
        for name in ("start", "stop", "reset"):
            table = getattr(inputs, name)
            if table is not None:
                self._wire(name, table.pin, table.active_high, pin_factory)
        for name, table in inputs.bin_full.items():
            self._wire(f"bin_full.{name}", table.pin, table.active_high, pin_factory)
        for gate in machine.gates:
            if gate.confirm is not None:
                self._wire(f"confirm.{gate.name}", gate.confirm.pin, gate.confirm.active_high, pin_factory)

    @property
    def keys(self) -> frozenset[str]:
        """The inputs there are."""
        return frozenset(self._pins)

    def set(self, key: str, active: bool) -> None:
        """Move a contact now: press it, or let it go."""
        if key in self._covered:
            return
        pin, high = self._pins[key]
        (pin.drive_high if active == high else pin.drive_low)()

    def cover(self, key: str) -> None:
        """Let nothing move this contact any more, as tape over an eye would."""
        self._covered.add(key)

    def press(self, key: str, at: float, for_s: float = PRESSED_S) -> None:
        """Have a contact pressed at a moment, for a while."""
        self._clock.call_at(at, lambda: self.set(key, True))
        self._clock.call_at(at + for_s, lambda: self.set(key, False))

    def broken(self, key: str, at: float, active: bool) -> None:
        """Move a contact, a little while after it happened."""
        self._event_at = at
        self.set(key, active)
        self._event_at = None

    def _wire(self, key: str, pin: int, active_high: bool, pin_factory: Any) -> None:
        self._pins[key] = wired_pin(pin_factory, pin, high=not active_high), active_high

    def _ticks(self) -> float:
        return self._clock.now() if self._event_at is None else self._event_at


class EmulatedFalls:
    """Parts that fall past the confirm eyes of an emulated line, where its gates really took them."""

    def __init__(self, belt: EmulatedBelt, contacts: Contacts) -> None:
        self._belt, self._contacts = belt, contacts
        self._known = 0
        self._riding: list[FedPart] = []
        self._agenda: list[tuple[float, str, bool]] = []

    def serve(self, now: float) -> None:
        """Let everything fall that has fallen by now. Every move of a gate by now must be known to the belt."""
        self._riding += self._belt.fed[self._known :]
        self._known = len(self._belt.fed)
        for part in list(self._riding):
            taken = self._belt.taken(part, now)
            if taken is not None and (key := f"confirm.{taken[0]}") in self._contacts.keys:
                heapq.heappush(self._agenda, (taken[1] + FALL_S, key, True))
                heapq.heappush(self._agenda, (taken[1] + FALL_S + BROKEN_S, key, False))
            if taken is not None or self._belt.fate(part, now).bin is not None:
                self._riding.remove(part)
        while self._agenda and self._agenda[0][0] <= now:
            at, key, active = heapq.heappop(self._agenda)
            self._contacts.broken(key, at, active)


def press_start(contacts: Contacts, clock: ManualClock) -> None:
    """Start the line as somebody would, if it has a button for it."""
    if "start" in contacts.keys:
        contacts.press("start", clock.now() + 0.01)
