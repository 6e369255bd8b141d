"""A USB host for the emulated board, as hard on it as a real one: frames, waiting, a closed port, a pulled cable.

rp2040py's own host fetches each packet at once, knows no frames, and is never unplugged. This one reaches into its
controller for that.
"""

from __future__ import annotations

from firmware_bridge.emulated_usb import CONNECTED_US, DATA_ENDPOINT, PACKET_US, EmulatedUsbRp2040

FRAME_US = 1000
SOF_RD, DEV_SOF = 0x48, 1 << 17


class HardUsbRp2040(EmulatedUsbRp2040):
    """`packets`: (microseconds when the board gave it, size) of all packets to the host, fetched or not.

    `frames`: when each millisecond of the bus began. `reads`: whether the host fetches what the board has for it.
    """

    def __init__(self, image, **more):
        self.packets, self.frames, self.reads = [], [], True
        self._given, self._plugged, self._held = False, True, b""
        super().__init__(image, **more)

    def _watch_pins(self):
        """Called when the chip is there and nothing has run."""
        super()._watch_pins()
        usb = self._chip.usb_ctrl
        self._ready, self._read_register, self._enabled = usb._indicate_buffer_ready, usb.read_uint32, None
        usb._indicate_buffer_ready, usb.read_uint32 = self._buffer_ready, self._register_read
        self._frame = self._chip.clock.create_alarm(self._begin_frame)
        self._frame.schedule(FRAME_US * 1000)
        self._fetch = self._chip.clock.create_alarm(self._fetched)

    @property
    def us(self):
        """Microseconds since power was applied."""
        return self.now_ns / 1000

    def unplug(self):
        """Pull the cable: no frames, nothing fetched, nothing sent."""
        self._plugged = False

    def plug(self):
        """Put it back: the host resets the bus and enumerates."""
        self._plugged, self._given, self._expected = True, False, False
        self._to_board.clear()
        self.cdc._on_controller_reset()
        self.usb.reset_device()
        self.run_for(CONNECTED_US)

    def set_port(self, *, is_open):
        """Open or close the port: DTR."""
        self.cdc.set_control_lines(dtr=is_open, rts=is_open)
        self.run_for(200)

    def resume(self):
        """Fetch again."""
        self.reads = True
        if self._given:
            self._fetch_soon()

    def _begin_frame(self):
        self._frame.schedule(FRAME_US * 1000)
        if self._plugged:
            self.frames.append(self.us)
            self.usb._int_raw |= DEV_SOF
            self.usb.check_interrupts()

    def _register_read(self, offset):
        if offset == SOF_RD:
            self.usb._int_raw &= ~DEV_SOF
            self.usb.check_interrupts()
        return self._read_register(offset)

    def _buffer_ready(self, endpoint, out):
        if out or endpoint != DATA_ENDPOINT:
            self._ready(endpoint, out)
            return
        self._given, self._given_at = True, self.us
        if self.reads and self._plugged:
            self._fetch_soon()

    def _fetch_soon(self):
        self._fetch.schedule((PACKET_US + 1) * 1000)  # a little after the emulator tells what is in it

    def _arrived(self, packet):
        self.packets.append((self._given_at, len(packet)))
        self._held = packet

    def _fetched(self):
        if self._given and self._plugged:
            self._given = False
            super()._arrived(self._held)
            self._ready(DATA_ENDPOINT, False)

    def _send_packet(self):
        if self._plugged:
            super()._send_packet()
