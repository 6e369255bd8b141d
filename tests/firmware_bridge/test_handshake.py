"""A refusal says which side is old."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware_bridge.codes import PROTOCOL, Reset
from firmware_bridge.handshake import check_version
from firmware_bridge.messages import Boot
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
