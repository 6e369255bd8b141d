"""Boards by the machine file's words: which kind of port, and who keeps the link going."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING

from edge.clocks import Clock, ManualClock
from edge.errors import EdgeSortError, GateError
from edge.gates import GateSpec
from firmware_bridge.board import Board
from firmware_bridge.board_inputs import BoardSensor, BoardSteps, counts_per_step
from firmware_bridge.host_board import HostBoard
from firmware_bridge.link import GREET_WITHIN_S, Link
from firmware_bridge.mcu_gates import McuGates
from firmware_bridge.ports import BAUD, Port, SerialPort
from firmware_bridge.pumping import pumped_by_clock, pumped_by_thread
from firmware_bridge.rp2040_board import Rp2040Board

if TYPE_CHECKING:
    from edge.gate_tables import McuTable

EMULATED: dict[str, Callable[[Clock], Port]] = {
    "emulated": HostBoard,
    "emulated-uno": partial(HostBoard, like="uno"),
    "emulated-rp2040": Rp2040Board,
    "emulated-rp2040-usb": partial(Rp2040Board, usb=True),
}
"""The core compiled for this computer, which is quick, with all that a Pico or an Uno can hold; the image of an RP2040
on an emulator of it, which is exact.
"""


def open_port(name: str, clock: Clock, baud: int = BAUD) -> Port:
    """Return the port of this name, or one of the boards that are not there (EMULATED).

    Raises GateError, or BuildError and MissingPackageError where an emulated board needs what is not installed.
    """
    if name in EMULATED:
        return EMULATED[name](clock)
    if "/" not in name and get_close_matches(name.lower(), EMULATED):
        raise GateError(
            f"mcu.port: expected a serial port, or one of {', '.join(EMULATED)}, found {name!r}; correct the name"
        )
    return SerialPort(name, baud)


def open_link(port: Port, clock: Clock, within_s: float = GREET_WITHIN_S) -> Link:
    """Greet the board on a port and keep the link going. Raises GateError; the port is closed then."""
    link = Link(port, clock)
    try:
        link.open(within_s)
    except EdgeSortError as error:
        link.close()
        raise GateError(f"mcu.port: {error}") from error
    except BaseException:
        link.close()
        raise
    if isinstance(clock, ManualClock):
        pumped_by_clock(link, clock)
    else:
        pumped_by_thread(link)
    return link


def open_board(port: str, baud: int, clock: Clock) -> Board:
    """Return the board on a port, greeted. Raises GateError."""
    return Board(lambda within_s: open_link(open_port(port, clock, baud), clock, within_s))


class MachineBoard:
    """What a machine has on its board: inputs first, then the gates, which arm it. Each raises GateError."""

    def __init__(self, table: McuTable, clock: Clock) -> None:
        """Greet the board that the machine file names."""
        self._board = open_board(table.port, table.baud, clock)
        self._clock, self._heartbeat_s = clock, table.heartbeat_ms / 1000
        self._sensors = 0

    def sensor(self, name: str, pin: int, *, active_high: bool) -> BoardSensor:
        """Return a sensor on a pin."""
        self._sensors += 1
        return BoardSensor(self._board, self._sensors - 1, name, pin, active_high=active_high)

    def steps(self, pins: tuple[int, int | None], counts_per_s: float) -> tuple[BoardSteps, int]:
        """Return the steps of an encoder that counts so fast, and how many counts each stands for."""
        every = counts_per_step(counts_per_s)
        return BoardSteps(self._board, pins, every), every

    def gates(self, specs: Sequence[GateSpec]) -> McuGates:
        """Return the gates, at rest and armed."""
        return McuGates(specs, self._board, self._clock, heartbeat_s=self._heartbeat_s)

    def close(self) -> None:
        """Let the board go; its gates rest when they were closed, or when no heartbeat comes. May be called twice."""
        self._board.close()
