"""A port that is none is one sentence."""

from __future__ import annotations

import re

import pytest

from edge.errors import GateError
from firmware_bridge.ports import SerialPort

pytest.importorskip("serial", reason="needs pyserial: pip install pyserial")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("/dev/no-such-port", "No such file or directory"),
        ("", "No such file or directory"),
        ("/dev/null", "Could not configure port"),
        ("nonsense://board", "protocol 'nonsense' not known"),
    ],
)
def test_a_port_that_cannot_be_opened_is_told_once(name, found):
    """Its name, what the system says of it, and what to do."""
    with pytest.raises(GateError) as refused:
        SerialPort(name)
    sentence = str(refused.value)
    assert re.match(f"mcu.port: expected a serial port at {name!r}, found: .*{found}", sentence)
    assert sentence.count("No such file") <= 1
    assert sentence.endswith("; plug the board in, correct the name, or end the other program that uses it")
