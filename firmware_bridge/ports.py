"""The seam to whatever carries bytes to a board and back, and the real one: a serial port, a pty or a socket."""

from __future__ import annotations

import errno
import os
from typing import Any, Protocol
from urllib.parse import urlsplit

from edge.errors import GateError
from edge.extras import need
from firmware_bridge.session import LinkLost

BAUD = 115_200
WRITE_TIMEOUT_S = 0.5
MOST_AT_ONCE = 4096
IF_EMULATED = "this computer is too slow, or too busy, for an emulated board in real time; end what else it does"


class Port(Protocol):
    """Bytes to a board and back. if_silent: what to do when nothing comes."""

    if_silent: str

    def read(self, wait_s: float) -> bytes:
        """Return what has come, waiting for its first byte no longer than this. Raises LinkLost."""
        ...

    def write(self, data: bytes) -> None:
        """Send bytes. Raises LinkLost."""
        ...

    def close(self) -> None:
        """Let the port go. May be called twice."""
        ...


class SerialPort:
    """A port of pyserial: a device name, or one of its addresses such as socket://host:port."""

    if_silent = "check port and baud rate, and put the firmware on it with: edge-sort mcu flash"

    def __init__(self, name: str, baud: int = BAUD) -> None:
        """Open it. Raises GateError when there is none, it is in use, or pyserial is missing."""
        serial = need("serial", "a gate on a microcontroller", "mcu")
        # the last three: read from a port closed meanwhile, a terminal's or, AttributeError and ValueError, a socket's
        self._errors = (serial.SerialException, OSError, TypeError, AttributeError, ValueError)
        self._name = name
        _require_number(name)
        try:
            self._port: Any = serial.serial_for_url(name, baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, **_own(name))
        except (serial.SerialException, OSError, ValueError) as error:
            number = getattr(error, "errno", None)  # pyserial's own words say name and number twice
            raise GateError(
                f"mcu.port: expected a serial port at {name!r}, found: {os.strerror(number) if number else error}; "
                f"{_remedy(number)}"
            ) from error

    def read(self, wait_s: float) -> bytes:
        """Return what has come, waiting for its first byte no longer than this. Raises LinkLost."""
        try:
            self._port.timeout = wait_s
            first: bytes = self._port.read(1)
            if not first:
                return b""
            self._port.timeout = 0
            rest: bytes = self._port.read(MOST_AT_ONCE)
            return first + rest
        except self._errors as error:
            raise LinkLost(f"{self._name} can no longer be read: {error}") from error

    def write(self, data: bytes) -> None:
        """Send bytes. Raises LinkLost."""
        try:
            self._port.write(data)
        except self._errors as error:
            raise LinkLost(f"{self._name} can no longer be written to: {error}") from error

    def close(self) -> None:
        """Let the port go."""
        self._port.close()


def _require_number(name: str) -> None:
    """Raise GateError for an address without the number of its port, which pyserial compares with numbers."""
    try:
        address = urlsplit(name)
        missing = address.scheme in ("socket", "rfc2217") and address.port is None
    except ValueError:
        return  # pyserial has a sentence for these
    if missing:
        raise GateError(
            f"mcu.port: expected {address.scheme}://HOST:PORT, found no port number in {name!r}; add the one that the "
            "other side listens on"
        )


def _remedy(number: int | None) -> str:
    if number == errno.EACCES:
        return "sudo usermod -aG dialout $USER, log out and in again: that group may use serial ports"
    ports = need("serial.tools.list_ports", "a gate on a microcontroller", "mcu").comports()
    here = ", ".join(f"{one.device} ({one.description})" for one in sorted(ports, key=lambda one: str(one.device)))
    return "plug the board in, correct the name, or end the other program that uses it" + (
        f"; ports here: {here}" if here else ""
    )


def _own(name: str) -> dict[str, bool]:
    """Have a real serial port for this program alone: two hosts on one board would disturb each other."""
    return {} if "://" in name else {"exclusive": True}
