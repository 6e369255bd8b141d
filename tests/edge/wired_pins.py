"""Mock pins in another process, driven through a named pipe: what a hand does to a button wired to a real pin."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

from edge.pins import open_pin_factory
from edge.wired_pins import wired_pin


@dataclass(frozen=True)
class WiredPins:
    """Opens pins of which `pin` is at first low; then it follows what is written into `fifo`: "1" or "0"."""

    fifo: Path
    pin: int

    def __call__(self):
        factory = open_pin_factory("mock")
        pin = wired_pin(factory, self.pin, high=False)

        def follow():
            with self.fifo.open() as wire:
                while word := wire.read(1):
                    (pin.drive_high if word == "1" else pin.drive_low)()

        threading.Thread(target=follow, daemon=True).start()
        return factory


@dataclass(frozen=True)
class BusyPins:
    """Opens pins of which `busy` cannot be used by the process `pid`, and can by every other one."""

    pid: int
    busy: tuple[int, ...] = ()

    def __call__(self):
        factory = open_pin_factory("mock")
        for pin in self.busy if os.getpid() == self.pid else ():
            factory.reserve_pins(self, pin)
        return factory
