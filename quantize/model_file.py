"""What a .tflite file made elsewhere says of itself, read without running it.

The file may be damaged or hostile: everything here is read with its bounds checked, and no runtime sees it.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from edge.conventions import Normalization
from edge.errors import DataError, ModelError
from edge.flatbuffer import DamagedFileError, Table, root_table
from edge.model_limits import MOST_MODEL_BYTES
from edge.model_structure import check_structure
from edge.tflite_schema import (
    AXIS_LABELS,
    METADATA_IDENTIFIER,
    METADATA_NAME,
    MODEL_IDENTIFIER,
    NORMALIZATION,
    AssociatedFile,
    Buffer,
    Builtin,
    Metadata,
    Model,
    ModelMetadata,
    NormalizationOptions,
    Operator,
    OperatorCode,
    ProcessUnit,
    SubGraph,
    SubGraphMetadata,
    TensorMetadata,
)
from quantize.label_files import MOST_BYTES, Labels, parse_labels

_PASSING_ON = (Builtin.DEQUANTIZE, Builtin.QUANTIZE, Builtin.RESHAPE, Builtin.SQUEEZE)


@dataclass(frozen=True)
class ModelFile:
    """The bytes of a model, and what stands in them.

    normalization and labels: from its metadata, None without. last_operator: what computes its answer.
    """

    path: Path
    data: bytes
    normalization: Normalization | None
    labels: Labels | None
    last_operator: int | None


def read_model_file(path: Path) -> ModelFile:
    """Read a .tflite file. Raises ModelError when it is none, or does not hold together."""
    data = _contents(path)
    check_structure(data, path)
    try:
        root = root_table(data, MODEL_IDENTIFIER)
        last = _last_operator(root)
        described = _described(root)
        return ModelFile(path, data, _normalization(described), _labels(described, data, path), last)
    except DamagedFileError as error:
        raise ModelError(f"{path}: expected a whole .tflite model, found: {error}; copy or export it again") from error


def _contents(path: Path) -> bytes:
    if not path.is_file():
        found = "a folder; give the file in it" if path.is_dir() else "none; check the path"
        raise ModelError(f"{path}: expected a .tflite file, found {found}")
    try:
        with path.open("rb") as file:
            data = file.read(MOST_MODEL_BYTES + 1)
    except OSError as error:
        raise ModelError(f"{path}: expected a file that can be read, found: {error.strerror}; check who may") from error
    if len(data) > MOST_MODEL_BYTES:
        raise ModelError(f"{path}: expected a model of at most {MOST_MODEL_BYTES >> 20} MiB, found a larger file")
    if data.startswith(b"PK"):
        raise ModelError(f"{path}: expected a .tflite file, found a zip archive; unpack it and give the model inside")
    return data


def _last_operator(root: Table) -> int | None:
    """Return the operator whose result is the answer, looking through those that only pass values on."""
    graphs = root.tables(Model.SUBGRAPHS)
    outputs = graphs[0].numbers(SubGraph.OUTPUTS, "i") if graphs else ()
    if len(outputs) != 1:
        return None
    made_by = {
        tensor: operator
        for operator in graphs[0].tables(SubGraph.OPERATORS)
        for tensor in operator.numbers(Operator.OUTPUTS, "i")
    }
    codes = [_code(table) for table in root.tables(Model.OPERATOR_CODES)]
    tensor, found = outputs[0], None
    for _ in range(8):
        operator = made_by.get(tensor)
        index = operator.whole(Operator.OPCODE_INDEX, "<I") if operator else len(codes)
        if operator is None or index >= len(codes):
            return found
        found = codes[index]
        inputs = operator.numbers(Operator.INPUTS, "i")
        if found not in _PASSING_ON or not inputs:
            return found
        tensor = inputs[0]
    return found


def _code(table: Table) -> int:
    return max(table.whole(OperatorCode.OLD_CODE, "<b"), table.whole(OperatorCode.CODE))


@dataclass(frozen=True)
class _Described:
    """What the metadata tells of the one input and the one output; a table of its own each."""

    picture: Table | None = None
    scores: Table | None = None


def _described(root: Table) -> _Described:
    buffers = root.tables(Model.BUFFERS)
    for entry in root.tables(Model.METADATA):
        index = entry.whole(Metadata.BUFFER, "<I")
        if entry.text(Metadata.NAME) != METADATA_NAME or index >= len(buffers):
            continue
        metadata = root_table(buffers[index].raw(Buffer.DATA), METADATA_IDENTIFIER)
        graphs = metadata.tables(ModelMetadata.SUBGRAPHS)
        if graphs:
            ends = graphs[0].tables(SubGraphMetadata.INPUTS)[:1], graphs[0].tables(SubGraphMetadata.OUTPUTS)[:1]
            return _Described(*(found[0] if found else None for found in ends))
    return _Described()


def _normalization(described: _Described) -> Normalization | None:
    units = described.picture.tables(TensorMetadata.PROCESS_UNITS) if described.picture else []
    for unit in units:
        options = unit.table(ProcessUnit.OPTIONS)
        if unit.whole(ProcessUnit.KIND, "<B") == NORMALIZATION and options is not None:
            mean, std = (options.numbers(field, "f") for field in (NormalizationOptions.MEAN, NormalizationOptions.STD))
            try:
                return Normalization(mean=mean, std=std)
            except ValidationError as error:
                raise DamagedFileError(f"a normalization with mean {mean} and standard deviation {std}") from error
    return None


def _labels(described: _Described, data: bytes, path: Path) -> Labels | None:
    files = described.scores.tables(TensorMetadata.FILES) if described.scores else []
    names = [file.text(AssociatedFile.NAME) for file in files if file.whole(AssociatedFile.KIND, "<b") == AXIS_LABELS]
    if not names:
        return None
    where = f"{path}, {names[0]} inside it"
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(names[0]) as file:
            raw = file.read(MOST_BYTES + 1)
    # a damaged archive raises every one of these
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, ValueError, EOFError, zlib.error) as error:
        raise DataError(
            f"{where}: expected the labels, found: {error}; give them with --labels, or export the model again"
        ) from error
    return parse_labels(raw, where)
