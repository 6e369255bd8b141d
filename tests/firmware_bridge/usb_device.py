"""Endpoint 0 of the RP2040's USB, compiled for this computer under sanitizers, and a host for it."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.firmware_bridge.host_core import CORE, FLAGS, compile_c

HERE = Path(__file__).parent / "usb"
RP2040 = CORE.parent / "rp2040"
PACKET = 64
GET_DESCRIPTOR, SET_ADDRESS, SET_CONFIGURATION = 6, 5, 9


class Setup(NamedTuple):
    """A request, as its eight bytes say it."""

    kind: int
    request: int
    value: int = 0
    index: int = 0
    length: int = 0

    @property
    def bytes(self):
        """As it goes over the bus."""
        return struct.pack("<BBHHH", *self)

    @property
    def to_host(self):
        """Whether the device answers with data."""
        return bool(self.kind & 0x80)


def build(folder):
    """Compile it; the path of the program."""
    program = folder / "usb_child"
    names = ("usb_control.c", "usb_requests.c", "usb_descriptors.c")
    sources = [HERE / "usb_child.c", *(RP2040 / name for name in names)]
    compile_c([*FLAGS, f"-I{CORE}", f"-I{RP2040}", "-o", program, *sources], folder)
    return program


class UsbDevice:
    """One device, its bus reset. Each method returns what the device did about it, as ["send 0102", "stall", ...]."""

    def __init__(self, program):
        self._child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.reset()

    def close(self):
        """End the child; it must not have found an error."""
        self._child.stdin.close()
        self._child.stdout.close()
        assert self._child.wait(10) == 0

    def reset(self):
        """The host has reset the bus."""
        return self._do("B")

    def setup(self, setup):
        """A request has come."""
        return self._do(f"S {setup.bytes.hex()}")

    def fetched(self):
        """What it sent has been fetched."""
        return self._do("D")

    def received(self, data):
        """A packet has come."""
        return self._do(f"R {data.hex()}")

    def ask(self, setup, data=b""):
        """Carry a request through to its end: the answer, or None when it is refused."""
        done = self.setup(setup)
        if data and done[-1] == "expect":
            done = self.received(data)
        answer = bytearray()
        while done and done[-1].startswith("send"):
            answer += bytes.fromhex(done[-1].removeprefix("send"))
            done = self.fetched()
        return None if "stall" in done else bytes(answer)

    def descriptor(self, kind, index=0, length=255):
        """A descriptor, or None."""
        return self.ask(Setup(0x80, GET_DESCRIPTOR, kind << 8 | index, 0, length))

    def configure(self):
        """As a host does before it uses the serial line."""
        assert self.ask(Setup(0, SET_CONFIGURATION, 1)) == b""

    def _do(self, line):
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        assert answer, "the sanitizers have ended it"
        return actions(answer)


def actions(line):
    """What a line of the child's says that was done."""
    return [one.strip() for one in line.split(";") if one.strip()]


def run_all(program, setups):
    """Many requests to a configured device, in one go: what was done about each."""
    first = ["B", f"S {Setup(0, SET_CONFIGURATION, 1).bytes.hex()}"]
    said = "\n".join([*first, *(f"S {setup.bytes.hex()}" for setup in setups)])
    done = subprocess.run([program], input=said, capture_output=True, text=True, check=True)
    return [actions(line) for line in done.stdout.splitlines()[len(first) :]]
