"""The other end of the emulated Pi's serial line: an emulated Pico with the very image, in a process of its own.

    python -m tests.emulated_pi.pico SOCKET

Its time is this computer's, from the first byte on: it would be late for that if it had to live through the Pi's boot.
Every change of a pin is a line on standard output: number, level.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.clocks import MonotonicClock
from firmware_bridge.rp2040_board import Rp2040Board

LOOK_EVERY_S = 0.002
NOT_MORE_THAN_A_UART_KEEPS = 1  # the least that the system allows: what is old when a port is opened hides what is new
READY = "ready"
START_TIMEOUT_S = 60.0
BEFORE_QEMU = -5  # a niceness: it needs a third of a core to keep this computer's time, and QEMU takes all it gets
CLOSE_TIMEOUT_S = 20.0


class Pico:
    """One that runs. changes: what its pins have done, as (pin, level)."""

    def __init__(self, path: Path) -> None:
        """Start it, listening on a socket of this name for QEMU."""
        self.changes: list[tuple[int, bool]] = []
        self._child = subprocess.Popen(
            [sys.executable, "-m", __name__, path], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read, name="pico")
        self._reader.start()
        if not self._ready.wait(START_TIMEOUT_S):
            self.close()
            raise TimeoutError(f"expected the emulated Pico to listen within {START_TIMEOUT_S:g} s")

    def close(self) -> None:
        """Cut its power."""
        self._child.kill()
        self._child.wait(CLOSE_TIMEOUT_S)
        self._reader.join(CLOSE_TIMEOUT_S)

    def _read(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for line in lines:
                if line.strip() == READY:
                    self._ready.set()
                    continue
                pin, level = map(int, line.split())
                self.changes.append((pin, bool(level)))


@contextmanager
def _connected(path: str) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(1)
        print(READY, flush=True)
        line, _ = listening.accept()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, NOT_MORE_THAN_A_UART_KEEPS)
    with line:
        yield line


def main(path: str) -> None:
    """Carry bytes between the line and the board until the line ends."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, BEFORE_QEMU)
    told = 0
    with _connected(path) as line, contextlib.suppress(ConnectionError):
        select.select([line], [], [])
        board = Rp2040Board(MonotonicClock())
        while True:
            if select.select([line], [], [], LOOK_EVERY_S)[0]:
                data = line.recv(4096)
                if not data:
                    return
                board.write(data)
            said = board.read(0)
            if said:
                with contextlib.suppress(BlockingIOError):  # nobody listens: on a wire it would be lost, too
                    line.send(said, socket.MSG_DONTWAIT)
            for write in board.pins[told:]:
                print(write.pin, write.level, flush=True)
            told = len(board.pins)


if __name__ == "__main__":
    main(sys.argv[1])
