"""A port that is none is one sentence."""

from __future__ import annotations

import errno
import re
import socket
from types import SimpleNamespace

import pytest

from edge.clocks import MonotonicClock
from edge.errors import GateError
from firmware_bridge.open_board import EMULATED, open_port
from firmware_bridge.ports import SerialPort
from firmware_bridge.session import LinkLost

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
    assert "; plug the board in, correct the name, or end the other program that uses it" in sentence


@pytest.mark.parametrize("name", ["emulatd", "Emulated", "emulated-rp2040x", "emulated-rp2040-usb "])
def test_a_mistyped_emulated_board_is_told_which_there_are(name):
    """It is no serial port that is missing."""
    with pytest.raises(GateError, match=rf"one of {', '.join(EMULATED)}, found .*; correct"):
        open_port(name, MonotonicClock())


def test_the_ports_there_are_are_named(monkeypatch):
    """A board plugged in again may have another number: the name that is right stands in the error."""
    port = SimpleNamespace(device="/dev/ttyACM1", description="gate controller")
    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [port])
    with pytest.raises(GateError, match=r"; ports here: /dev/ttyACM1 \(gate controller\)$"):
        SerialPort("/dev/ttyACM0")


def test_a_port_one_may_not_use_names_the_group(monkeypatch):
    """On a Pi that is dialout."""

    def refuse(*_args, **_more):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("serial.serial_for_url", refuse)
    with pytest.raises(GateError, match="found: Permission denied; sudo usermod -aG dialout"):
        SerialPort("/dev/ttyACM0")


@pytest.mark.parametrize("let_go", ["forgotten", "closed"])
def test_a_socket_closed_while_it_is_read_is_a_lost_link(monkeypatch, let_go):
    """Whoever ends closes the port while another thread waits for bytes: between its wait and its read, too."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}")
        inner = port._port

        def closed_meanwhile(read, _write, _other, _wait):
            inner._socket.close()
            if let_go == "forgotten":
                inner._socket = None
                return read, [], []
            raise ValueError("file descriptor cannot be a negative integer (-1)")

        waiting = SimpleNamespace(select=closed_meanwhile, error=OSError)
        monkeypatch.setattr("serial.urlhandler.protocol_socket.select", waiting)
        monkeypatch.setattr("serial.urlhandler.protocol_socket.time.sleep", lambda _s: None)
        with pytest.raises(LinkLost, match="can no longer be read"):
            port.read(0.1)
        port.close()


@pytest.mark.parametrize("name", ["socket://127.0.0.1", "socket://127.0.0.1:", "rfc2217://localhost"])
def test_an_address_without_a_port_number_says_that_it_is_missing(name):
    """And what an address looks like."""
    with pytest.raises(GateError, match=rf"expected \w+://HOST:PORT, found no port number in '{name}'; add"):
        SerialPort(name)


def test_an_address_whose_port_is_no_number_says_so():
    """Out of range, or a word."""
    for name in ("socket://127.0.0.1:99999", "socket://127.0.0.1:usb"):
        with pytest.raises(GateError, match=f"expected a serial port at '{name}', found: .*[Pp]ort"):
            SerialPort(name)
