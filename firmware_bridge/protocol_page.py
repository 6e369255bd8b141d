"""docs/protocol.md from the table of messages: `python -m firmware_bridge.protocol_page` writes it anew."""

from __future__ import annotations

import inspect
import re
from binascii import crc_hqx
from enum import IntEnum
from pathlib import Path

from firmware_bridge import codes, messages
from firmware_bridge.c_header import snake
from firmware_bridge.codec import MOST_STUFFED, encode
from firmware_bridge.codes import Pull, Reset, State, Status
from firmware_bridge.wire import BY_ID, Field, Message

PATH = Path(__file__).parents[1] / "docs" / "protocol.md"
BAUD = 115_200
_KINDS = {("host", False): "call", ("host", True): "command", ("device", False): "answer", ("device", True): "event"}


def page() -> str:
    """Return the text of docs/protocol.md."""
    text = (Path(__file__).parent / "protocol_page.md").read_text()
    parts = {
        "version": str(codes.PROTOCOL),
        "baud": f"{BAUD:,}",
        "payload": str(codes.MOST_PAYLOAD),
        "most": str(MOST_STUFFED),
        "window": str(codes.WINDOW),
        "retry_ms": str(codes.RETRY_US // 1000),
        "vectors": ", ".join(_vector(data) for data in (b"", b"\0", b"123456789")),
        "codes": "".join(_code_table(table) for table in codes.CODES),
        "messages": "".join(_message(BY_ID[id]) for id in sorted(BY_ID)),
        "exchange": _exchange(),
    }
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def _vector(data: bytes) -> str:
    return f'"{data.decode()}"'.replace("\0", "\\0") + f" {crc_hqx(data, codes.CRC_START):#06x}"


def _code_table(table: type[IntEnum]) -> str:
    """One row for each code; its meaning is the comment behind it in codes.py."""
    meanings = dict(re.findall(r"^    (\w+) = \d+  # (.+)$", inspect.getsource(table), re.MULTILINE))
    rows = "".join(f"| {one.value} | {one.name} | {meanings.get(one.name, '')} |\n" for one in table)
    told = f"**{snake(table.__name__)}**: {(table.__doc__ or '').strip()}\n\n"
    return told + f"| code | name | meaning |\n|---|---|---|\n{rows}\n"


def _message(kind: type[Message]) -> str:
    head = f"### {kind.id:#04x} {snake(kind.__name__)}\n\n"
    told = (
        f"{_KINDS[kind.sender, kind.sequenced].capitalize()}, {kind.size()} bytes. {(kind.__doc__ or '').strip()}\n\n"
    )
    if not kind.fields:
        return head + told
    rows = "".join(_row(field) for field in kind.fields)
    return head + told + "| at | field | type | meaning |\n|---|---|---|---|\n" + rows + "\n"


def _row(field: Field) -> str:
    unit = ", us" if field.wire.unit == "us" else ""
    code = f" (code: {snake(field.kind.__name__)})" if issubclass(field.kind, IntEnum) else ""
    return f"| {field.offset} | {field.name} | {field.wire.name}{unit} | {field.meaning}{code} |\n"


def _exchange() -> str:
    """A host greets a device, sets and arms a gate and opens it once; a repeated command and a refused one."""
    part = messages.Plan(gate=0, opens=2_000_000, closes=2_050_000, part=7)
    steps: list[tuple[Message, int, str]] = [
        (messages.Boot(codes.PROTOCOL, 0x0100, Reset.POWER, 1000, "rp2040"), 0, "the device has started"),
        (messages.Hello(codes.PROTOCOL, 0x1234, "edge-sort"), 0, "the host begins"),
        (
            messages.Identity(
                codes.PROTOCOL,
                Status.OK,
                State.GREETED,
                0x1234,
                0x0100,
                16,
                8,
                2,
                64,
                8,
                Reset.POWER,
                1_000_000,
                100,
                0,
                "rp2040",
            ),
            0,
            "same version; numbers start at 1",
        ),
        (messages.Ping(token=1), 0, "what time is it there?"),
        (messages.Pong(1, 1_500_000, 1_500_120), 0, "received, sent"),
        (messages.SetGate(0, 2, 0, 200_000, 20_000, 5_000), 1, "gate 0: pin 2, rests low, 200 ms at most, 20 ms rest"),
        (messages.Ack(1, Status.OK, State.GREETED, 64), 0, "done"),
        (messages.SetEstop(3, 0, Pull.UP), 2, "pressed pulls pin 3 low"),
        (messages.Ack(2, Status.OK, State.GREETED, 64), 0, "done"),
        (messages.Estop(0, 1_510_000), 1, "the device's first event: not pressed"),
        (messages.EventAck(1), 0, "taken in"),
        (messages.Arm(500_000, 0), 3, "heartbeats within 500 ms; no stop was seen"),
        (messages.Ack(3, Status.OK, State.ARMED, 64), 0, "armed"),
        (messages.Heartbeat(0x1234), 0, "every 125 ms from now on"),
        (part, 4, "open from 2.000 to 2.050 s for part 7"),
        (part, 4, "no ack came for 50 ms: the same again, same number"),
        (messages.Ack(4, Status.OK, State.ARMED, 63), 0, "the answer to either; the gate opens once"),
        (messages.Plan(0, 2_060_000, 2_100_000, 8), 5, "only 10 ms of rest before this one"),
        (messages.Ack(5, Status.TOO_SOON, State.ARMED, 63), 0, "refused; number 5 is used all the same"),
        (messages.Opened(0, 7, 2_000_000, 2_000_000), 2, "the pin was set in its microsecond"),
        (messages.Closed(0, codes.Cause.PLANNED, 7, 2_050_000, 2_050_001), 3, "and back one later"),
        (messages.EventAck(3), 0, "both taken in"),
    ]
    lines = []
    for message, number, why in steps:
        arrow = "host  ▶" if message.sender == "host" else "◀ device"
        data = encode(message, number).hex(" ")
        lines.append(
            f"{arrow:8} {snake(type(message).__name__)}{f' #{number}' if number else ''}: {why}\n         {data}\n"
        )
    return "```\n" + "".join(lines) + "```\n"


if __name__ == "__main__":
    PATH.write_text(page())
