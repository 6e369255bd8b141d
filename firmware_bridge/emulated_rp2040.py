"""A board that is not there: the firmware's own image on an emulated RP2040 (rp2040py), with a serial line and pins.

Time is the emulator's and passes only in `run_for`. Bytes take their time on the line in both directions, so what the
firmware stamps is as late as on a real wire.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from edge.extras import need

FLASH = 0x10000000
BITS_PER_BYTE = 10  # one start bit, eight, one stop bit
OnPin = Callable[[int, bool | None, float], None]


class EmulatedRp2040:
    """One board. Pins are seen as True, False, or None where nothing drives them (an input)."""

    def __init__(self, image: bytes, *, baud: int = 115_200, start_us: int = 0) -> None:
        """Put the image into flash and apply power. start_us: what the device's counter begins at.

        Raises MissingPackageError without rp2040py.
        """
        simulator = need("rp2040py.simulator", "dev", "the emulated RP2040")
        self._byte_ns = BITS_PER_BYTE * 1e9 / baud
        self._simulator: Any = simulator.Simulator()
        self._chip: Any = self._simulator.rp2040
        self._execute: Any = need("rp2040py.execute_batch", "dev", "the emulated RP2040").execute_batch
        logs = need("rp2040py.utils.logging", "dev", "the emulated RP2040")
        self._chip.logger = logs.ConsoleLogger(logs.LogLevel.ERROR)  # it has no phase-locked loop, and says so
        self._chip.clock.tick(start_us * 1000)
        self._chip.flash[: len(image)] = image
        self._chip.core.pc = FLASH
        self.resets = 0
        self._incoming: deque[int] = deque()
        self._outgoing: deque[tuple[float, int]] = deque()
        self._line_free_ns = 0.0
        self._watch_pins()
        self._on_pin: list[OnPin] = []
        self._next_byte = self._chip.clock.create_alarm(self._feed)
        self._stop = self._chip.clock.create_alarm(self._halt)
        self._chip.uart[0].on_byte = self._sent
        self._chip.watchdog.on_watchdog_trigger = self._reset

    @property
    def now_ns(self) -> float:
        """Nanoseconds since the emulation began."""
        return float(self._chip.clock.nanos)

    @property
    def chip(self) -> Any:
        """The emulator's own RP2040, for what is not offered here."""
        return self._chip

    def run_for(self, us: float) -> None:
        """Let so much time pass."""
        self._stop.schedule(us * 1000)
        self._simulator.stopped = False
        while not self._simulator.stopped:
            self._execute(self._simulator, 1)

    def write(self, data: bytes) -> None:
        """Send bytes to the board, as fast as the line carries them, after those still on the way."""
        idle = not self._incoming
        self._incoming += data
        if idle and data:
            self._next_byte.schedule(self._byte_ns)

    def read(self) -> bytes:
        """Return the bytes that have arrived from the board since the last call."""
        arrived = bytearray()
        while self._outgoing and self._outgoing[0][0] <= self.now_ns:
            arrived.append(self._outgoing.popleft()[1])
        return bytes(arrived)

    def on_pin(self, listener: OnPin) -> None:
        """Have `listener(pin, level, now_ns)` called whenever a pin changes."""
        self._on_pin.append(listener)

    def level(self, pin: int) -> bool | None:
        """What the board drives a pin to."""
        return _level(self._chip.gpio[pin].value)

    def drive(self, pin: int, level: bool) -> None:
        """Put a level on an input."""
        self._chip.gpio[pin].set_input_value(level)

    def _watch_pins(self) -> None:
        for pin in self._chip.gpio:
            pin.add_listener(lambda new, _old, number=pin.index: self._changed(number, _level(new)))

    def _changed(self, pin: int, level: bool | None) -> None:
        for listener in self._on_pin:
            listener(pin, level, self.now_ns)

    def _feed(self) -> None:
        self._chip.uart[0].feed_byte(self._incoming.popleft())
        if self._incoming:
            self._next_byte.schedule(self._byte_ns)

    def _sent(self, byte: int) -> None:
        self._line_free_ns = max(self._line_free_ns, self.now_ns) + self._byte_ns
        self._outgoing.append((self._line_free_ns, byte))

    def _halt(self) -> None:
        self._simulator.stopped = True

    def _reset(self) -> None:
        """What the watchdog does; rp2040py tells nobody of pins that a reset lets go."""
        before = {pin.index: _level(pin.value) for pin in self._chip.gpio}
        self.resets += 1
        self._chip.enter_reset(from_watchdog=True)
        self._chip.leave_reset()
        for pin in self._chip.gpio:
            if _level(pin.value) != before[pin.index]:
                self._changed(pin.index, _level(pin.value))


def _level(state: int) -> bool | None:
    """rp2040py's GPIOPinState: LOW, HIGH, and kinds of inputs."""
    return bool(state) if state < 2 else None
