"""Boards by the machine file's words: which kind of port, and who keeps the link going."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from edge.clocks import Clock, ManualClock
from edge.errors import EdgeSortError, GateError
from edge.gates import GateSpec
from firmware_bridge.host_board import HostBoard
from firmware_bridge.link import GREET_WITHIN_S, Link
from firmware_bridge.mcu_gates import McuGates, OpenLink
from firmware_bridge.ports import BAUD, Port, SerialPort
from firmware_bridge.pumping import pumped_by_clock, pumped_by_thread
from firmware_bridge.rp2040_board import Rp2040Board

if TYPE_CHECKING:
    from edge.machine import McuTable

EMULATED: dict[str, Callable[[Clock], Port]] = {"emulated": HostBoard, "emulated-rp2040": Rp2040Board}
"""The core compiled for this computer, which is quick; the image of an RP2040 on an emulator of it, which is exact."""


def open_port(name: str, clock: Clock, baud: int = BAUD) -> Port:
    """Return the port of this name, or one of the boards that are not there (EMULATED).

    Raises GateError, or BuildError and MissingPackageError where an emulated board needs what is not installed.
    """
    if name in EMULATED:
        return EMULATED[name](clock)
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


def open_mcu_gates(table: McuTable, specs: Sequence[GateSpec], clock: Clock) -> McuGates:
    """Return the gates of the board that a machine file names. Raises GateError."""
    heartbeat_s = table.heartbeat_ms / 1000
    return McuGates(specs, _opener(table.port, table.baud, clock), clock, heartbeat_s=heartbeat_s)


def _opener(port: str, baud: int, clock: Clock) -> OpenLink:
    return lambda within_s: open_link(open_port(port, clock, baud), clock, within_s)
