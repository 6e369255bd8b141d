"""A host for a board in tests: says what it is told, and keeps what it hears."""

from __future__ import annotations

from firmware_bridge.codec import Decoder, encode, next_number
from firmware_bridge.codes import PROTOCOL, Status
from firmware_bridge.messages import Ack, Arm, EventAck, Hello, Identity, SetGate

GATE_PINS = (2, 3, 4, 5)
ANSWER_US = 10_000  # hello and identity take 6.1 ms on the line


class BoardHost:
    """Talks to one emulated board. `edges`: (pin, level, microseconds as a float) of every change of a pin.

    answer_us: how long it waits for an answer.
    """

    def __init__(self, board, *, answer_us=ANSWER_US):
        self.board, self._answer_us = board, answer_us
        self.edges, self.heard = [], []
        self.number = 0
        self._decoder = Decoder()
        self.board.on_pin(lambda pin, level, now_ns: self.edges.append((pin, level, now_ns / 1000)))
        self.wait(5_000)

    @property
    def tick(self):
        """The device's time, as it has not started again."""
        return int(self.board.now_ns / 1000) % 2**32

    def wait(self, us):
        """Let time pass; the messages heard meanwhile."""
        self.board.run_for(us)
        frames = self._decoder.feed(self.board.read())
        self.heard += frames
        assert self._decoder.bad == 0
        return [frame.message for frame in frames]

    def call(self, message):
        """Say something that is not numbered; the answer."""
        self.board.write(encode(message))
        return self.wait(self._answer_us)

    def command(self, message):
        """Say a command; its acknowledgement."""
        self.number = next_number(self.number)
        self.board.write(encode(message, self.number))
        return next(one for one in self.wait(self._answer_us) if isinstance(one, Ack))

    def acknowledgement(self):
        """The bytes that acknowledge every event heard so far."""
        return encode(EventAck(next((one.number for one in reversed(self.heard) if one.number), 0)))

    def told(self, kind):
        """All messages of a kind so far."""
        return [frame.message for frame in self.heard if isinstance(frame.message, kind)]

    def set_up(self, heartbeat=60_000_000, max_on=2_000_000):
        """Greet, set the gates, resting low, and arm."""
        identity = next(one for one in self.call(Hello(PROTOCOL, 1, "test")) if isinstance(one, Identity))
        for gate, pin in enumerate(GATE_PINS):
            assert self.command(SetGate(gate, pin, 0, max_on, 1000, 1000)).status is Status.OK
        assert self.command(Arm(heartbeat, identity.latch)).status is Status.OK
        self.edges.clear()
