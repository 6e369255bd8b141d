"""The firmware's core compiled for this computer, under sanitizers, as a child driven step by step."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.codec import Decoder, encode, next_number
from firmware_bridge.codes import PROTOCOL, State, Status
from firmware_bridge.messages import Ack, Arm, EventAck, Hello, Identity, Latched, SetGate

CORE = Path(__file__).parents[2] / "firmware_bridge" / "firmware" / "core"
HERE = CORE.parent / "host"
FLAGS = ["-std=c99", "-g", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror"]
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


@functools.cache
def compiler():
    """A C compiler whose sanitizers work, or skip."""
    for name in ("gcc", "clang"):
        path = shutil.which(name)
        if path is None:
            continue
        probe = [path, *SANITIZERS, "-x", "c", "-o", "/dev/null", "-"]
        if (
            subprocess.run(probe, input=b"int main(void) { return 0; }", capture_output=True, check=False).returncode
            == 0
        ):
            return path
    pytest.skip("needs gcc or clang with its address and undefined-behaviour sanitizers")


@functools.cache
def objects(folder):
    """The core and its board of variables, compiled once into a folder."""
    folder.mkdir(exist_ok=True)
    sources = [*sorted(CORE.glob("*.c")), HERE / "es_host.c"]
    compile_c([*FLAGS, f"-I{CORE}", f"-I{HERE}", "-c", *sources], folder)
    return sorted(folder.glob("*.o"))


def build(factory, main):
    """Compile one of the programs beside the core; the path of the program. factory: pytest's, for the session."""
    program = factory.mktemp("program") / main.removesuffix(".c")
    parts = objects(factory.getbasetemp() / "core")
    compile_c([*FLAGS, f"-I{CORE}", f"-I{HERE}", "-o", program, HERE / main, *parts], program.parent)
    return program


def compile_c(words, folder):
    """Run the compiler, with sanitizers."""
    done = subprocess.run([compiler(), *SANITIZERS, *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class HostCore:
    """One device. `writes`: (tick, pin, level) of every output set; `frames`: what it has sent."""

    def __init__(self, program, *, tick=0, reset=1, chaos=0):
        self._child = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._decoder = Decoder()
        self.tick = tick
        self.writes, self.frames = [], []
        self.number = 0
        self._do(f"start {reset} {tick} {chaos}")

    def close(self):
        """End the child; it must not have found an error."""
        self._child.stdin.close()
        self._child.stdout.close()
        assert self._child.wait(10) == 0

    def _do(self, line):
        before = len(self.frames)
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        while True:
            told = self._child.stdout.readline().split()
            assert told, "the core has ended itself; its error is above"
            if told[0] == ".":
                self.tick = int(told[1])
                break
            if told[0] == "w":
                self.writes.append(tuple(int(one) for one in told[1:]))
            else:
                self.frames += self._decoder.feed(bytes.fromhex(told[1]))
        assert self._decoder.bad == 0
        return self.frames[before:]

    def wait(self, us, step=1000):
        """Let time pass; the frames sent meanwhile."""
        return self._do(f"pass {us} {step}")

    def receive(self, data):
        """Bytes arrive; the frames sent at once."""
        return self._do(f"receive {data.hex()}")

    def stall(self, us):
        """Let time pass with interrupts kept away, then run the main loop."""
        return self._do(f"stall {us}")

    def receive_later(self, data):
        """Bytes arrive, and the main loop does not run."""
        self._do(f"bytes {data.hex()}")

    def stall_only(self, us):
        """Let time pass with interrupts kept away, and the main loop too."""
        self._do(f"skip {us}")

    def acknowledge(self):
        """Acknowledge every event so far."""
        return self.call(EventAck(next(one.number for one in reversed(self.frames) if one.number)))

    def told_latch(self):
        """How many stops the device has told of."""
        return max((one.latch for one in self.told(Latched)), default=0)

    def drive(self, pin, level):
        """An input changes; the frames sent at once."""
        return self._do(f"drive {pin} {level}")

    def surprise(self, pin, level, locks):
        """An input changes just before the main loop locks interrupts for the so-many-th time from now."""
        self._do(f"surprise {pin} {level} {locks}")

    def call(self, message):
        """Send a message that is not numbered; what comes back."""
        return [frame.message for frame in self.receive(encode(message))]

    def command(self, message):
        """Send a command with the next number; its acknowledgement."""
        self.number = next_number(self.number)
        acks = [one.message for one in self.receive(encode(message, self.number)) if isinstance(one.message, Ack)]
        assert [ack.number for ack in acks] == [self.number]
        return acks[0]

    def greet(self, session=1, protocol=PROTOCOL):
        """Say hello; the identity."""
        answers = self.call(Hello(protocol, session, "test"))
        self.number = 0
        return next(one for one in answers if isinstance(one, Identity))

    def told(self, kind):
        """All messages of a kind so far."""
        return [frame.message for frame in self.frames if isinstance(frame.message, kind)]


MAX_ON, MIN_OFF, LATE = 200_000, 20_000, 5_000


def set_up(device, heartbeat=60_000_000):
    """Greet, set gate 0 on pin 2 and gate 1 on pin 3, which rests high, let them rest, and arm."""
    latch = device.greet().latch
    assert device.command(SetGate(0, 2, 0, MAX_ON, MIN_OFF, LATE)).status is Status.OK
    assert device.command(SetGate(1, 3, 1, MAX_ON, MIN_OFF, LATE)).status is Status.OK
    device.wait(MIN_OFF + 1000)
    assert device.command(Arm(heartbeat, latch)).state is State.ARMED
    device.writes.clear()
