"""An emulated Pico as tests see it: a process of its own (pico_child.py), and what its pins have done."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.emulated_pi.pico_child import DEAD, READY

START_TIMEOUT_S = 60.0
CLOSE_TIMEOUT_S = 20.0
LOOK_EVERY_S = 0.01


@dataclass(frozen=True)
class PinChange:
    """level: None where nothing drives the pin. at: the emulated Pi's time, in seconds since its power came."""

    pin: int
    level: bool | None
    at: float


class Pico:
    """One that runs. changes: what its pins have done. died_at: when its program was stopped, by the Pi's time."""

    def __init__(self, line: Path, clock: Path) -> None:
        """Start it, listening on a socket named `line` for QEMU; at `clock` it will ask for the Pi's time."""
        self.changes: list[PinChange] = []
        self.died_at: float | None = None
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.emulated_pi.pico_child", line, clock],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, name="pico")
        self._reader.start()
        if not self._ready.wait(START_TIMEOUT_S):
            self.close()
            raise TimeoutError(f"expected the emulated Pico to listen within {START_TIMEOUT_S:g} s")

    def stop_dead(self) -> None:
        """Stop its program where it is, interrupts too; its watchdog will start it anew."""
        assert self._child.stdin is not None
        self._child.stdin.write("dead\n")
        self._child.stdin.flush()

    def wait_for(self, wanted: Callable[[PinChange], bool], within_s: float, *, since: int = 0) -> PinChange | None:
        """Return the first such change from number `since` on; None when there is none within this computer's time."""
        until = time.monotonic() + within_s
        while True:
            found = next((one for one in self.changes[since:] if wanted(one)), None)
            if found is not None or time.monotonic() > until or self._child.poll() is not None:
                return found
            time.sleep(LOOK_EVERY_S)

    def close(self) -> None:
        """Cut its power."""
        self._child.kill()
        self._child.wait(CLOSE_TIMEOUT_S)
        self._reader.join(CLOSE_TIMEOUT_S)
        assert self._child.stdin is not None
        self._child.stdin.close()

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for line in lines:
                if line.strip() == READY:
                    self._ready.set()
                    continue
                pin, level, at = line.split()
                if pin == DEAD:
                    self.died_at = float(at)
                    continue
                self.changes.append(PinChange(int(pin), None if level == "-" else level == "1", float(at)))
