"""Gates in a small process of their own.

A busy Python thread delays every other thread of its process by whole 5 ms switch intervals, whatever their priority.
So the pins live in a process that does nothing else: it sleeps to within a millisecond of a deadline, spins the rest,
and runs at real-time priority where the system allows. When the sorter dies, hangs or closes the pipe, every gate comes
to rest by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from edge.clocks import MonotonicClock
from edge.errors import GateError
from edge.gate_limits import MoveRefused, Window
from edge.gates import GateMove, GateSpec, LocalGates
from edge.pins import open_pin_factory

SPIN_S = 0.001
START_TIMEOUT_S = 20.0
REPLY_TIMEOUT_S = 1.0
HEARTBEAT_TIMEOUT_S = 3.0
_PRIORITY = 50


class GateProcess:
    """All gates of a machine, moved by a child process. Times are on the system's monotonic clock."""

    def __init__(
        self, specs: Sequence[GateSpec], pin_factory: str, *, heartbeat_timeout_s: float = HEARTBEAT_TIMEOUT_S
    ) -> None:
        """Start the process. Raises GateError when a pin cannot be used.

        Without a call for `heartbeat_timeout_s` it takes the sorter for hung, rests every gate and ends.
        """
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process: SpawnProcess = context.Process(
            target=_serve,
            args=(theirs, tuple(specs), pin_factory, heartbeat_timeout_s),
            name="edge-sort gates",
            daemon=True,
        )
        self._moves: list[GateMove] = []
        self.real_time = False
        # Ctrl-C and `systemctl stop` reach both processes: they are for the sorter, whose end brings the gates to rest.
        # The child inherits the mask, so not even its start can be disturbed.
        resource_tracker.ensure_running()  # it would unblock them again
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
        try:
            self.real_time = bool(self._reply("started", START_TIMEOUT_S))
        except BaseException:
            self.close()
            raise

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused, or GateError when the process is gone."""
        self._send("move", gate, window, part, hold)
        refusal = self._reply("planned", REPLY_TIMEOUT_S)
        if refusal is not None:
            raise MoveRefused(*refusal)

    def poll(self) -> list[GateMove]:
        """Return the moves made since the last call, and tell the process that the sorter is alive."""
        self._send("alive")
        while self._ready(0.0):
            self._take()
        moves, self._moves = self._moves, []
        return moves

    def rest(self) -> None:
        """Bring every gate to rest now and forget what was planned."""
        self._send("rest")
        self._reply("rested", REPLY_TIMEOUT_S)

    def close(self) -> None:
        """Bring every gate to rest, end the process, release the pins."""
        self._pipe.close()  # the process rests its gates when the pipe ends
        self._process.join(REPLY_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(REPLY_TIMEOUT_S)

    def _send(self, *message: Any) -> None:
        try:
            self._pipe.send(message)
        except (OSError, ValueError) as error:
            self._hear_last_words()
            raise self._gone() from error

    def _hear_last_words(self) -> None:
        """Raise GateError with what the process said before it ended, if anything."""
        while not self._pipe.closed and self._ready(0.0):
            self._take()

    def _ready(self, timeout_s: float) -> bool:
        try:
            return self._pipe.poll(timeout_s)
        except OSError as error:
            raise self._gone() from error

    def _take(self) -> tuple[str, Any]:
        try:
            kind, content = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise self._gone() from error
        if kind == "moved":
            self._moves.append(content)
        elif kind == "failed":
            raise GateError(content)
        return kind, content

    def _reply(self, expected: str, timeout_s: float) -> Any:
        until = time.monotonic() + timeout_s
        while self._ready(max(0.0, until - time.monotonic())):
            kind, content = self._take()
            if kind == expected:
                return content
        raise GateError(
            f"expected the gate process to answer within {timeout_s:g} s, found silence; "
            "the machine is overloaded or the process was stopped: start again"
        )

    @staticmethod
    def _gone() -> GateError:
        return GateError("expected the gate process to be running, found it gone; its gates are at rest: start again")


def _serve(pipe: Connection, specs: tuple[GateSpec, ...], pin_factory: str, heartbeat_timeout_s: float) -> None:
    """The child process: make every move on time until the pipe ends, the heartbeat stops or a signal comes."""
    try:
        gates = LocalGates(specs, MonotonicClock(), open_pin_factory(pin_factory))
    except GateError as error:
        pipe.send(("failed", str(error)))
        return
    try:
        pipe.send(("started", _real_time()))
        _attend(pipe, gates, heartbeat_timeout_s)
    except (EOFError, OSError):
        pass  # the sorter is gone
    except GateError as error:
        pipe.send(("failed", str(error)))
    finally:
        gates.close()


def _attend(pipe: Connection, gates: LocalGates, heartbeat_timeout_s: float) -> None:
    alive_at = time.monotonic()
    while True:
        now = time.monotonic()
        if now - alive_at > heartbeat_timeout_s:
            raise GateError(
                f"expected a sign of life from the sorter every {heartbeat_timeout_s:g} s, found none; "
                "all gates are at rest: start again"
            )
        wait_s = min(gates.next_due, alive_at + heartbeat_timeout_s) - now
        if wait_s > SPIN_S and not pipe.poll(wait_s - SPIN_S):
            continue
        if wait_s > SPIN_S or pipe.poll(0):
            alive_at = time.monotonic()
            _obey(pipe, gates, pipe.recv())
        gates.serve()
        for move in gates.poll():
            pipe.send(("moved", move))


def _obey(pipe: Connection, gates: LocalGates, message: tuple[Any, ...]) -> None:
    match message:
        case ("move", gate, window, part, hold):
            try:
                gates.move_at(gate, window, part, hold=hold)
            except MoveRefused as refusal:
                pipe.send(("planned", (refusal.reason, str(refusal))))
            else:
                pipe.send(("planned", None))
        case ("rest",):
            gates.rest()
            pipe.send(("rested", None))


def _real_time() -> bool:
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    except (AttributeError, OSError):
        return False
    return True
