"""An emulated Pico with the very image, at the other end of the emulated Pi's serial line.

    python -m tests.emulated_pi.pico_child LINE CLOCK

LINE is the socket that it listens on for QEMU, CLOCK the one where QEMU listens for questions. Its time is the Pi's, so
neither is late because this computer is busy: the Pi's passes as it computes, and the Pi is held while the Pico catches
up. Its power comes with the first byte: it would be late if it had to live through the Pi's boot.

Every change of a pin is a line on standard output: number, level (- where nothing drives it), the Pi's time. A line on
standard input stops its program dead, which is told like a pin of the name DEAD.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from firmware_bridge.rp2040_board import Rp2040Board
from tests.emulated_pi.guest_clock import GuestClock
from tests.firmware_bridge.stopped_dead import stop_dead

LOOK_EVERY_S = 0.002
MOST_BEHIND_S = 0.03
NOT_MORE_THAN_A_UART_KEEPS = 1  # the least that the system allows: what is old when a port is opened hides what is new
READY, DEAD = "ready", "dead"
BEFORE_QEMU = -5  # a niceness: it needs a third of a core to keep up, and QEMU takes all it gets


class WiredPico:
    """The Pico, and what goes in and out of it. behind_s: the Pi's time that it has yet to live through, at most."""

    def __init__(self, line: socket.socket, clock: GuestClock) -> None:
        """Give it power now."""
        self._line, self._clock = line, clock
        self._began_at = clock.look()
        self._board = Rp2040Board(clock)
        self._chip = self._board.chip
        self._began_ns = self._chip.now_ns
        self._chip.on_pin(self._tell)

    def step(self, data: bytes, *, dead: bool) -> None:
        """Live up to the Pi's time now, with bytes that have come by then."""
        behind_s = self._clock.look() - self._time(self._chip.now_ns)
        with self._clock.held() if behind_s > MOST_BEHIND_S else contextlib.nullcontext():
            self._board.write(data)
            if dead:
                stop_dead(self._chip, interrupts_off=True)
                self._tell(DEAD, None, self._chip.now_ns)
            said = self._board.read(0)
        if said:
            with contextlib.suppress(BlockingIOError):  # nobody listens: on a wire it would be lost, too
                self._line.send(said, socket.MSG_DONTWAIT)

    def _tell(self, pin: int | str, level: bool | None, now_ns: float) -> None:
        print(pin, "-" if level is None else int(level), f"{self._time(now_ns):.6f}", flush=True)

    def _time(self, now_ns: float) -> float:
        return self._began_at + (now_ns - self._began_ns) / 1e9


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


def main(line_path: str, clock_path: str) -> None:
    """Carry bytes between the line and the board until the line ends."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, BEFORE_QEMU)
    with _connected(line_path) as line, contextlib.suppress(ConnectionError):
        select.select([line], [], [])
        with closing(GuestClock(Path(clock_path))) as clock:
            pico = WiredPico(line, clock)
            while True:
                ready = select.select([line, sys.stdin], [], [], LOOK_EVERY_S)[0]
                data = line.recv(4096) if line in ready else None
                if data == b"":
                    return
                pico.step(data or b"", dead=sys.stdin in ready and bool(sys.stdin.readline()))


if __name__ == "__main__":
    main(*sys.argv[1:])
