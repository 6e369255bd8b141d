"""Photo-eyes and encoders on a board: seen by its interrupts, to the microsecond, told in the host's seconds."""

from __future__ import annotations

from collections import deque

from edge.errors import GateError
from edge.sensors import MOST_EDGES, Edge
from firmware_bridge.board import Board
from firmware_bridge.codes import NO_PIN, Pull
from firmware_bridge.messages import Count, SetEncoder, SetSensor
from firmware_bridge.messages import Edge as EdgeEvent
from firmware_bridge.session import Done
from firmware_bridge.wire import Event

BOTH_EDGES = 3
MOST_COUNTS = 4096
COUNTS_PER_S = 100  # that a board tells of: each is 20 bytes on a line of 11,520 a second


class BoardSensor:
    """A Sensor on a pin of a board. It is pulled to the level it does not have while something is there."""

    def __init__(self, board: Board, number: int, name: str, pin: int, *, active_high: bool) -> None:
        """number: of the sensor on its board. Raises GateError when the board cannot watch the pin."""
        if number >= board.identity.sensors:
            raise GateError(f"{name}: the board can have {board.identity.sensors} sensors; put this one on the Pi")
        self._board, self._number, self._high = board, number, active_high
        self._edges: deque[Edge] = deque(maxlen=MOST_EDGES)
        self._active: bool | None = None
        self._overrun = 0
        board.hear(self._hear)
        pull = Pull.DOWN if active_high else Pull.UP
        board.set(SetSensor(number, pin, pull, BOTH_EDGES, 0), f"{name} on its pin {pin}")

    @property
    def active(self) -> bool:
        """Whether something is there now."""
        self._board.take()
        return bool(self._active)

    @property
    def lost(self) -> int:
        """How many edges came faster than they were fetched, or than the board could tell of."""
        return self._overrun + self._board.events_lost

    def edges(self) -> list[Edge]:
        """Return the changes since the last call, the oldest first."""
        self._board.take()
        return [self._edges.popleft() for _ in range(len(self._edges))]

    def close(self) -> None:
        """Nothing to let go: the board is closed by whoever opened it."""

    def _hear(self, heard: Event | Done) -> None:
        if not isinstance(heard, EdgeEvent) or heard.sensor != self._number:
            return
        active = bool(heard.level) == self._high
        if self._active is None:  # how it was when it was set; no event
            self._active = active
        elif active != self._active:
            self._active = active
            self._overrun += len(self._edges) == MOST_EDGES
            self._edges.append(Edge(self._board.host_s(heard.tick), active))


class BoardSteps:
    """Steps of an encoder on a board (a StepSource): every so many counts are one step."""

    def __init__(self, board: Board, pins: tuple[int, int | None], counts_per_step: int) -> None:
        """pins: of its channels. counts_per_step: a power of two, so that both counters roll over together.

        With two channels every edge counts, four for a full cycle. Raises GateError.
        """
        if board.identity.encoders < 1:
            raise GateError("belt: the board can have no encoder; put it on the Pi")
        self._board, self._every = board, counts_per_step
        self.modulus: int | None = (1 << 32) // counts_per_step
        self._steps: deque[tuple[float, int]] = deque(maxlen=MOST_COUNTS)
        self._overrun = 0
        self._greetings, self._before, self._total = board.greetings, 0, 0
        board.hear(self._hear)
        pin_a, pin_b = pins
        board.set(
            SetEncoder(0, pin_a, NO_PIN if pin_b is None else pin_b, Pull.UP, counts_per_step),
            f"belt: the encoder on its pins {pin_a} and {pin_b}",
        )

    @property
    def lost(self) -> int:
        """How many steps could not be kept; the counter has counted them all the same."""
        return self._overrun

    def take(self) -> list[tuple[float, int]]:
        """Return the steps since the last call."""
        self._board.take()
        with self._board.lock:
            steps = list(self._steps)
            self._steps.clear()
        return steps

    def close(self) -> None:
        """Nothing to let go: the board is closed by whoever opened it."""

    def _hear(self, heard: Event | Done) -> None:
        if not isinstance(heard, Count):
            return
        if self._board.greetings != self._greetings:  # it counts from 0 again
            self._greetings, self._before = self._board.greetings, self._total
        self._total = (self._before + heard.count) % (1 << 32)
        self._overrun += len(self._steps) == MOST_COUNTS
        self._steps.append((self._board.host_s(heard.tick), self._total // self._every))


def counts_per_step(counts_per_s: float) -> int:
    """Return how many counts to tell of at once, so that the line is not filled: a power of two."""
    every = 1
    while counts_per_s / every > COUNTS_PER_S:
        every *= 2
    return every
