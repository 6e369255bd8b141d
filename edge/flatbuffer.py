"""Read a FlatBuffer with every offset checked, so that a damaged or hostile file is refused and crashes nothing.

A FlatBuffer is a tree of tables. A table begins with the distance back to its vtable, the list of where each of its
fields lies; a field holds a number or the distance forward to a string, a vector or another table. All numbers are
little-endian. (The format: https://flatbuffers.dev/internals/)
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


class DamagedFileError(ValueError):
    """An offset or a length leads out of the file, or is beyond all sense."""


_MOST_TABLES = 100_000
_MOST_NUMBERS = 1_000  # no list that we read is long; a hostile file can let a million fields share a long one


@dataclass(frozen=True)
class Table:
    """The table that begins at byte `at` of `data`. Fields are asked for by their number in the schema."""

    data: bytes
    at: int

    def field_at(self, field: int) -> int | None:
        """Return the position of a field, or None when the table leaves it out.

        Raises DamagedFileError, as everything here does, when the file does not hold together.
        """
        vtable = self.at - self._read("<i", self.at)
        entry = 4 + 2 * field
        if entry + 2 > self._read("<H", vtable):
            return None
        offset = self._read("<H", vtable + entry)
        return self.at + offset if offset else None

    def number(self, field: int, kind: str = "<i", default: float = 0) -> float:
        """Return a number; `kind` is its format for `struct`."""
        at = self.field_at(field)
        return default if at is None else self._read(kind, at)

    def whole(self, field: int, kind: str = "<i", default: int = 0) -> int:
        """Return a whole number."""
        return int(self.number(field, kind, default))

    def table(self, field: int) -> Table | None:
        """Return the table that a field points to."""
        at = self.target(field)
        return None if at is None else Table(self.data, at)

    def tables(self, field: int) -> list[Table]:
        """Return the tables of a vector."""
        start, count = self._vector(field, 4, _MOST_TABLES)
        places = (start + 4 * index for index in range(count))
        return [Table(self.data, place + self._read("<I", place)) for place in places]

    def numbers(self, field: int, kind: str) -> tuple[float, ...]:
        """Return the numbers of a vector; `kind` is the format letter of one of them for `struct`."""
        start, count = self._vector(field, struct.calcsize(f"<{kind}"), _MOST_NUMBERS)
        return struct.unpack_from(f"<{count}{kind}", self.data, start)

    def raw(self, field: int) -> bytes:
        """Return the bytes of a vector of bytes or of a string."""
        start, count = self._vector(field, 1, len(self.data))
        return self.data[start : start + count]

    def text(self, field: int) -> str:
        """Return a string; what is no UTF-8 in it is replaced."""
        return self.raw(field).decode(errors="replace")

    def target(self, field: int) -> int | None:
        """Return the position of what a field points to."""
        at = self.field_at(field)
        return None if at is None else at + self._read("<I", at)

    def _vector(self, field: int, size: int, most: int) -> tuple[int, int]:
        at = self.target(field)
        if at is None:
            return 0, 0
        count = self._read("<I", at)
        if count > most or at + 4 + count * size > len(self.data):
            raise DamagedFileError(f"a list of {count} entries at byte {at} is longer than it can be")
        return at + 4, count

    def _read(self, kind: str, at: int) -> int:
        if not 0 <= at <= len(self.data) - struct.calcsize(kind):
            raise DamagedFileError(f"an offset leads to byte {at} of {len(self.data)}")
        return struct.unpack_from(kind, self.data, at)[0]  # type: ignore[no-any-return]


def root_table(data: bytes, identifier: bytes) -> Table:
    """Return the outermost table of a FlatBuffer whose kind is `identifier`. Raises DamagedFileError."""
    if len(data) < 8 or data[4:8] != identifier:
        raise DamagedFileError(f"expected the mark {identifier.decode()!r} in bytes 4 to 8, found {data[4:8]!r}")
    return Table(data, struct.unpack_from("<I", data, 0)[0])
