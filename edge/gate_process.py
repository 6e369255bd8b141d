"""Gates in a small process of their own.

A busy Python thread delays every other thread of its process by whole 5 ms switch intervals, whatever their priority.
So the pins live in a process that does nothing else: it sleeps to within a millisecond of a deadline, spins the rest,
and runs at real-time priority with locked memory where the system allows. When the sorter dies, hangs or closes the
pipe, every gate comes to rest by itself. It watches the e-stop too, so that no frame need be waited for.
"""

from __future__ import annotations

import multiprocessing
import select
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.context import SpawnProcess
from typing import Any

from edge.end_signals import blocked
from edge.errors import GateError
from edge.estop import EstopSpec
from edge.gate_left import rest_left
from edge.gate_limits import MoveRefused, Window
from edge.gate_serving import PinOpener, serve
from edge.gates import MOST_MOVES, GateMove, GateSpec
from edge.parts import Reason
from edge.pins import open_pin_factory
from edge.real_time import RealTime
from edge.stops import ESTOP_PRESSED, Stop

START_TIMEOUT_S = 20.0
REPLY_TIMEOUT_S = 1.0
HEARTBEAT_TIMEOUT_S = 3.0
_MOCK_LEFT = "its gates were on mock pins, which move nothing"


class GateProcess:
    """All gates of a machine, moved by a child process. Times are on the system's monotonic clock.

    May be called from several threads: what follows the belt is not what takes the frames.
    """

    def __init__(
        self,
        specs: Sequence[GateSpec],
        pin_factory: str | PinOpener,
        *,
        estop: EstopSpec | None = None,
        heartbeat_timeout_s: float = HEARTBEAT_TIMEOUT_S,
    ) -> None:
        """Start the process. Raises GateError when a pin cannot be used.

        pin_factory: by name, or what opens one in that process. Without a call for `heartbeat_timeout_s` it takes the
        sorter for hung, rests every gate and ends.
        """
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        opener = partial(open_pin_factory, pin_factory) if isinstance(pin_factory, str) else pin_factory
        self._process: SpawnProcess = context.Process(
            target=serve,
            args=(theirs, tuple(specs), opener, estop, heartbeat_timeout_s),
            name="edge-sort gates",
            daemon=True,
        )
        self._lock = threading.RLock()
        self._moves: deque[GateMove] = deque(maxlen=MOST_MOVES)
        self._settle_s = max((spec.move_s for spec in specs), default=0.0)
        self._rest_left = partial(_rest_left, tuple(specs), pin_factory, opener)
        self._last_words = ""
        self.moves_lost = 0
        self.stopped: Stop | None = None
        self.real_time = RealTime()
        # Ctrl-C and `systemctl stop` reach both processes: they are for the sorter, whose end brings the gates to rest.
        # The child inherits the mask, so not even its start can be disturbed.
        with blocked():
            resource_tracker.ensure_running()  # it unblocks what it heeds not itself
        with blocked():
            self._process.start()
        theirs.close()
        try:
            self.real_time = self._reply("started", START_TIMEOUT_S)
        except BaseException:
            self.close()
            raise

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused, or GateError when the process is gone."""
        refusal = self._ask("planned", "move", gate, window, part, hold)
        if refusal is not None:
            raise MoveRefused(*refusal)

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned. Returns the parts no longer planned. Raises GateError."""
        refused: dict[int, Reason] = self._ask("replanned", "replan", gate, dict(windows))
        return refused

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        """Return the moves made since the last call, and tell the process that the sorter is alive.

        Raises GateError when the process is gone and its last moves have been returned.
        """
        with self._lock:
            try:
                if alive:
                    self._send("alive")
                while self._ready(0.0):
                    self._take()
            except GateError:
                if not self._moves:
                    raise
            moves = list(self._moves)
            self._moves.clear()
        return moves

    def rearm(self) -> bool:
        """Let gates move again after an e-stop, unless it is still pressed. Raises GateError."""
        with self._lock:
            self.stopped = None if self._ask("rearmed", "rearm") else ESTOP_PRESSED
            return self.stopped is None

    def rest(self) -> None:
        """Bring every gate to rest now and forget what was planned."""
        self._ask("rested", "rest")

    def close(self) -> None:
        """Bring every gate to rest, end the process, release the pins."""
        self._pipe.close()  # the process rests its gates when the pipe ends
        self._process.join(REPLY_TIMEOUT_S + self._settle_s)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(REPLY_TIMEOUT_S)

    def _ask(self, answer: str, *message: Any) -> Any:
        with self._lock:
            self._send(*message)
            return self._reply(answer, REPLY_TIMEOUT_S)

    def _send(self, *message: Any) -> None:
        try:
            if not select.select([], [self._pipe.fileno()], [], REPLY_TIMEOUT_S)[1]:
                raise self._silent(REPLY_TIMEOUT_S)
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
            self.moves_lost += len(self._moves) == MOST_MOVES
            self._moves.append(content)
        elif kind == "stopped":
            self.stopped = content
        elif kind == "lost":
            self.moves_lost += content
        elif kind == "failed":
            self._last_words = content
            raise self._gone()
        return kind, content

    def _reply(self, expected: str, timeout_s: float) -> Any:
        until = time.monotonic() + timeout_s
        while self._ready(max(0.0, until - time.monotonic())):
            kind, content = self._take()
            if kind == expected:
                return content
        raise self._silent(timeout_s)

    def _silent(self, timeout_s: float) -> GateError:
        return self._lost(
            f"expected the gate process to answer within {timeout_s:g} s, found silence, as of a machine that is "
            "overloaded or a process that was stopped, and ended it"
        )

    def _gone(self) -> GateError:
        return self._lost("expected the gate process to be running, found it gone")

    def _lost(self, found: str) -> GateError:
        """Return what it said last; where it said nothing, end what is left of it and rest its gates from here."""
        with self._lock:
            if not self._last_words and not self._pipe.closed:
                self._process.kill()
                self._process.join(REPLY_TIMEOUT_S)
                self._last_words = f"{found}; {self._rest_left()}; start again"
            return GateError(self._last_words or found)


def _rest_left(specs: tuple[GateSpec, ...], pin_factory: str | PinOpener, opener: PinOpener) -> str:
    """Bring to rest what the process moved, but for pretend pins, which are gone with the process; say how it went."""
    if not specs:
        return "it moved no gate"
    return _MOCK_LEFT if pin_factory == "mock" else rest_left(specs, opener)
