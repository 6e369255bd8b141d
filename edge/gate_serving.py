"""What the gate process does: wait for the next deadline or the next word from the sorter, whichever comes first."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections import deque
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

from edge.clocks import MonotonicClock
from edge.errors import GateError
from edge.estop import EstopSpec
from edge.gate_limits import MoveRefused
from edge.gates import MOST_MOVES, GateMove, GateSpec
from edge.pin_gates import PinGates
from edge.real_time import claim_real_time
from edge.stops import Stop

SPIN_S = 0.001
_SIGNS_OF_LIFE = ("alive", "move")  # not "replan": what follows the belt may outlive a sorter that hangs
LONGEST_LOOK_AWAY_S = 0.02  # from the e-stop's pin, should its edge be lost
_LOOKS_PER_HEARTBEAT = 10  # so that a computer that stood still is known from a sorter that is silent
_RETRY_S = 0.05  # to send what the sorter did not fetch

PinOpener = Callable[[], Any]
"""Returns one of gpiozero's pin factories."""


def serve(
    pipe: Connection,
    specs: tuple[GateSpec, ...],
    open_pins: PinOpener,
    estop: EstopSpec | None,
    heartbeat_timeout_s: float,
) -> None:
    """Make every move on time until the pipe ends, the heartbeat stops or a signal comes. Runs in the child."""
    bell = Bell()
    try:
        gates = PinGates(specs, MonotonicClock(), open_pins(), estop, bell.ring)
    except GateError as error:
        pipe.send(("failed", str(error)))
        return
    outbox = Outbox(pipe)
    try:
        pipe.send(("started", claim_real_time()))
        longest_wait_s = LONGEST_LOOK_AWAY_S if estop else heartbeat_timeout_s / _LOOKS_PER_HEARTBEAT
        _attend(pipe, outbox, gates, bell, longest_wait_s, heartbeat_timeout_s)
    except (EOFError, OSError):
        pass  # the sorter is gone
    except GateError as error:
        gates.rest()
        with contextlib.suppress(OSError):  # from here on it may wait: no gate is due any more
            _tell_moves(gates, outbox, wait=True)
            pipe.send(("failed", str(error)))
    finally:
        gates.close()


def _attend(
    pipe: Connection,
    outbox: Outbox,
    gates: PinGates,
    bell: Bell,
    longest_wait_s: float,
    heartbeat_timeout_s: float,
) -> None:
    alive_at = time.monotonic()
    outbox.stopped = gates.stopped
    outbox.flush()
    while True:
        now = time.monotonic()
        if now - alive_at > heartbeat_timeout_s:
            raise GateError(
                f"expected a sign of life from the sorter every {heartbeat_timeout_s:g} s, found none; "
                "all gates are at rest: start again"
            )
        wait_s = min(gates.next_due, alive_at + heartbeat_timeout_s) - now
        idle_s = max(0.0, min(wait_s - SPIN_S, longest_wait_s, _RETRY_S if outbox else wait_s))
        heard, answer = wait([pipe, bell.fileno()], idle_s), None
        if idle_s > 0:  # held up itself, it cannot blame the sorter; spinning is not being held up
            alive_at += max(0.0, time.monotonic() - now - idle_s)
        if pipe in heard:
            message = pipe.recv()
            if message[0] in _SIGNS_OF_LIFE:
                alive_at = time.monotonic()
            answer = _obey(gates, message)
        bell.hush()
        gates.serve()
        _tell_moves(gates, outbox)
        if answer is not None:  # after the moves it made: whoever has it has them too
            pipe.send(answer)


def _tell_moves(gates: PinGates, outbox: Outbox, *, wait: bool = False) -> None:
    outbox.stopped = gates.stopped
    for move in gates.poll():
        outbox.add(move)
    outbox.flush(wait=wait)


class Bell:
    """Wakes whoever waits for it, from any thread."""

    def __init__(self) -> None:
        self._heard, self._rung = os.pipe()
        os.set_blocking(self._heard, False)
        os.set_blocking(self._rung, False)

    def fileno(self) -> int:
        """Return what `wait` waits for."""
        return self._heard

    def ring(self) -> None:
        """Wake who waits. Never waits itself."""
        with contextlib.suppress(BlockingIOError):  # it rings already
            os.write(self._rung, b"!")

    def hush(self) -> None:
        """End the ringing."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._heard, 64)


class Outbox:
    """The moves on their way to the sorter. It never waits for a sorter that does not listen: a gate may be due."""

    def __init__(self, pipe: Connection) -> None:
        """stopped: what has stopped the gates, told before any move."""
        self._pipe = pipe
        self.stopped: Stop | None = None
        self._told_stopped: Stop | None = None
        self._moves: deque[GateMove] = deque(maxlen=MOST_MOVES)
        self._lost = 0

    def __len__(self) -> int:
        return len(self._moves) + (self.stopped != self._told_stopped)

    def add(self, move: GateMove) -> None:
        """Put a move in; when nobody has listened for long the oldest falls out, counted."""
        self._lost += len(self._moves) == MOST_MOVES
        self._moves.append(move)

    def flush(self, *, wait: bool = False) -> None:
        """Send as much as can be sent without waiting, or all of it."""
        while len(self) and (wait or self._writable()):
            if self.stopped != self._told_stopped:
                self._pipe.send(("stopped", self.stopped))
                self._told_stopped = self.stopped
            elif self._lost:
                self._pipe.send(("lost", self._lost))
                self._lost = 0
            else:
                self._pipe.send(("moved", self._moves.popleft()))

    def _writable(self) -> bool:
        return bool(select.select([], [self._pipe.fileno()], [], 0)[1])


def _obey(gates: PinGates, message: tuple[Any, ...]) -> tuple[str, Any] | None:
    """Do what the sorter asks for. Returns the answer, if it waits for one."""
    match message:
        case ("move", gate, window, part, hold):
            try:
                gates.move_at(gate, window, part, hold=hold)
            except MoveRefused as refusal:
                return "planned", (refusal.reason, str(refusal))
            return "planned", None
        case ("replan", gate, windows):
            return "replanned", gates.replan(gate, windows)
        case ("rearm",):
            return "rearmed", gates.rearm()
        case ("rest",):
            gates.rest()
            return "rested", None
    return None
