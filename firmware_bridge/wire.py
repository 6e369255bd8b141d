"""What a message of the protocol is made of: fields of fixed size, little-endian, one after the other.

A message is declared as a frozen dataclass whose annotations say how each field travels and what it means:

    class Plan(Command, id=0x15):
        gate: Annotated[int, U8, "the gate's number"]

That declaration is the record used in Python, the source of the C header and the row of docs/protocol.md.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any, ClassVar, get_args, get_origin, get_type_hints

from edge.errors import EdgeSortError


class ProtocolError(EdgeSortError):
    """Bytes or values that the protocol between host and microcontroller does not know."""


@dataclass(frozen=True)
class WireType:
    """How a value travels. code: of the struct module. c: type in C, and `length` of the array (0: no array)."""

    name: str
    code: str
    c: str
    unit: str = ""
    length: int = 0

    @property
    def size(self) -> int:
        """Bytes on the wire."""
        return struct.calcsize("<" + self.code)


U8 = WireType("u8", "B", "uint8_t")
U16 = WireType("u16", "H", "uint16_t")
U32 = WireType("u32", "I", "uint32_t")
I32 = WireType("i32", "i", "int32_t")
TICK = WireType("tick", "I", "uint32_t", unit="tick")
US16 = WireType("u16", "H", "uint16_t", unit="us")
US32 = WireType("u32", "I", "uint32_t", unit="us")
TEXT8 = WireType("text[8]", "8s", "uint8_t", length=8)
TEXT16 = WireType("text[16]", "16s", "uint8_t", length=16)
PIXELS26 = WireType("u8[26]", "26s", "uint8_t", length=26)


@dataclass(frozen=True)
class Field:
    """One field of a message."""

    name: str
    wire: WireType
    meaning: str
    kind: type[int] | type[str] | type[bytes]
    offset: int


class Message:
    """The base of every message. `sequenced`: it is numbered, acknowledged and sent again until it is."""

    id: ClassVar[int]
    sender: ClassVar[str]
    sequenced: ClassVar[bool]
    fields: ClassVar[tuple[Field, ...]]

    def __init_subclass__(cls, id: int | None = None, **more: Any) -> None:
        """Enter a message into the table."""
        super().__init_subclass__(**more)
        if id is None:
            return
        if id in BY_ID:
            raise TypeError(f"{cls.__name__} and {BY_ID[id].__name__} both have id {id:#04x}")
        cls.id, cls.fields = id, _fields(cls)
        BY_ID[id] = cls

    @classmethod
    def size(cls) -> int:
        """Bytes of the payload."""
        return sum(field.wire.size for field in cls.fields)


BY_ID: dict[int, type[Message]] = {}


class Call(Message):
    """From the host, not numbered: losing one does no harm, because it is sent again with new contents."""

    sender, sequenced = "host", False


class Command(Message):
    """From the host, numbered: carried out once and in order, acknowledged, sent again until it is."""

    sender, sequenced = "host", True


class Answer(Message):
    """From the device, not numbered: the reply to a call or to a command."""

    sender, sequenced = "device", False


class Event(Message):
    """From the device, numbered: kept and sent again until the host acknowledges it."""

    sender, sequenced = "device", True


def pack(message: Message) -> bytes:
    """Return the payload. Raises ProtocolError, naming the field, when a value does not fit its type."""
    return b"".join(_packed(message, field) for field in message.fields)


def unpack(kind: type[Message], payload: bytes) -> Message:
    """Return the record of a payload. Raises ProtocolError when it has another size or an unknown code."""
    if len(payload) != kind.size():
        raise ProtocolError(f"expected {kind.size()} bytes of {kind.__name__}, got {len(payload)}")
    values = struct.unpack("<" + "".join(field.wire.code for field in kind.fields), payload)
    read = {field.name: _read(kind, field, value) for field, value in zip(kind.fields, values, strict=True)}
    return kind(**read)


def _packed(message: Message, field: Field) -> bytes:
    value = getattr(message, field.name)
    if isinstance(value, str):
        value = value.encode("ascii", "replace")[: field.wire.length]
    try:
        return struct.pack("<" + field.wire.code, value)
    except struct.error as error:
        where = f"{type(message).__name__}.{field.name}"
        raise ProtocolError(f"expected {field.wire.name} as {where}, got {value!r} ({error})") from error


def _read(kind: type[Message], field: Field, value: Any) -> Any:
    if field.kind is str:
        text = value.rstrip(b"\0").decode("ascii", "replace")
        return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)  # a terminal would obey it
    try:
        return field.kind(value)
    except ValueError as error:
        raise ProtocolError(
            f"expected a code of {field.kind.__name__} as {kind.__name__}.{field.name}, got {value}; "
            "one side is newer than the other"
        ) from error


def _fields(cls: type[Message]) -> tuple[Field, ...]:
    hints = get_type_hints(cls, include_extras=True)
    fields: list[Field] = []
    offset = 0
    for name, hint in hints.items():
        if get_origin(hint) is not Annotated:
            continue
        kind, wire, meaning = get_args(hint)
        fields.append(Field(name, wire, meaning, kind, offset))
        offset += wire.size
    return tuple(fields)


def codes_of(kind: type[Message]) -> list[type[IntEnum]]:
    """The tables of codes that a message's fields use."""
    return [field.kind for field in kind.fields if issubclass(field.kind, IntEnum)]
