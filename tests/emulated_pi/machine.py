"""A Raspberry Pi 3 that is not there: QEMU, and a line to the first process inside, which does what it is asked."""

from __future__ import annotations

import base64
import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.emulated_pi.guest_init import MARK
from tests.emulated_pi.qmp import Monitor

QEMU = "qemu-system-aarch64"
BOOT_TIMEOUT_S = 180.0
CALL_TIMEOUT_S = 60.0
LOOK_EVERY_S = 0.02
INSTRUCTION_SHIFT = 0  # an instruction takes 2**0 ns, about as long as on a real Pi 3
PANIC = b"Kernel panic"


@dataclass(frozen=True)
class Image:
    """What a Pi boots."""

    kernel: Path
    tree: Path
    ramdisk: Path


@dataclass(frozen=True)
class Ended:
    """A command that has ended inside; code is None for one that took too long."""

    code: int | None
    out: str
    err: str


class EmulatedPi:
    """A Pi from its boot to its end. All that waits has an end, for emulated time is slow."""

    def __init__(
        self, image: Image, *, kernel_options: str = "", serial: str = "null", clock: Path | None = None
    ) -> None:
        """Boot. serial: what is at the other end of /dev/ttyAMA0, in QEMU's words.

        clock: a socket where its time can be read, which then is its own and passes as it computes; else its time is
        this computer's, and it is late when this computer is.
        """
        self._folder = Path(tempfile.mkdtemp(prefix="emulated-pi-"))
        self.console = bytearray()
        options = f"console=ttyS1,115200 rdinit=/init panic=-1 quiet {kernel_options}"
        line, monitor = self._folder / "line", self._folder / "monitor"
        self._log = (self._folder / "qemu.log").open("wb")
        words = ["-M", "raspi3b", "-display", "none", "-monitor", "none", "-no-reboot"]
        words += ["-kernel", image.kernel, "-dtb", image.tree, "-initrd", image.ramdisk, "-append", options]
        words += ["-serial", serial, "-serial", f"unix:{line},server=on,wait=on"]
        words += ["-qmp", f"unix:{monitor},server=on,wait=off"]
        if clock is not None:
            words += ["-icount", f"shift={INSTRUCTION_SHIFT}", "-qmp", f"unix:{clock},server=on,wait=off"]
        self._qemu = subprocess.Popen([QEMU, *words], stdout=self._log, stderr=self._log, stdin=subprocess.DEVNULL)
        try:
            self._line = self._connected(line)
            self.monitor = Monitor(monitor)
            self._received = bytearray()
            assert self._answer(BOOT_TIMEOUT_S) == "ready"
        except BaseException:
            self.close()
            raise

    def run(self, *argv: str, timeout_s: float = CALL_TIMEOUT_S) -> Ended:
        """Run a command to its end."""
        return Ended(**self._ask("run", list(argv), timeout_s, within_s=timeout_s + CALL_TIMEOUT_S))

    def start(self, *argv: str, out: str = "/tmp/out") -> int:
        """Start a command whose output goes to a file, and return its pid."""
        pid: int = self._ask("start", list(argv), out)
        return pid

    def wait(self, pid: int, timeout_s: float = CALL_TIMEOUT_S) -> int | None:
        """Return the exit code of a started command, None when it still runs then."""
        code: int | None = self._ask("wait", pid, timeout_s, within_s=timeout_s + CALL_TIMEOUT_S)
        return code

    def kill(self, *pids: int, number: int = signal.SIGKILL) -> None:
        """Send processes a signal."""
        self._ask("kill", list(pids), int(number))

    def processes(self, word: str = "") -> dict[int, list[str]]:
        """Return the command lines of what lives inside, by pid, of those that a word is in."""
        found = {int(pid): words for pid, words in self._ask("processes").items()}
        return {pid: words for pid, words in found.items() if any(word in one for one in words)}

    def read(self, path: str) -> str:
        """Return a file of text from inside."""
        text: str = self._ask("read", path)
        return text

    def write(self, path: str, content: str) -> None:
        """Write a file inside."""
        self._ask("write", path, base64.b64encode(content.encode()).decode())

    def now(self) -> float:
        """Return the monotonic clock inside, in seconds."""
        moment: float = self._ask("now")
        return moment

    def close(self) -> None:
        """Cut the power. May be called twice."""
        self._qemu.kill()
        self._qemu.wait()
        self._log.close()
        if hasattr(self, "monitor"):
            self.monitor.close()
        if hasattr(self, "_line"):
            self._line.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _ask(self, call: str, *args: Any, within_s: float = CALL_TIMEOUT_S, **options: Any) -> Any:
        self._line.sendall(json.dumps({"call": call, "args": args, "options": options}).encode() + b"\n")
        return self._answer(within_s)

    def _answer(self, within_s: float) -> Any:
        """Return what comes behind the next mark; all before it is the console's."""
        until = time.monotonic() + within_s
        while b"\n" not in (rest := self._received.partition(MARK)[2]):
            self._line.settimeout(max(0.01, until - time.monotonic()))
            try:
                data = self._line.recv(65536)
            except TimeoutError:
                data = b""
            if not data or PANIC in data:
                raise TimeoutError(f"the emulated Pi does not answer; its console:\n{self._told()}")
            self._received += data
        answer, _, left = rest.partition(b"\n")
        self.console += self._received.partition(MARK)[0]
        self._received = bytearray(left)
        said = json.loads(answer)
        if "error" in said:
            raise RuntimeError(f"inside the emulated Pi: {said['error']}")
        return said["value"]

    def _told(self) -> str:
        qemu = (self._folder / "qemu.log").read_bytes()
        return (self.console + self._received + qemu)[-4000:].decode(errors="replace")

    def _connected(self, path: Path) -> socket.socket:
        until = time.monotonic() + CALL_TIMEOUT_S
        while True:
            line = socket.socket(socket.AF_UNIX)
            try:
                line.connect(str(path))
                return line
            except OSError:
                line.close()
                if time.monotonic() > until or self._qemu.poll() is not None:
                    raise
                time.sleep(LOOK_EVERY_S)
