"""Is a .tflite file a sound FlatBuffer? Asked before any runtime sees it, because tflite-runtime never asks.

Every distance and every length that a runtime follows is followed first, and must stay inside the file, and every index
must have something to point at. LiteRT checks the same itself. What only the kernels can know (shapes, parameters) is
left to edge.rehearsal.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from edge.errors import ModelError
from edge.flatbuffer import DamagedFileError, Table, require_inside, root_table
from edge.model_limits import MOST_READ
from edge.tflite_schema import MODEL_IDENTIFIER, Buffer, Metadata, Model, Operator, SubGraph, Tensor

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


def check_structure(model: bytes, path: Path) -> None:
    """Raise ModelError, naming `path`, when a distance, a length or an index in a .tflite leads nowhere."""
    try:
        _Walk(model).model()
    except DamagedFileError as error:
        raise ModelError(
            f"{path}: expected a sound .tflite file, found {error}; copy it again or convert the model again"
        ) from error


class _Walk:
    """One pass over a file. `read` counts tables and numbers: fields may share what they point to."""

    def __init__(self, data: bytes) -> None:
        self.data, self.read = data, 0

    def model(self) -> None:
        root = root_table(self.data, MODEL_IDENTIFIER)
        self.follow("Model", root)
        codes, graphs = root.tables(Model.OPERATOR_CODES), root.tables(Model.SUBGRAPHS)
        buffers, metadata = root.tables(Model.BUFFERS), root.tables(Model.METADATA)
        if not codes or not graphs:
            raise DamagedFileError("no operators or no graph")
        count = max(len(buffers), 1)  # buffer 0 is the empty one, whether it is there or not
        for graph in graphs:
            self.graph(graph, len(codes), count)
        for buffer in buffers:
            self.far(buffer, Buffer.OFFSET, Buffer.SIZE)
        for entry in metadata:
            _require_index("a buffer", entry.whole(Metadata.BUFFER, "<I"), count)

    def graph(self, graph: Table, codes: int, buffers: int) -> None:
        """Check the indices in a graph: tensors point at buffers, operators at tensors and operator codes."""
        tensors = graph.tables(SubGraph.TENSORS)
        for one in tensors:
            _require_index("a buffer", one.whole(Tensor.BUFFER, "<I"), buffers)
        for number in self.numbers(graph, SubGraph.INPUTS, SubGraph.OUTPUTS):
            _require_index("a tensor", number, len(tensors))
        for one in graph.tables(SubGraph.OPERATORS):
            _require_index("an operator code", one.whole(Operator.OPCODE_INDEX, "<I"), codes)
            self.far(one, Operator.LARGE_OPTIONS_OFFSET, Operator.LARGE_OPTIONS_SIZE)
            for number in self.numbers(one, Operator.INPUTS, Operator.OUTPUTS, Operator.INTERMEDIATES):
                _require_index("a tensor", number + 1, len(tensors) + 1)  # -1 stands for a tensor left out

    def follow(self, kind: str, table: Table) -> None:
        """Follow every field of a table, and of the tables below it."""
        self.count(1)
        for field, holds in _SCHEMA[kind].items():
            if isinstance(holds, int):
                table.vector(field, holds)
            elif holds.startswith("["):
                for one in table.tables(field):
                    self.follow(holds[1:-1], one)
            elif (one_below := table.table(field)) is not None:
                options = kind == "Operator" and field == Operator.OPTIONS
                listed = options and table.whole(Operator.OPTIONS_KIND, "<B") in _LIST_OPTIONS
                self.follow("ListOptions" if listed else holds, one_below)

    def numbers(self, table: Table, *fields: int) -> list[int]:
        """Return the 32-bit numbers of some vectors."""
        found = [int(number) for field in fields for number in table.numbers(field, "i")]
        self.count(len(found))
        return found

    def far(self, table: Table, offset: int, size: int) -> None:
        """Check what lies behind the FlatBuffer, at a place counted from the start of the file; 0 and 1 mean none."""
        if (at := table.whole(offset, "<Q")) > 1:
            require_inside(self.data, at, table.whole(size, "<Q"))

    def count(self, read: int) -> None:
        self.read += read
        if self.read > MOST_READ:
            raise DamagedFileError(f"more than {MOST_READ} tables and numbers")


def _require_index(what: str, number: int, count: int) -> None:
    if not 0 <= number < count:
        raise DamagedFileError(f"{what} numbered {number}, of {count}")
