"""Read a FlatBuffer with every offset checked, so that a damaged or hostile file is refused and crashes nothing.

A FlatBuffer is a tree of tables. A table begins with the distance back to its vtable, the list of where each of its
fields lies; a field holds a number or the distance forward to a string, a vector or another table. All numbers are
little-endian. (The format: https://flatbuffers.dev/internals/)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from edge.model_limits import MOST_NUMBERS, MOST_READ

_LONGEST_VTABLE = 1024  # bytes; no table of a model has a twentieth of these fields, and tables may share one


class DamagedFileError(ValueError):
    """An offset or a length leads out of the file, or is beyond all sense."""


@dataclass(frozen=True)
class Table:
    """The table that begins at byte `at` of `data`; it lies inside, and so does its vtable.

    fields: where each field lies, counted from `at`; 0 for one left out. They are asked for by their number in the
    schema.
    """

    data: bytes
    at: int
    fields: tuple[int, ...]

    def field_at(self, field: int) -> int | None:
        """Return the position of a field, or None when the table leaves it out."""
        offset = self.fields[field] if field < len(self.fields) else 0
        return self.at + offset if offset else None

    def number(self, field: int, kind: str = "<i", default: float = 0) -> float:
        """Return a number; `kind` is its format for `struct`.

        Raises DamagedFileError, as everything here does, when the file does not hold together.
        """
        at = self.field_at(field)
        return default if at is None else read_number(self.data, kind, at)

    def whole(self, field: int, kind: str = "<i", default: int = 0) -> int:
        """Return a whole number."""
        return int(self.number(field, kind, default))

    def table(self, field: int) -> Table | None:
        """Return the table that a field points to."""
        at = self.target(field)
        return None if at is None else table_at(self.data, at)

    def tables(self, field: int) -> list[Table]:
        """Return the tables of a vector."""
        start, count = self.vector(field, 4)
        if count > MOST_READ:
            raise DamagedFileError(f"a list of {count} tables at byte {start - 4}, longer than any model's")
        places = range(start, start + 4 * count, 4)
        return [table_at(self.data, place + read_number(self.data, "<I", place)) for place in places]

    def numbers(self, field: int, kind: str) -> tuple[float, ...]:
        """Return the numbers of a vector; `kind` is the format letter of one of them for `struct`."""
        start, count = self.vector(field, struct.calcsize(f"<{kind}"))
        if count > MOST_NUMBERS:
            raise DamagedFileError(f"a list of {count} numbers at byte {start - 4}, longer than any model's")
        return struct.unpack_from(f"<{count}{kind}", self.data, start)

    def raw(self, field: int) -> bytes:
        """Return the bytes of a vector of bytes or of a string."""
        start, count = self.vector(field, 1)
        return self.data[start : start + count]

    def text(self, field: int) -> str:
        """Return a string; what is no UTF-8 in it is replaced."""
        return self.raw(field).decode(errors="replace")

    def target(self, field: int) -> int | None:
        """Return the position of what a field points to."""
        at = self.field_at(field)
        return None if at is None else at + read_number(self.data, "<I", at)

    def vector(self, field: int, size: int) -> tuple[int, int]:
        """Return where the elements of a vector begin, of `size` bytes each, and how many there are."""
        at = self.target(field)
        if at is None:
            return 0, 0
        count = read_number(self.data, "<I", at)
        require_inside(self.data, at + 4, count * size)
        return at + 4, count


def table_at(data: bytes, at: int) -> Table:
    """Return the table at a place. Raises DamagedFileError unless it, its vtable and its fields lie inside `data`."""
    vtable = at - read_number(data, "<i", at)
    length, size = read_number(data, "<H", vtable), read_number(data, "<H", vtable + 2)
    if not 4 <= length <= _LONGEST_VTABLE or length % 2 or size < 4:
        raise DamagedFileError(f"no table at byte {at}")
    require_inside(data, vtable, length)
    require_inside(data, at, size)
    fields = struct.unpack_from(f"<{length // 2 - 2}H", data, vtable + 4)
    if any(field >= size for field in fields):
        raise DamagedFileError(f"a field outside its table at byte {at}")
    return Table(data, at, fields)


def root_table(data: bytes, identifier: bytes) -> Table:
    """Return the outermost table of a FlatBuffer whose kind is `identifier`. Raises DamagedFileError."""
    if len(data) < 8 or data[4:8] != identifier:
        raise DamagedFileError(f"the mark {data[4:8]!r} in bytes 4 to 8 instead of {identifier!r}")
    return table_at(data, read_number(data, "<I", 0))


def read_number(data: bytes, kind: str, at: int) -> int:
    """Return the number at a place; `kind` is its format for `struct`. Raises DamagedFileError."""
    require_inside(data, at, struct.calcsize(kind))
    found: int = struct.unpack_from(kind, data, at)[0]
    return found


def require_inside(data: bytes, at: int, length: int) -> None:
    """Raise DamagedFileError when `length` bytes from `at` on are not all in the file."""
    if at < 0 or at + length > len(data):
        raise DamagedFileError(f"something at byte {at} of {len(data)}, {length} bytes long")
