"""The table of messages for MicroPython: `python -m firmware_bridge.micropython_table` writes es_messages.py anew."""

from __future__ import annotations

import textwrap
from pathlib import Path

from firmware_bridge import codes, messages
from firmware_bridge.c_header import snake
from firmware_bridge.wire import BY_ID

PATH = Path(__file__).parent / "firmware" / "micropython" / "es_messages.py"
_TOP = "# Made from firmware_bridge/messages.py by `python -m firmware_bridge.micropython_table`. Do not edit."
_FIGURES = ("PROTOCOL", "MOST_PAYLOAD", "WINDOW", "RETRY_US", "FURTHEST_US", "NO_PIN", "CRC_START")


def table() -> str:
    """Return the text of es_messages.py: for each message its id and the format of its payload (module struct)."""
    assert messages.Hello.id in BY_ID
    lines = [_TOP, "", *(f"{name} = {getattr(codes, name)}" for name in _FIGURES)]
    for kinds in codes.CODES:
        prefix = snake(kinds.__name__).upper()
        lines += ["", *(f"{prefix}_{one.name} = {one.value}" for one in kinds)]
    lines.append("")
    for id in sorted(BY_ID):
        kind = BY_ID[id]
        name = snake(kind.__name__).upper()
        form = "<" + "".join(field.wire.code for field in kind.fields)
        fields = ", ".join(field.name for field in kind.fields)
        lines += textwrap.wrap(fields, 118, initial_indent="# ", subsequent_indent="# ")
        lines.append(f'{name}, {name}_FORM = 0x{id:02X}, "{form}"')
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PATH.write_text(table())
