"""What can be seen of the emulated Pi from outside: the registers of its pins, by QEMU's monitor."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

LEVELS = 0x3F200034
FUNCTIONS = 0x3F200000
OUTPUT = 1
TIMEOUT_S = 20.0


class Monitor:
    """QEMU's monitor protocol, as far as pins need it."""

    def __init__(self, path: Path) -> None:
        """Connect; QEMU listens there from its start."""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        self._socket.connect(str(path))
        self._lock = threading.Lock()
        self._lines = self._socket.makefile("r", encoding="utf-8")
        json.loads(self._lines.readline())
        self.ask("qmp_capabilities")

    def ask(self, command: str, **arguments: Any) -> Any:
        """Have a command carried out and return its answer; events in between are left out."""
        with self._lock:
            self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
            while "event" in (answer := json.loads(self._lines.readline())):
                pass
        return answer["return"]

    def word(self, address: int) -> int:
        """Read a word of the machine's memory; an address of a device asks the device."""
        said = self.ask("human-monitor-command", **{"command-line": f"xp /1wx {address:#x}"})
        return int(said.split(":")[1], 16)

    def levels(self, pins: Iterable[int]) -> dict[int, bool]:
        """Which of these pins, all below 32, are high at one moment."""
        word = self.word(LEVELS)
        return {pin: bool(word >> pin & 1) for pin in pins}

    def level(self, pin: int) -> bool:
        """Whether a pin is high."""
        return self.levels([pin])[pin]

    def is_output(self, pin: int) -> bool:
        """Whether the Pi drives a pin."""
        return self.word(FUNCTIONS + 4 * (pin // 10)) >> 3 * (pin % 10) & 7 == OUTPUT

    def close(self) -> None:
        """Let the monitor go; the machine goes on."""
        self._lines.close()
        self._socket.close()
