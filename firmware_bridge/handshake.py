"""Whether this program and the firmware on a board can work together; a refusal says which of them is old."""

from __future__ import annotations

from firmware_bridge.codes import PROTOCOL
from firmware_bridge.messages import Boot, Identity
from firmware_bridge.wire import ProtocolError


def check_version(device: Identity | Boot) -> None:
    """Raise ProtocolError unless the device speaks this program's version of the protocol."""
    if device.protocol == PROTOCOL:
        return
    board = f"the firmware {version_text(device.firmware)} on the {device.board or 'board'}"
    if device.protocol < PROTOCOL:
        raise ProtocolError(
            f"{board} is old: it speaks version {device.protocol} of the protocol and this edge-sort {PROTOCOL}; "
            "put the firmware that came with this edge-sort on the board"
        )
    raise ProtocolError(
        f"this edge-sort is old: it speaks version {PROTOCOL} of the protocol and {board} {device.protocol}; "
        "install the edge-sort that the firmware came with, or a newer one"
    )


def version_text(firmware: int) -> str:
    """A firmware's version as people write it."""
    return f"{firmware >> 8}.{firmware & 255}"
