"""The pretend board at its most honest: the very image that is flashed, on an emulated RP2040, as a port."""

from __future__ import annotations

from edge.clocks import Clock
from firmware_bridge.emulated_rp2040 import EmulatedRp2040
from firmware_bridge.emulated_usb import EmulatedUsbRp2040
from firmware_bridge.host_board import LOOK_EVERY_S, PinWrite
from firmware_bridge.ports import BAUD, IF_EMULATED
from firmware_bridge.ready_image import ready_image

BOARD = "rp2040"


class Rp2040Board:
    """A Port whose other end is an emulated RP2040, moved on to the host's time whenever bytes are asked for."""

    if_silent = IF_EMULATED

    def __init__(
        self, clock: Clock, *, image: bytes | None = None, start_us: int = 0, baud: int = BAUD, usb: bool = False
    ) -> None:
        """image: of the firmware, by default the one that comes with the package. start_us: what its counter begins at.
        usb: whether the other end is its USB, else its UART.

        Raises MissingPackageError without the emulator.
        """
        self._clock = clock
        kind = EmulatedUsbRp2040 if usb else EmulatedRp2040
        self._chip = kind(image or ready_image(BOARD), start_us=start_us, baud=baud)
        self._began_at, self._began_ns = clock.now(), self._chip.now_ns
        self.pins: list[PinWrite] = []
        self._chip.on_pin(self._moved)

    def read(self, wait_s: float) -> bytes:
        """Return what has arrived by now, waiting for it no longer than this."""
        until = self._clock.now() + wait_s
        self._advance()
        while not (data := self._chip.read()) and self._clock.now() < until:
            self._clock.sleep_until(min(until, self._clock.now() + LOOK_EVERY_S))
            self._advance()
        return data

    def write(self, data: bytes) -> None:
        """Have bytes arrive at the board, as fast as the line carries them."""
        self._advance()
        self._chip.write(data)

    @property
    def chip(self) -> EmulatedRp2040:
        """The emulated board itself."""
        return self._chip

    def drive(self, pin: int, level: bool) -> None:
        """Put a level on an input now."""
        self._advance()
        self._chip.drive(pin, level)

    def close(self) -> None:
        """Nothing to let go."""

    def _advance(self) -> None:
        us = (self._clock.now() - self._began_at) * 1e6 - (self._chip.now_ns - self._began_ns) / 1e3
        if us > 0:
            self._chip.run_for(us)

    def _moved(self, pin: int, level: bool | None, now_ns: float) -> None:
        if level is not None:
            self.pins.append(PinWrite(self._began_at + (now_ns - self._began_ns) / 1e9, pin, int(level)))
