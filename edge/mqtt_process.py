"""Beside a running line: a process that tells a broker of it. All that the sorter has of it is a thread that sleeps."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.children import child_environment
from edge.end_signals import blocked
from edge.machine import Machine
from edge.mqtt_order import Order, order_of, require_paho
from edge.mqtt_parts import SETTLE_S

MOST_RESTARTS, WITHIN_S = 5, 600.0
RESTART_AFTER_S = 1.0
LEAVE_S = 10.0  # for it to say the last things, once the line has ended


def mqtt_order(machine: Machine, journal: Path | None, tell: Callable[[str], None]) -> Order | None:
    """Return what is to be told to a broker, None for nothing.

    Raises MachineError or MissingPackageError for what keeps it from being told at all, while nothing moves yet.
    """
    if machine.mqtt is None:
        return None
    if journal is None:
        tell("mqtt: nothing is told to the broker, because it is told from a journal: give --journal")
        return None
    require_paho()
    return order_of(machine, machine.mqtt, journal, SETTLE_S)


@contextmanager
def telling_broker(order: Order | None, tell: Callable[[str], None]) -> Iterator[None]:
    """Within the block a process tells the broker; the journal exists and has this run. None: nothing is told."""
    if order is None:
        yield
        return
    teller = MqttProcess(order, tell)
    try:
        yield
    finally:
        teller.close()


class MqttProcess:
    """The process, started again a few times when it ends before the line does."""

    def __init__(self, order: Order, tell: Callable[[str], None]) -> None:
        self._order, self._tell = order, tell
        self._closing = threading.Event()
        self._starts: deque[float] = deque(maxlen=MOST_RESTARTS + 1)
        self._process = self._start()
        self._watch = threading.Thread(target=self._mind, name="edge-sort mqtt", daemon=True)
        self._watch.start()

    @property
    def pid(self) -> int:
        """The process of now."""
        return self._process.pid

    def close(self) -> None:
        """Let it tell what the line did last, and end it."""
        self._closing.set()
        self._leave(self._process)
        self._watch.join(LEAVE_S)
        if self._watch.is_alive():
            self._process.kill()
            self._watch.join(LEAVE_S)

    def _mind(self) -> None:
        """Sleep until the process ends; start it again, unless it has been too often."""
        while True:
            code = self._process.wait()
            if self._closing.wait(RESTART_AFTER_S):
                return
            if len(self._starts) > MOST_RESTARTS and time.monotonic() - self._starts[0] < WITHIN_S:
                self._tell(
                    f"mqtt: the process that tells the broker has ended {len(self._starts)} times (code {code}) "
                    "and is not started again; the line sorts on, and the next run tells what this one could not"
                )
                return
            self._leave(self._process)
            self._process = self._start()
            if self._closing.is_set():  # close has only seen the one before
                self._leave(self._process)

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts.append(time.monotonic())
        command = [sys.executable, "-P", "-m", "edge.mqtt_child"]
        # Ctrl-C and `systemctl stop` are for the line: its end ends this. The child inherits the mask
        with blocked():
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=child_environment()
            )
        assert process.stdin is not None, "it was asked for"
        with contextlib.suppress(BrokenPipeError):  # it has ended already, which _mind will find
            process.stdin.write(self._order.model_dump_json().encode() + b"\n")
            process.stdin.flush()
        return process

    @staticmethod
    def _leave(process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None, "it was asked for"
        with contextlib.suppress(OSError):
            process.stdin.close()
