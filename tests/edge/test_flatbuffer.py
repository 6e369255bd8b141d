"""The reader of FlatBuffers: right on what the public builder writes, and never outside the file."""

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.flatbuffer import DamagedFileError, root_table

flatbuffers = pytest.importorskip("flatbuffers", reason="the runtime brings the builder")


def built():
    """Return a table with a number, a text, numbers, bytes and two tables that hold a number each."""
    builder = flatbuffers.Builder(0)
    inner = []
    for value in (7, -9):
        builder.StartObject(1)
        builder.PrependInt32Slot(0, value, 0)
        inner.append(builder.EndObject())
    text, raw = builder.CreateString("häuser"), builder.CreateByteVector(b"\x00\xff")
    builder.StartVector(4, 2, 4)
    for value in (2.5, -1.0):
        builder.PrependFloat32(value)
    floats = builder.EndVector()
    builder.StartVector(4, 2, 4)
    for place in reversed(inner):
        builder.PrependUOffsetTRelative(place)
    tables = builder.EndVector()
    builder.StartObject(7)
    builder.PrependUint8Slot(0, 200, 0)
    for field, place in ((1, text), (2, floats), (3, raw), (4, tables), (5, inner[0])):
        builder.PrependUOffsetTRelativeSlot(field, place, 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TEST")
    return bytes(builder.Output())


DATA = built()


def everything(data):
    """Read every field in every way that fits it."""
    root = root_table(data, b"TEST")
    return (
        root.whole(0, "<B"),
        root.text(1),
        root.numbers(2, "f"),
        root.raw(3),
        [table.whole(0) for table in root.tables(4)],
        root.table(5).whole(0) if root.table(5) else None,
        root.whole(6, default=42),
        root.table(9),
        root.numbers(9, "i"),
    )


def test_what_the_public_builder_writes_is_read():
    """Numbers, text, lists, tables; a field left out has its default."""
    assert everything(DATA) == (200, "häuser", (-1.0, 2.5), b"\x00\xff", [7, -9], 7, 42, None, ())


@pytest.mark.parametrize("data", [b"", b"\0\0\0\0", DATA[:4] + b"ELSE" + DATA[8:]])
def test_another_kind_of_file_is_refused(data):
    """The mark says what a file is."""
    with pytest.raises(DamagedFileError, match="instead of b'TEST'"):
        root_table(data, b"TEST")


@given(seed=st.integers(0, 10_000))
def test_a_spoiled_file_is_read_or_refused_and_nothing_else(seed):
    """Any bytes in any place, any length."""
    random_ = random.Random(seed)
    data = bytearray(DATA)
    for _ in range(random_.choice([1, 1, 2, 5])):
        data[random_.randrange(len(data))] = random_.choice([0, 255, random_.randrange(256)])
    with contextlib.suppress(DamagedFileError):
        everything(bytes(data[: random_.choice([len(data), random_.randrange(len(data))])]))


def test_a_list_longer_than_the_file_costs_nothing():
    """Its length is compared with the file before anything is made of it."""
    at = root_table(DATA, b"TEST").target(4)

    with pytest.raises(DamagedFileError, match=f"{4 * 0xFFFFFFFF} bytes long"):
        root_table(DATA[:at] + b"\xff" * 4 + DATA[at + 4 :], b"TEST").tables(4)
