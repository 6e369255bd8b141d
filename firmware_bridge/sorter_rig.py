"""A sorter that is not there: its very image on an emulated RP2040, parts in its eye's beam, time moved by hand."""

from __future__ import annotations

from edge.clocks import ManualClock
from firmware_bridge.host_board import PinWrite
from firmware_bridge.link import Link
from firmware_bridge.pumping import pumped_by_clock
from firmware_bridge.rp2040_board import Rp2040Board
from firmware_bridge.sorter_facts import SorterFacts

STEP_S = 0.005
PRESS_S = 0.1


class SorterRig:
    """One board with nothing in the beam, its e-stop released. `pins` says what it did."""

    def __init__(self, facts: SorterFacts, image: bytes, *, usb: bool = False) -> None:
        """Apply power. usb: whether its camera is at its USB, else at its UART.

        Raises MissingPackageError without the emulator.
        """
        self.clock, self._facts = ManualClock(), facts
        self.board = Rp2040Board(self.clock, image=image, baud=facts.baud, usb=usb)
        self.broken(False)
        self.estop(pressed=False)
        if facts.start_pin is not None:
            self.board.drive(facts.start_pin, not facts.start_active_high)

    @property
    def pins(self) -> list[PinWrite]:
        """Every change of a pin by the board so far, in seconds since power was applied."""
        return self.board.pins

    def greet(self) -> Link:
        """Return the line to it, kept going by its clock. Raises LinkLost."""
        link = Link(self.board, self.clock)
        link.open()
        pumped_by_clock(link, self.clock)
        return link

    def start(self) -> None:
        """Press the start button, if there is one."""
        if self._facts.start_pin is not None:
            self.board.drive(self._facts.start_pin, self._facts.start_active_high)
            self.wait(PRESS_S)
            self.board.drive(self._facts.start_pin, not self._facts.start_active_high)
            self.wait(PRESS_S)

    def estop(self, *, pressed: bool) -> None:
        """Press or release the emergency stop, if there is one."""
        if self._facts.estop_pin is not None:
            self.board.drive(self._facts.estop_pin, self._facts.estop_closed_high != pressed)

    def broken(self, broken: bool) -> None:
        """Have something in the beam, or nothing."""
        self.board.drive(self._facts.eye_pin, self._facts.eye_active_high == broken)

    def part(self, at: float, part_s: float | None = None) -> float:
        """Have a part break the beam from a moment on. Returns when its middle is in the beam."""
        lasts = self._facts.part_ms / 1000 if part_s is None else part_s
        self.clock.call_at(at, lambda: self.broken(True))
        self.clock.call_at(at + lasts, lambda: self.broken(False))
        return at + lasts / 2

    def wait(self, seconds: float = STEP_S) -> None:
        """Let time pass."""
        self.clock.sleep_until(self.clock.now() + seconds)
