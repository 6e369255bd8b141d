"""Messages as bytes on the line, and back.

A frame is: length of the payload, id, number, payload, CRC-16 (little-endian) of all these; stuffed (COBS) and sent
between two zeros. What is damaged on the way is dropped and counted: the sender sends it again.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass

from firmware_bridge import messages
from firmware_bridge.cobs import stuff, unstuff
from firmware_bridge.codes import CRC_START, MOST_PAYLOAD
from firmware_bridge.wire import BY_ID, Message, ProtocolError, pack, unpack

__all__ = ["Decoder", "Frame", "ProtocolError", "decode", "encode", "next_number", "wire_length"]

assert messages.Hello.id in BY_ID  # the table is entered by importing it
HEAD, CHECK = 3, 2
MOST_STUFFED = HEAD + MOST_PAYLOAD + CHECK + 1


@dataclass(frozen=True)
class Frame:
    """A message and its number; 0 for messages that are not numbered."""

    message: Message
    number: int


def encode(message: Message, number: int = 0) -> bytes:
    """Return the bytes to send, with the zeros around them. Raises ProtocolError when a value does not fit."""
    if message.sequenced != bool(number) or not 0 <= number <= 255:
        wanted = "1 to 255" if message.sequenced else "0"
        raise ProtocolError(f"expected {wanted} as the number of {type(message).__name__}, got {number}")
    payload = pack(message)
    body = bytes([len(payload), message.id, number]) + payload
    return b"\0" + stuff(body + crc_hqx(body, CRC_START).to_bytes(CHECK, "little")) + b"\0"


def decode(stuffed: bytes) -> Frame:
    """Return the frame between two zeros. Raises ProtocolError, with what is wrong with it."""
    body = unstuff(stuffed)
    if len(body) < HEAD + CHECK or body[0] != len(body) - HEAD - CHECK:
        raise ProtocolError(f"a frame of {len(body)} bytes does not have the length it names")
    if crc_hqx(body[:-CHECK], CRC_START) != int.from_bytes(body[-CHECK:], "little"):
        raise ProtocolError("the checksum of a frame is wrong")
    kind = BY_ID.get(body[1])
    if kind is None:
        raise ProtocolError(f"no message has the id {body[1]:#04x}; one side is newer than the other")
    if kind.sequenced != bool(body[2]):
        raise ProtocolError(f"{kind.__name__} came with the number {body[2]}")
    return Frame(unpack(kind, body[HEAD:-CHECK]), body[2])


class Decoder:
    """Bytes as they arrive, in pieces of any size, to frames. bad: how many pieces between zeros were no frame."""

    def __init__(self) -> None:
        self.bad = 0
        self._piece = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Take in bytes and return the frames that are now whole."""
        frames = []
        *ended, rest = data.split(b"\0")
        for piece in ended:
            self._add(piece)
            frames += self._take()
        self._add(rest)
        return frames

    def _add(self, piece: bytes) -> None:
        """Keep one byte more than the longest frame has, so that it is seen to be too long."""
        self._piece += piece[: MOST_STUFFED + 1 - len(self._piece)]

    def _take(self) -> list[Frame]:
        piece, self._piece = bytes(self._piece), bytearray()
        if not piece:
            return []
        try:
            return [decode(piece)]
        except ProtocolError:
            self.bad += 1
            return []


def next_number(number: int) -> int:
    """The number after this one: 1 to 255, then 1 again. 0 is never used."""
    return number % 255 + 1


def wire_length(kind: type[Message]) -> int:
    """Bytes of a frame on the line, with both zeros: the same whatever is in it."""
    return 1 + 1 + HEAD + kind.size() + CHECK + 1
