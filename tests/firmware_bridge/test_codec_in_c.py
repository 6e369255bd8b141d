"""Python and C read and write the same messages: random ones of every kind, field by field, and damaged ones."""

from __future__ import annotations

import random
import subprocess
from enum import IntEnum

import pytest

from firmware_bridge.c_header import snake
from firmware_bridge.codec import ProtocolError, decode, encode
from firmware_bridge.wire import BY_ID
from tests.firmware_bridge import host_core

TOP = """#include <stdio.h>
#include <string.h>
#include "es_frame.h"

static void show(const uint8_t *p, uint8_t n) { for (uint8_t i = 0; i < n; i++) printf("%02x", p[i]); }

static int message(struct es_frame *f) {
    switch (f->id) {
"""
BOTTOM = """    default: return 0;
    }
    return 1;
}

int main(void) {
    static char line[400];
    while (fgets(line, sizeof line, stdin)) {
        uint8_t bytes[64], out[ES_FRAME_LINE], size = 0;
        unsigned byte;
        struct es_frame frame;
        const char *hex = line;
        for (; size < 64 && sscanf(hex, "%2x", &byte) == 1; hex += 2) bytes[size++] = (uint8_t)byte;
        if (size > ES_FRAME_STUFFED || !es_frame_read(bytes, size, &frame)) { printf("bad\\n"); continue; }
        printf("%u", frame.number);
        if (!message(&frame)) { printf(" unknown\\n"); continue; }
        uint8_t length = es_frame_write(&frame, out);
        printf(" ");
        show(out + 1, (uint8_t)(length - 2));
        printf("\\n");
    }
    return 0;
}
"""


def shown(field):
    """C that prints one field."""
    if field.wire.length:
        return f'printf(" "); show(m.{field.name}, {field.wire.length});'
    return f'printf(" %lld", (long long)m.{field.name});'


def case(kind):
    """C that reads a message, prints its fields by name, and writes it again."""
    name = snake(kind.__name__)
    if not kind.fields:
        return f"    case ES_{name.upper()}: break;\n"
    fields = " ".join(shown(field) for field in kind.fields)
    return (
        f"    case ES_{name.upper()}: {{ struct es_{name} m; es_read_{name}(f->payload, &m); {fields}\n"
        f"        memset(f->payload, 0xa5, ES_{name.upper()}_SIZE); es_write_{name}(f->payload, &m); break; }}\n"
    )


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """The generated reader, compiled with the core's own framing."""
    folder = tmp_path_factory.mktemp("codec")
    source = folder / "reader.c"
    source.write_text(TOP + "".join(case(BY_ID[id]) for id in sorted(BY_ID)) + BOTTOM)
    out = folder / "reader"
    words = [*host_core.FLAGS, f"-I{host_core.CORE}", "-o", out, source, host_core.CORE / "es_frame.c"]
    host_core.compile_c(words, folder)
    return out


def some_message(rng):
    """A message with random contents, often at the ends of its range."""
    kind = BY_ID[rng.choice(sorted(BY_ID))]
    values = {}
    for field in kind.fields:
        bits, signed = 8 * field.wire.size, field.wire.c.startswith("int")
        if field.kind is str:
            values[field.name] = "".join(
                rng.choice("abcXYZ019 -") for _ in range(rng.randrange(field.wire.length))
            ).rstrip()
        elif field.kind is bytes:
            values[field.name] = rng.randbytes(field.wire.length)
        elif issubclass(field.kind, IntEnum):
            values[field.name] = rng.choice(list(field.kind))
        else:
            low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
            values[field.name] = rng.choice([low, high, 0, rng.randint(low, high)])
    return kind(**values)


def told(message):
    """The values as the C program prints them."""
    values = []
    for field in message.fields:
        value = getattr(message, field.name)
        text = value if field.kind is bytes else value.encode() if field.kind is str else None
        values.append(str(int(value)) if text is None else text.ljust(field.wire.length, b"\0").hex())
    return values


def test_both_codecs_agree_on_random_messages(program):
    """3,000 messages: the values that C reads are those Python wrote, and what C writes is the same to the byte."""
    rng = random.Random(6)
    messages = [some_message(rng) for _ in range(3000)]
    numbers = [rng.randint(1, 255) if message.sequenced else 0 for message in messages]
    stuffed = [encode(*one)[1:-1] for one in zip(messages, numbers, strict=True)]
    lines = answers(program, stuffed)

    for message, number, data, line in zip(messages, numbers, stuffed, lines, strict=True):
        assert line.split(" ") == [str(number), *told(message), data.hex()]


def test_both_codecs_agree_on_damaged_messages(program):
    """What one side takes for a frame, the other does too."""
    rng = random.Random(7)
    pieces = []
    for _ in range(3000):
        message = some_message(rng)
        data = bytearray(encode(message, 9 if message.sequenced else 0)[1:-1])
        for _ in range(rng.randrange(3)):
            data[rng.randrange(len(data))] = rng.randrange(1, 256)
        pieces.append(bytes(data[: rng.randrange(1, len(data) + 1)] if rng.random() < 0.2 else data))

    taken = [line != "bad" for line in answers(program, pieces)]
    assert taken == [is_frame(piece) for piece in pieces]
    assert 500 < sum(taken) < 2500


def is_frame(piece):
    """Whether Python takes it for a whole frame, whatever is in it."""
    try:
        decode(piece)
    except ProtocolError as error:
        return not any(word in str(error) for word in ("leads to no other", "length it names", "checksum"))
    return True


def answers(program, pieces):
    """A line for each piece."""
    text = "".join(piece.hex() + "\n" for piece in pieces)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
