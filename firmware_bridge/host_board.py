"""The pretend board: the firmware's own core, compiled for this computer, with clock, pins and serial line of its own.

It is a child process, moved on to the host's time whenever bytes are asked for. Its crystal may go wrong by a chosen
rate, and bytes take as long as on a real line. So everything between the sorter and a gate's pin is real but the pin.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from edge.clocks import Clock
from edge.errors import GateError
from firmware_bridge.clock_sync import TICKS_PER_S, WRAP
from firmware_bridge.compilers import find_host_compiler
from firmware_bridge.ports import BAUD, IF_EMULATED
from firmware_bridge.session import LinkLost

FIRMWARE = Path(__file__).parent / "firmware"
BITS_PER_BYTE = 10
STEP_US = 200  # between two passes of the board's main loop
POWER_ON = 1
LOOK_EVERY_S = 0.0005  # at what the board has sent, while somebody waits for it


@dataclass(frozen=True)
class PinWrite:
    """The board has set a pin. at: the host's seconds at which it truly did."""

    at: float
    pin: int
    level: int


def compiler() -> list[str]:
    """Return a command that compiles C. Raises GateError when there is none."""
    found = find_host_compiler()
    if found is None:
        raise GateError(
            "mcu.port: an emulated board is compiled here and expected a C compiler, found none; install one: "
            "sudo apt install gcc, or pip install ziglang"
        )
    return found


def compile_core(folder: Path, like: str | None = None) -> Path:
    """Compile the core as a program into a folder and return it. Raises GateError when that fails.

    like: the board whose gates, inputs, openings and pins it has; None: few openings, for tests of a full board.
    """
    program = folder / "board"
    core, host = FIRMWARE / "core", FIRMWARE / "host"
    sources = [*sorted(core.glob("*.c")), host / "es_host.c", host / "es_child.c"]
    sizes = [f'-DES_LIKE="../{like}/es_board.h"'] if like is not None else []
    options = ["-std=c99", "-O1", f"-I{core}", f"-I{host}", *sizes]
    command = [*compiler(), *options, "-o", str(program), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GateError(
            f"mcu.port: expected {command[0]} to compile the emulated board, found: {done.stderr.strip()[:300]}; "
            "mend the compiler's installation, or use another board"
        )
    return program


class HostBoard:
    """A board whose serial line is this object (a Port). `pins` says what it did."""

    if_silent = IF_EMULATED

    def __init__(
        self, clock: Clock, *, like: str = "rp2040", program: Path | None = None, ppm: float = 0.0, first_tick: int = 0
    ) -> None:
        """like: the board that it has the gates, inputs, openings and pins of, unless a program was compiled before.
        ppm: by which its crystal is fast. first_tick: of its counter. Raises GateError.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="edge-sort-board-") if program is None else None
        program = program or compile_core(Path(self._folder.name), like)  # type: ignore[union-attr]
        self._clock, self._rate = clock, TICKS_PER_S * (1 + ppm * 1e-6)
        self._began_at, self._first_tick, self._passed = clock.now(), first_tick, 0
        self._coming: deque[tuple[float, bytes]] = deque()
        self._line_free_at = clock.now()
        self._going: deque[tuple[float, bytes]] = deque()
        self.pins: list[PinWrite] = []
        self._child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._do(f"start {POWER_ON} {first_tick} 0")

    def read(self, wait_s: float) -> bytes:
        """Return what has arrived by now, waiting for it no longer than this. Raises LinkLost."""
        self._advance()
        until = self._clock.now() + wait_s
        while not self._arrived() and self._clock.now() < until:
            self._clock.sleep_until(min(until, self._clock.now() + LOOK_EVERY_S))
            self._advance()
        data = b""
        while self._arrived():
            data += self._going.popleft()[1]
        return data

    def write(self, data: bytes) -> None:
        """Have bytes arrive at the board, as fast as the line carries them."""
        self._line_free_at = max(self._line_free_at, self._clock.now()) + len(data) * BITS_PER_BYTE / BAUD
        self._coming.append((self._line_free_at, data))

    def unplug(self) -> None:
        """Let nothing through any more, either way."""
        self._child.stdin.close()  # type: ignore[union-attr]
        self._child.wait()

    def close(self) -> None:
        """End the board. May be called twice."""
        if self._child.poll() is None:
            self.unplug()
        self._child.stdout.close()  # type: ignore[union-attr]
        if self._folder is not None:
            self._folder.cleanup()

    def drive(self, pin: int, level: int) -> None:
        """Change an input now."""
        self._advance()
        self._do(f"drive {pin} {level}")

    def _arrived(self) -> bool:
        return bool(self._going) and self._going[0][0] <= self._clock.now()

    def _advance(self) -> None:
        while self._coming and self._coming[0][0] <= self._clock.now():
            at, data = self._coming.popleft()
            self._pass(at)
            self._do(f"receive {data.hex()}")
        self._pass(self._clock.now())

    def _pass(self, until: float) -> None:
        ticks = round((until - self._began_at) * self._rate)
        if ticks > self._passed:
            self._do(f"pass {ticks - self._passed} {STEP_US}")
            self._passed = ticks

    def _host(self, tick: int) -> float:
        """Return the host's moment of one of the child's ticks, which lies near those passed."""
        now = self._first_tick + self._passed
        beyond = (tick - now + WRAP // 2) % WRAP - WRAP // 2
        return self._began_at + (self._passed + beyond) / self._rate

    def _do(self, line: str) -> None:
        child_in, child_out = self._child.stdin, self._child.stdout
        assert child_in is not None, "it is a pipe"
        assert child_out is not None, "it is a pipe"
        try:
            child_in.write(line + "\n")
            child_in.flush()
            while (told := child_out.readline().split()) != [] and told[0] != ".":
                self._note(told)
        except (OSError, ValueError) as error:
            raise LinkLost("the emulated board has ended") from error
        if not told:
            raise LinkLost("the emulated board has ended")

    def _note(self, told: list[str]) -> None:
        if told[0] == "w":
            tick, pin, level = (int(one) for one in told[1:])
            self.pins.append(PinWrite(self._host(tick), pin, level))
        elif told[0] == "b":
            data = bytes.fromhex(told[1])
            before = self._going[-1][0] if self._going else self._clock.now()
            self._going.append((max(before, self._clock.now()) + len(data) * BITS_PER_BYTE / BAUD, data))
