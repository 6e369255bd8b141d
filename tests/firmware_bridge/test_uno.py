"""The Arduino Uno's firmware, on an emulated ATmega328P."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge.codec import encode, next_number
from firmware_bridge.codes import Reset, Status
from firmware_bridge.firmware_build import BuildError, build_elf, compiler_for, flat
from firmware_bridge.messages import AskStats, Boot, Heartbeat, Latched, Nack, Opened, Ping, Plan, Pong, Stats
from tests.firmware_bridge.board_host import GATE_PINS, BoardHost

WITHIN_US = 8.0
WATCHDOG_US = 66_000  # 60 ms by an oscillator of its own


class EmulatedUno:
    """One board on simavr, with what BoardHost asks for."""

    def __init__(self, program, firmware):
        self._child = subprocess.Popen([program, firmware], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._arrived, self._listeners = bytearray(), []
        self.now_ns, self.starts = 0.0, 0

    def on_pin(self, listener):
        self._listeners.append(listener)

    def run_for(self, us):
        self._do(f"pass {int(us)}")

    def write(self, data):
        if data:
            self._do(f"receive {data.hex()}")

    def read(self):
        data, self._arrived = bytes(self._arrived), bytearray()
        return data

    def hang(self):
        self._do("hang")

    def close(self):
        self._child.stdin.close()
        self._child.stdout.close()
        self._child.wait(10)

    def _do(self, line):
        self._child.stdin.write(line + "\n")
        self._child.stdin.flush()
        while True:
            told = self._child.stdout.readline().split()
            assert told, "the emulator has ended itself"
            if told[0] == "b":
                self._arrived += bytes.fromhex(told[1])
            elif told[0] == "w":
                for listener in self._listeners:
                    listener(int(told[2]), bool(int(told[3])), float(told[1]))
            elif told[0] == ".":
                self.now_ns, self.starts = float(told[1]), int(told[2])
                return


@pytest.fixture(scope="module")
def elf():
    """The firmware, or skip."""
    try:
        return build_elf("uno", compiler_for("uno"), "-Werror")
    except BuildError as error:
        if "not installed" in str(error):
            pytest.skip(str(error))
        raise


@pytest.fixture(scope="module")
def emulator(tmp_path_factory, elf):
    """The emulator and the firmware as files, or skip."""
    folder = tmp_path_factory.mktemp("uno")
    compiler, source = shutil.which("gcc"), Path(__file__).parent / "uno" / "uno_child.c"
    program = folder / "uno_child"
    command = [compiler, "-O2", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lsimavr", "-lelf"]
    if compiler is None or not Path("/usr/include/simavr").is_dir():
        pytest.skip("needs gcc, simavr, libsimavr-dev and libelf-dev, the emulated Arduino Uno")
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "uno.elf").write_bytes(elf)
    return program, folder / "uno.elf"


@pytest.fixture
def host(emulator):
    """A host with a board that has just started."""
    board = EmulatedUno(*emulator)
    one = BoardHost(board)
    yield one
    board.close()


def test_the_program_fits_the_board(elf):
    """Half of its flash, and RAM enough left for the stack."""
    assert len(flat(elf)) < 16_384


def test_it_keeps_openings_to_a_few_microseconds(host):
    """Edges, two at once, within 8 us of their tick, and no byte is lost meanwhile."""
    host.set_up()
    start = host.tick + 200_000
    plans = [Plan(i % 4, start + i // 2 * 3777, start + i // 2 * 3777 + 400, i) for i in range(8)]
    for i, plan in enumerate(plans):
        assert host.command(plan).status is Status.OK
        assert host.command(Plan(0, host.tick - 1000, host.tick, 100 + i)).status is Status.PAST
    for _ in range(25):
        host.board.write(encode(Ping(1)) + b"\x01\x02\x00" + host.acknowledgement())
        host.wait(5_000)

    due = sorted([edge for plan in plans for edge in ((plan.opens, plan.gate, True), (plan.closes, plan.gate, False))])
    assert len(host.edges) == len(due)
    for gate, pin in enumerate(GATE_PINS):
        mine = [tick for tick, one, _ in due if one == gate]
        seen = [at for one, _, at in host.edges if one == pin]
        late = [at - tick for tick, at in zip(mine, seen, strict=True)]
        assert min(late) >= 0
        assert max(late) < WITHIN_US, late
    assert {one.part for one in host.told(Opened)} == set(range(8))
    assert len(host.told(Pong)) > 10
    host.command(AskStats())
    assert host.told(Stats)[0].overruns == 0


def test_a_silent_host_means_rest_in_time(host):
    """Within the heartbeat time and two milliseconds."""
    host.set_up(heartbeat=50_000)
    host.command(Plan(0, host.tick + 10_000, host.tick + 1_900_000, 1))
    host.call(Heartbeat(1))
    spoke = host.board.now_ns / 1000
    host.wait(70_000)

    assert [level for _, level, _ in host.edges] == [True, False]
    assert host.edges[1][2] - spoke < 52_000
    assert host.told(Latched)


def test_a_hung_program_starts_anew(host):
    """The watchdog brings it back, which says so and has forgotten its host."""
    host.set_up()
    host.command(Plan(0, host.tick + 10_000, host.tick + 1_900_000, 1))
    host.wait(20_000)
    assert host.edges[-1][1] is True
    host.board.hang()
    host.wait(WATCHDOG_US + 20_000)

    assert host.board.starts == 2
    assert host.told(Boot)[-1].reset is Reset.WATCHDOG
    host.board.write(encode(Plan(0, 0, 1, 1), next_number(host.number)))
    assert isinstance(host.wait(6_000)[-1], Nack)
