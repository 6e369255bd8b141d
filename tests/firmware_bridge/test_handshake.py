"""A refusal says which side is old."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_bridge.codec import encode
from firmware_bridge.codes import PROTOCOL, Reset, State, Status
from firmware_bridge.handshake import check_version
from firmware_bridge.messages import Boot, Hello, Identity
from firmware_bridge.session import Session
from firmware_bridge.wire import ProtocolError

BOOT = Boot(protocol=PROTOCOL, firmware=0x0102, reset=Reset.POWER, tick=0, board="rp2040")


def test_the_same_version_is_taken():
    """No error."""
    check_version(BOOT)


def test_old_firmware_is_told_apart_from_an_old_host():
    """The remedy is another one."""
    with pytest.raises(ProtocolError, match=r"the firmware 1\.2 on the rp2040 is old: .*; put the firmware"):
        check_version(replace(BOOT, protocol=PROTOCOL - 1))
    with pytest.raises(ProtocolError, match=r"this edge-sort is old: .*; install the edge-sort"):
        check_version(replace(BOOT, protocol=PROTOCOL + 1))


def test_a_board_that_another_line_has_armed_says_so():
    """Not a code, but what to do."""
    session = Session(Hello(PROTOCOL, 7, "test"))
    nothing = (0,) * 5
    busy = Identity(PROTOCOL, Status.BUSY, State.ARMED, 7, 257, *nothing, Reset.UNKNOWN, 1_000_000, 0, 0, "rp2040")
    with pytest.raises(ProtocolError, match=r"gates armed for a program on its other serial line .*; end that program"):
        session.take(encode(busy), 0.0)
