"""Gates on a microcontroller, as the line sees any other: planned here, moved there, by the board's own clock.

What is admitted is decided here, against the same limits as for a pin of this computer; what is admitted is brought to
the board as openings in its own ticks, and brought up to date when it changes. The board refuses once more what it
cannot keep, and brings its gates to rest by itself when the heartbeat stops.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from edge.clocks import Clock
from edge.errors import GateError
from edge.gate_limits import MoveRefused, Window
from edge.gates import GateMove, GateSpec
from edge.openings import Asked
from edge.parts import Reason
from edge.stops import Stop
from firmware_bridge.board import REPLY_WITHIN_S, Board
from firmware_bridge.board_gate import BoardGate
from firmware_bridge.board_stops import latched, lost_board
from firmware_bridge.clock_sync import WRAP
from firmware_bridge.codes import Status
from firmware_bridge.mcu_moves import McuMoves
from firmware_bridge.mcu_room import McuRoom
from firmware_bridge.messages import Arm, Cancel, Closed, Latched, Missed, Opened, Plan, Replan, Rest
from firmware_bridge.session import Done, LinkLost
from firmware_bridge.wire import Command

HEARTBEAT_S = 1.0


class McuGates:
    """All gates of one board. Times are on the host's clock. Any thread may call."""

    def __init__(
        self,
        specs: Sequence[GateSpec],
        board: Board,
        clock: Clock,
        *,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        """Set the gates of a board and arm it; what else it has must be set before. Raises GateError."""
        self._clock, self._board, self._heartbeat_s = clock, board, heartbeat_s
        self._moves = McuMoves(specs, clock, board.host_s)
        self._gates = self._moves.gates
        self._room = McuRoom(self._gates.values())
        self._beaten_at = float("-inf")
        self.stopped: Stop | None = None
        self._lock = board.lock
        board.hear(self._hear)
        self._set_gates()
        self._arm()

    @property
    def moves_lost(self) -> int:
        """Moves there was no room for, because nobody asked."""
        return self._moves.lost

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused."""
        with self._lock:
            self._admissible(gate, window)
            one = self._gates[gate]
            one.openings.admit(Asked(part, window, hold), self._clock.now())
            self._bring_up_to_date(one)

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned. Returns the parts no longer planned, and why."""
        with self._lock:
            self._take()
            one = self._gates[gate]
            refused = one.openings.replan(windows, self._clock.now())
            self._bring_up_to_date(one)
            return refused

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        """Return the moves made since the last call; tell the board that the sorter is alive."""
        with self._lock:
            now = self._clock.now()
            if alive and not self.stopped and now >= self._beaten_at + self._heartbeat_s / 4:
                self._beaten_at = now
                self._unless_lost(self._board.link.heartbeat)
            self._take()
            self._tell_those_that_wait(now)
            return self._moves.take()

    def rearm(self) -> bool:
        """Let gates move again after a stop, with a new greeting. Returns False while the board cannot or may not."""
        with self._lock:
            self._take()
            if self.stopped is None:
                return True
            try:
                self._board.set_up_again()
                self._arm()
            except (GateError, LinkLost) as error:
                self.stopped = lost_board(str(error))
                return False
            return True

    def rest(self) -> None:
        """Bring every gate to rest now and forget what was planned. Raises GateError when the board does not say so."""
        with self._lock:
            if self.stopped:
                return
            self._send(Rest())
            try:
                answered = self._board.link.settle(REPLY_WITHIN_S)
            except LinkLost as error:
                self._lost(error)
                return
            if not answered:
                raise GateError(
                    f"expected the board to bring its gates to rest within {REPLY_WITHIN_S:g} s, found silence; they "
                    f"come to rest by themselves {self._heartbeat_s:g} s after its last heartbeat; "
                    f"{self._board.link.if_silent}"
                )
            self._take()
            self._moves.void()

    def close(self) -> None:
        """Bring every gate to rest and let the board go. May be called twice."""
        try:
            if self._board.link.failure is None:
                self.rest()
        finally:
            self._board.close()

    def clock_error_s(self, at: float) -> float:
        """Return by how much, at most, a moment as the board keeps it is off."""
        return self._board.error_s(at)

    def _set_gates(self) -> None:
        identity = self._board.identity
        if len(self._gates) > identity.gates:
            raise GateError(
                f"expected at most the {identity.gates} gates that {identity.board} can have, found {len(self._gates)} "
                "of kind 'mcu'; put the others on another kind"
            )
        for gate in self._gates.values():
            self._board.set(gate.setting(), f"gate {gate.spec.name!r} on pin {gate.spec.pins.pin}")

    def _arm(self) -> None:
        link = self._board.link
        latch = link.status.latch if link.status is not None else link.identity.latch
        self._board.must(Arm(round(self._heartbeat_s * 1e6), latch), "the order to arm")
        self._beaten_at = self._clock.now()
        self.stopped = None

    def _admissible(self, gate: str, window: Window) -> None:
        if self.stopped:
            raise MoveRefused(Reason.NOT_ARMED, f"the board is stopped: {self.stopped.cause}")
        error_ms = self.clock_error_s(window.opens_at) * 1000
        tolerance_ms = self._gates[gate].spec.limits.late_ms
        if error_ms > tolerance_ms:
            raise MoveRefused(
                Reason.LATE,
                f"the board's clock is known to {error_ms:.1f} ms only, the gate tolerates {tolerance_ms:g}",
            )

    def _bring_up_to_date(self, gate: BoardGate) -> None:
        for change in gate.changes(self._ticks):
            self._send(change)

    def _ticks(self, window: Window) -> tuple[int, int]:
        clock = self._board.link.device_clock
        opens, closes = (round(clock.ticks_at(at).ticks) % WRAP for at in (window.opens_at, window.closes_at))
        return opens, closes

    def _take(self) -> None:
        self._board.take()
        if self._board.link.failure is not None:
            self._lost(self._board.link.failure)

    def _tell_those_that_wait(self, now: float) -> None:
        for part in self._room.overdue(now):
            self._moves.missed(part)
        for gate in self._room.let_in():
            self._bring_up_to_date(gate)

    def _hear(self, heard: object) -> None:
        self._room.hear(heard)
        match heard:
            case Opened():
                self._moves.opened(heard)
            case Closed():
                self._moves.closed(heard)
            case Missed():
                self._moves.missed(heard.part)
            case Latched():
                self._stop(latched(heard.reason, self._heartbeat_s))
            case Done(command=Plan(part=part), status=status) if status is not Status.OK:
                self._refused(part, status)
            case Done(command=Replan(part=part), status=status) if status not in (Status.OK, Status.UNKNOWN_PART):
                self._send(Cancel(part))
                self._moves.missed(part)

    def _refused(self, part: int, status: Status) -> None:
        gate = next((gate for gate in self._gates.values() if part in gate.told), None)
        if gate is not None and status is Status.QUEUE_FULL:
            self._room.refused(gate, part)
        else:
            self._moves.missed(part)

    def _stop(self, stop: Stop) -> None:
        self.stopped = stop
        self._moves.void()

    def _lost(self, failure: LinkLost) -> None:
        if not self.stopped:
            self._stop(lost_board(str(failure)))

    def _send(self, command: Command) -> None:
        self._unless_lost(lambda: self._board.link.send(command))

    def _unless_lost(self, action: Callable[[], None]) -> None:
        try:
            action()
        except LinkLost as error:
            self._lost(error)
