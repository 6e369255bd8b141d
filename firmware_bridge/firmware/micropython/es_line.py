# Frames on the serial line, as docs/protocol.md has them: COBS between zeros, length, id, number, payload, CRC-16.
from es_messages import CRC_START, MOST_PAYLOAD

MOST = MOST_PAYLOAD + 6


def crc(data):
    value = CRC_START
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021) & 0xFFFF if value & 0x8000 else value << 1 & 0xFFFF
    return value


def frame(id, number, payload):
    """The bytes to send."""
    body = bytes((len(payload), id, number)) + payload
    value = crc(body)
    body += bytes((value & 0xFF, value >> 8))
    line = bytearray(b"\0")
    for run in body.split(b"\0"):
        line.append(len(run) + 1)
        line += run
    line.append(0)
    return bytes(line)


def unstuffed(piece):
    """What lay between two zeros, or None when it is no COBS."""
    body = bytearray()
    at = 0
    while at < len(piece):
        length = piece[at]
        if at + length > len(piece):
            return None
        body += piece[at + 1 : at + length]
        at += length
        if at < len(piece):
            body.append(0)
    return bytes(body)


class Reader:
    """Bytes as they come to (id, number, payload). bad: pieces that were no frame."""

    def __init__(self):
        self.bad = self.good = 0
        self._piece = bytearray()

    def feed(self, data):
        frames = []
        for byte in data:
            if byte:
                if len(self._piece) <= MOST:
                    self._piece.append(byte)
                continue
            if self._piece:
                self._take(frames)
            self._piece = bytearray()
        return frames

    def _take(self, frames):
        body = unstuffed(self._piece) if len(self._piece) <= MOST else None
        if body is None or len(body) < 5 or body[0] != len(body) - 5 or crc(body[:-2]) != body[-2] | body[-1] << 8:
            self.bad += 1
        else:
            self.good += 1
            frames.append((body[1], body[2], body[3:-2]))
