"""The table of messages as a C header: `python -m firmware_bridge.c_header` writes it anew."""

from __future__ import annotations

import re
from enum import IntEnum
from pathlib import Path

from firmware_bridge import codes, messages
from firmware_bridge.wire import BY_ID, Field, Message

PATH = Path(__file__).parent / "firmware" / "core" / "es_messages.h"
_FIGURES = ("PROTOCOL", "MOST_PAYLOAD", "WINDOW", "RETRY_US", "FURTHEST_US", "NO_PIN", "CRC_START")
_TOP = """/* Made from firmware_bridge/messages.py by `python -m firmware_bridge.c_header`. Do not edit. */
#ifndef ES_MESSAGES_H
#define ES_MESSAGES_H

#include <stdint.h>

"""
_ACCESS = """static inline uint16_t es_get16(const uint8_t *p) { return (uint16_t)(p[0] | (uint16_t)p[1] << 8); }
static inline uint32_t es_get32(const uint8_t *p) { return es_get16(p) | (uint32_t)es_get16(p + 2) << 16; }
static inline void es_put16(uint8_t *p, uint16_t v) { p[0] = (uint8_t)v; p[1] = (uint8_t)(v >> 8); }
static inline void es_put32(uint8_t *p, uint32_t v) { es_put16(p, (uint16_t)v); es_put16(p + 2, (uint16_t)(v >> 16)); }
"""


def header() -> str:
    """Return the text of es_messages.h."""
    assert messages.Hello.id in BY_ID
    figures = "".join(f"#define ES_{name} {getattr(codes, name)}u\n" for name in _FIGURES)
    tables = "".join(_codes(table) for table in codes.CODES)
    kinds = [BY_ID[id] for id in sorted(BY_ID)]
    return _TOP + figures + tables + "\n" + _ACCESS + "".join(_message(kind) for kind in kinds) + "\n#endif\n"


def _codes(table: type[IntEnum]) -> str:
    prefix = f"ES_{snake(table.__name__).upper()}"
    lines = "".join(f"    {prefix}_{one.name} = {one.value},\n" for one in table)
    return f"\nenum {{\n{lines}}};\n"


def snake(name: str) -> str:
    """DeviceStatus as device_status."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _message(kind: type[Message]) -> str:
    name = snake(kind.__name__)
    text = f"\n#define ES_{name.upper()} {kind.id:#04x}u\n#define ES_{name.upper()}_SIZE {kind.size()}u\n"
    if not kind.fields:
        return text
    members = "".join(f"    {_declared(field)}; /* {field.meaning} */\n" for field in kind.fields)
    reads = "".join(f"    {_read(field)}\n" for field in kind.fields)
    writes = "".join(f"    {_written(field)}\n" for field in kind.fields)
    return (
        f"{text}struct es_{name} {{\n{members}}};\n"
        f"static inline void es_read_{name}(const uint8_t *p, struct es_{name} *m) {{\n{reads}}}\n"
        f"static inline void es_write_{name}(uint8_t *p, const struct es_{name} *m) {{\n{writes}}}\n"
    )


def _declared(field: Field) -> str:
    array = f"[{field.wire.length}]" if field.wire.length else ""
    return f"{field.wire.c} {field.name}{array}"


def _read(field: Field) -> str:
    at, to = f"p + {field.offset}", f"m->{field.name}"
    if field.wire.length:
        return f"for (uint8_t i = 0; i < {field.wire.length}; i++) {to}[i] = ({at})[i];"
    if field.wire.size == 1:
        return f"{to} = p[{field.offset}];"
    return f"{to} = ({field.wire.c})es_get{8 * field.wire.size}({at});"


def _written(field: Field) -> str:
    at, value = f"p + {field.offset}", f"m->{field.name}"
    if field.wire.length:
        return f"for (uint8_t i = 0; i < {field.wire.length}; i++) ({at})[i] = {value}[i];"
    if field.wire.size == 1:
        return f"p[{field.offset}] = {value};"
    return f"es_put{8 * field.wire.size}({at}, (uint{8 * field.wire.size}_t){value});"


if __name__ == "__main__":
    PATH.write_text(header())
