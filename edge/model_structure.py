"""Is a .tflite file a sound FlatBuffer? Asked before any runtime sees it, because tflite-runtime never asks.

A FlatBuffer is a tree of tables. A table begins with the distance back to its vtable, which lists where its fields lie;
a field holds a number, or the distance forward to a table or a vector. Here every distance and every length that a
runtime follows is followed first, and must stay inside the file, and every index must have something to point at.
LiteRT checks the same itself. What only the kernels can know (shapes, parameters) is left to edge.rehearsal.
(The format: https://flatbuffers.dev/internals/, the schema: tensorflow/compiler/mlir/lite/schema/schema.fbs)
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.errors import ModelError

# What a field holds: the name of a table, "[name]" for a vector of tables, a number for a vector of elements of so many
# bytes. Fields that hold plain numbers are checked with their table. Keys are the schema's field numbers.
_SCHEMA: Mapping[str, Mapping[int, str | int]] = {
    "Model": {1: "[OperatorCode]", 2: "[SubGraph]", 3: 1, 4: "[Buffer]", 5: 4, 6: "[Metadata]", 7: "[SignatureDef]"},
    "OperatorCode": {1: 1},
    "SubGraph": {0: "[Tensor]", 1: 4, 2: 4, 3: "[Operator]", 4: 1},
    "Tensor": {0: 4, 3: 1, 4: "Quantization", 6: "Options", 7: 4, 9: "[Options]"},
    "Quantization": {0: 4, 1: 4, 2: 4, 3: 8, 5: "Options"},
    "Operator": {1: 4, 2: 4, 4: "Options", 5: 1, 7: 1, 8: 4, 12: "Options"},
    "Buffer": {0: 1},
    "Metadata": {0: 1},
    "SignatureDef": {0: "[TensorMap]", 1: "[TensorMap]", 2: 1},
    "TensorMap": {0: 1},
    "Options": {},  # an operator's parameters: plain numbers but for the two below
    "ListOptions": {0: 4},
}
_LIST_OPTIONS = (17, 30)  # the kinds of options that begin with a list: of RESHAPE and of SQUEEZE
_MOST_TABLES = 200_000  # networks have a thousand; a hostile file could let many fields share the same ones


class _Unsound(ValueError):
    """Something leads out of the file."""


@dataclass(frozen=True)
class _Table:
    at: int
    size: int
    fields: tuple[int, ...]  # where each field lies, counted from `at`; 0 for one left out


def check_structure(model: bytes, path: Path) -> None:
    """Raise ModelError, naming `path`, when a distance, a length or an index in a .tflite leads nowhere."""
    try:
        _Walk(model).model()
    except (_Unsound, struct.error) as error:
        raise ModelError(
            f"{path}: expected a sound .tflite file, found {error}; copy the bundle again or convert the model again"
        ) from error


class _Walk:
    """One pass over a file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.visited = data, 0

    def model(self) -> None:
        root = self.number("<I", 0)
        self.follow("Model", root)
        codes, graphs, buffers, metadata = (self.tables(self.table(root), field) for field in (1, 2, 4, 6))
        if not codes or not graphs:
            raise _Unsound("no operators or no graph")
        count = max(len(buffers), 1)  # buffer 0 is the empty one, whether it is there or not
        for at in graphs:
            self.graph(at, len(codes), count)
        for at in metadata:
            self.index("a buffer", self.plain(self.table(at), 1, "<I"), count)

    def graph(self, at: int, codes: int, buffers: int) -> None:
        """Check the indices in a graph: tensors point at buffers, operators at tensors and operator codes."""
        graph = self.table(at)
        tensors = self.tables(graph, 0)
        for one in tensors:
            self.index("a buffer", self.plain(self.table(one), 2, "<I"), buffers)
        for number in (*self.numbers(graph, 1), *self.numbers(graph, 2)):
            self.index("a tensor", number, len(tensors))
        for one in self.tables(graph, 3):
            operator = self.table(one)
            self.index("an operator code", self.plain(operator, 0, "<I"), codes)
            for number in (*self.numbers(operator, 1), *self.numbers(operator, 2), *self.numbers(operator, 8)):
                self.index("a tensor", number + 1, len(tensors) + 1)  # -1 stands for a tensor left out

    def follow(self, kind: str, at: int) -> None:
        """Follow every field of a table, and of the tables below it."""
        self.visited += 1
        if self.visited > _MOST_TABLES:
            raise _Unsound(f"more than {_MOST_TABLES} tables")
        table = self.table(at)
        for field, holds in _SCHEMA[kind].items():
            target = self.target(table, field)
            if target is None:
                continue
            if isinstance(holds, int):
                self.inside(target + 4, self.number("<I", target) * holds)
            elif holds.startswith("["):
                for one in self.tables(table, field):
                    self.follow(holds[1:-1], one)
            else:
                listed = kind == "Operator" and field == 4 and self.plain(table, 3, "<B") in _LIST_OPTIONS
                self.follow("ListOptions" if listed else holds, target)

    def table(self, at: int) -> _Table:
        """Read a table's vtable; the table and all its fields lie inside the file."""
        vtable = at - self.number("<i", at)
        length, size = self.number("<H", vtable), self.number("<H", vtable + 2)
        if length < 4 or length % 2 or size < 4:
            raise _Unsound(f"no table at byte {at}")
        self.inside(vtable, length)
        self.inside(at, size)
        fields = struct.unpack_from(f"<{length // 2 - 2}H", self.data, vtable + 4)
        if any(field >= size for field in fields):
            raise _Unsound(f"a field outside its table at byte {at}")
        return _Table(at, size, fields)

    def place(self, table: _Table, field: int) -> int | None:
        offset = table.fields[field] if field < len(table.fields) else 0
        return table.at + offset if offset else None

    def target(self, table: _Table, field: int) -> int | None:
        place = self.place(table, field)
        return None if place is None else place + self.number("<I", place)

    def plain(self, table: _Table, field: int, kind: str) -> int:
        place = self.place(table, field)
        return 0 if place is None else self.number(kind, place)

    def tables(self, table: _Table, field: int) -> list[int]:
        """Return where the tables of a vector lie."""
        start = self.target(table, field)
        if start is None:
            return []
        count = self.number("<I", start)
        self.inside(start + 4, 4 * count)
        places = range(start + 4, start + 4 + 4 * count, 4)
        return [place + self.number("<I", place) for place in places]

    def numbers(self, table: _Table, field: int) -> tuple[int, ...]:
        """Return a vector of 32-bit numbers."""
        start = self.target(table, field)
        if start is None:
            return ()
        count = self.number("<I", start)
        self.inside(start + 4, 4 * count)
        return struct.unpack_from(f"<{count}i", self.data, start + 4)

    def number(self, kind: str, at: int) -> int:
        self.inside(at, struct.calcsize(kind))
        found: int = struct.unpack_from(kind, self.data, at)[0]
        return found

    def inside(self, at: int, length: int) -> None:
        if at < 0 or at + length > len(self.data):
            raise _Unsound(f"something at byte {at} of {len(self.data)}, {length} bytes long")

    def index(self, what: str, number: int, count: int) -> None:
        if not 0 <= number < count:
            raise _Unsound(f"{what} numbered {number}, of {count}")
