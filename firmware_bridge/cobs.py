"""Consistent Overhead Byte Stuffing: bytes without a zero in them, so that a zero can end a frame.

S. Cheshire and M. Baker, IEEE/ACM Transactions on Networking 7(2), 1999. A block of up to 254 bytes costs one more.
"""

from __future__ import annotations

from firmware_bridge.wire import ProtocolError

_LONGEST = 254


def stuff(data: bytes) -> bytes:
    """Return `data` without zeros. Each piece between zeros follows one plus its own length."""
    out = bytearray()
    for piece in data.split(b"\0"):
        while len(piece) >= _LONGEST:
            out += b"\xff" + piece[:_LONGEST]
            piece = piece[_LONGEST:]
        out += bytes([len(piece) + 1]) + piece
    return bytes(out)


def unstuff(data: bytes) -> bytes:
    """Return what was stuffed. Raises ProtocolError when a length leads beyond the end or to a zero."""
    out = bytearray()
    at = 0
    while at < len(data):
        length = data[at]
        piece = data[at + 1 : at + length]
        if length == 0 or len(piece) != length - 1 or 0 in piece:
            raise ProtocolError(f"byte {at} of a stuffed frame leads to no other")
        out += piece
        at += length
        if length <= _LONGEST and at < len(data):
            out.append(0)
    return bytes(out)
