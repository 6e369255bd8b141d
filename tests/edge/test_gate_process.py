"""Gates in a process of their own: what it says and when, and how it ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pytest

from edge.errors import GateError
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits, Window
from edge.gate_process import GateProcess
from edge.gate_serving import Outbox, serve
from edge.gates import MOST_MOVES, GateMove, GateSpec
from edge.pins import open_pin_factory
from edge.real_time import RealTime

ROOT = Path(__file__).resolve().parents[2]
LIMITS = GateLimits(min_off_ms=5, max_on_ms=500, max_duty=0.9)
SPECS = (GateSpec("nut", PinSpec(17), LIMITS), GateSpec("coin", PinSpec(27), LIMITS))


def test_the_gate_process_does_not_wait_for_a_sorter_that_does_not_listen():
    """A full pipe holds no gate up: what cannot be sent is kept, and dropped, counted, when it becomes too much."""
    ours, theirs = multiprocessing.Pipe()
    outbox = Outbox(theirs)
    for number in range(3 * MOST_MOVES):
        outbox.add(GateMove("nut", "opened", float(number), float(number), number))
        outbox.flush()
    assert len(outbox) == MOST_MOVES
    arrived = []
    while ours.poll(0):
        arrived.append(ours.recv())
        outbox.flush()
    kept = [content.part for kind, content in arrived if kind == "moved"]
    lost = sum(content for kind, content in arrived if kind == "lost")
    assert len(kept) + lost == 3 * MOST_MOVES
    assert kept == sorted(kept)
    assert kept[-1] == 3 * MOST_MOVES - 1


def test_an_answer_of_the_gate_process_comes_after_the_moves_that_it_made(monkeypatch):
    """Whoever is told that all gates rest knows which have closed: the record of a line may end there."""
    monkeypatch.setattr("edge.gate_serving.claim_real_time", RealTime)
    ours, theirs = multiprocessing.Pipe()
    child = threading.Thread(target=serve, args=(theirs, SPECS, partial(open_pin_factory, "mock"), None, 10.0))
    child.start()
    now = time.monotonic()
    ours.send(("move", "nut", Window(now + 0.05, now + 0.45), 1, True))
    heard = heard_until(ours, "moved")
    ours.send(("rest",))
    heard += heard_until(ours, "rested")
    ours.close()
    child.join()
    said = [content.kind if kind == "moved" else kind for kind, content in heard]
    assert said == ["started", "planned", "opened", "closed", "rested"]


def heard_until(pipe, last):
    """Return all that the gate process says up to its next word of this kind."""
    heard = [pipe.recv()]
    while heard[-1][0] != last:
        heard.append(pipe.recv())
    return heard


def test_a_refused_real_time_is_said_with_its_remedy():
    """Each of the two is named with the system's reason."""
    assert "not permitted" in RealTime("operation not permitted").sentence
    assert "rtprio 50 and memlock unlimited" in RealTime(lock_refused="cannot allocate memory").sentence
    assert RealTime().full


def test_the_gate_process_says_why_it_cannot_start():
    """An error in the child process reaches the user as the same sentence."""
    with pytest.raises(GateError, match="pin 17"):
        GateProcess((SPECS[0], GateSpec("other", PinSpec(17), LIMITS)), "mock")


def test_the_gates_fall_when_the_sorter_is_silent():
    """Without a sign of life the process ends, its gates at rest; its moves are told, then every call says why."""
    gates = GateProcess(SPECS, "mock", heartbeat_timeout_s=0.05)
    try:
        now = time.monotonic()
        gates.move_at("nut", Window(now + 0.01, now + 0.4), part=1, hold=True)
        gates._process.join(5)
        assert gates._process.exitcode == 0
        assert [(move.kind, move.part) for move in gates.poll()] == [("opened", 1), ("closed", 1)]
        for call in (gates.poll, gates.rest):
            with pytest.raises(GateError, match=r"a sign of life from the sorter every 0.05 s, found none"):
                call()
    finally:
        gates.close()


def test_gates_that_were_held_up_themselves_do_not_blame_the_sorter():
    """A computer that stands still for longer than the heartbeat stops both: the line goes on."""
    gates = GateProcess(SPECS, "mock", heartbeat_timeout_s=0.1)
    try:
        assert gates._process.pid is not None
        os.kill(gates._process.pid, signal.SIGSTOP)
        gates._process.join(0.3)
        os.kill(gates._process.pid, signal.SIGCONT)
        gates.rest()
        assert gates._process.is_alive()
    finally:
        gates.close()


def test_the_gate_process_ends_when_the_sorter_is_killed():
    """After SIGKILL of the sorter the process that holds the pins rests its gates and ends by itself."""
    script = """
import os, signal, sys, time
from edge.gate_limits import Window
from edge.gate_process import GateProcess
from tests.edge.test_gate_process import SPECS
if __name__ == "__main__":
    gates = GateProcess(SPECS, "mock")
    now = time.monotonic()
    gates.move_at("nut", Window(now + 0.01, now + 0.5), part=1, hold=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-c", script]
    # the gate process holds the writing end of our pipe: that run() returns is the proof that it has ended
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, check=False)
    assert done.returncode == -signal.SIGKILL
