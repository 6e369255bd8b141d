"""Write standard TFLite metadata into a model, so that MediaPipe, Netron and others open it as it is.

The metadata is a FlatBuffer of its own in one more buffer of the model, and the labels are a text file in a zip
archive behind it (https://ai.google.dev/edge/litert/models/metadata). The model itself is not written anew: the old
bytes follow a new root table unchanged, so every weight keeps its alignment, which microcontrollers need and which
the Python classes that are generated from the schema lose. Nothing here depends on the clock or the machine.
"""

from __future__ import annotations

import io
import zipfile
from typing import Any

from edge.errors import ModelError
from edge.extras import need
from edge.flatbuffer import DamagedFileError, Table, root_table
from edge.preprocess import InputSpec
from edge.tflite_schema import METADATA_NAME, MODEL_IDENTIFIER, Buffer, Metadata, Model
from quantize.metadata_tables import model_metadata

LABELS_FILE = "labels.txt"

_ALIGNMENT = 16  # of a buffer's bytes, by the schema
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the earliest a zip archive can tell: the same file every time


def with_metadata(model: bytes, labels: tuple[str, ...], spec: InputSpec) -> bytes:
    """Return `model`, one of ours, with metadata: what its input and output are, and the labels as a file.

    The real values of its input must be the pixels 0..255. Computes what it computed before. Raises ModelError when
    `model` is no .tflite file.
    """
    metadata = model_metadata(labels, spec, LABELS_FILE)
    try:
        described = _with_buffer(_without_files(model), METADATA_NAME, metadata)
    except DamagedFileError as error:
        raise ModelError(f"expected a .tflite model to describe, found: {error}; convert the model again") from error
    return _with_file(described, LABELS_FILE, "".join(f"{label}\n" for label in labels).encode())


def _with_buffer(model: bytes, name: str, data: bytes) -> bytes:
    """Put a new root table, and what it needs for one more named buffer, before the old file."""
    root = root_table(model, MODEL_IDENTIFIER)
    buffers = root.tables(Model.BUFFERS)
    if any(buffer.whole(Buffer.OFFSET, "<Q") > 1 for buffer in buffers):
        raise ModelError("expected a model below 2 GB with its weights inside, found one with weights behind it")
    front = _Front(model)
    builder = front.builder
    kept = [entry for entry in root.tables(Model.METADATA) if entry.text(Metadata.NAME) != name]
    new_buffers = [*(front.old(table.at) for table in buffers), front.buffer(data)]
    new_metadata = [*(front.old(table.at) for table in kept), front.metadata(name, len(buffers))]
    buffers_at, metadata_at = front.vector(new_buffers), front.vector(new_metadata)
    builder.StartObject(len(Model))
    builder.PrependUint32Slot(Model.VERSION, root.whole(Model.VERSION, "<I"), 0)
    for field in (Model.OPERATOR_CODES, Model.SUBGRAPHS, Model.DESCRIPTION, Model.SIGNATURE_DEFS):
        front.keep(root, field)
    front.keep(root, Model.METADATA_BUFFER)
    builder.PrependUOffsetTRelativeSlot(Model.BUFFERS, buffers_at, 0)
    builder.PrependUOffsetTRelativeSlot(Model.METADATA, metadata_at, 0)
    builder.Finish(builder.EndObject(), file_identifier=MODEL_IDENTIFIER)
    return bytes(builder.Output())


class _Front:
    """Builds what comes before an old file. FlatBuffers grow towards the front, and places count from the end."""

    def __init__(self, old: bytes) -> None:
        flatbuffers = need("flatbuffers", "desktop", "describing a model")
        body = old + bytes(-len(old) % _ALIGNMENT)
        self._length = len(body)
        self.builder: Any = flatbuffers.Builder(2 * len(body))
        self.builder.Bytes[-len(body) :] = body
        self.builder.head -= len(body)
        self.builder.Prep(_ALIGNMENT, 0)  # what is put before it has a length of whole alignments

    def old(self, at: int) -> int:
        """Return the place of what lies at byte `at` of the old file."""
        return self._length - at

    def keep(self, root: Table, field: Model) -> None:
        """Let the new root table point where the old one pointed."""
        at = root.target(field)
        if at is not None:
            self.builder.PrependUOffsetTRelativeSlot(field, self.old(at), 0)

    def buffer(self, data: bytes) -> int:
        """Write a buffer."""
        self.builder.StartVector(1, len(data), _ALIGNMENT)
        self.builder.head -= len(data)
        self.builder.Bytes[self.builder.head : self.builder.head + len(data)] = data
        contents = self.builder.EndVector()
        self.builder.StartObject(len(Buffer))
        self.builder.PrependUOffsetTRelativeSlot(Buffer.DATA, contents, 0)
        return int(self.builder.EndObject())

    def metadata(self, name: str, buffer: int) -> int:
        """Write the entry that names a buffer."""
        text = self.builder.CreateString(name)
        self.builder.StartObject(len(Metadata))
        self.builder.PrependUOffsetTRelativeSlot(Metadata.NAME, text, 0)
        self.builder.PrependUint32Slot(Metadata.BUFFER, buffer, 0)
        return int(self.builder.EndObject())

    def vector(self, places: list[int]) -> int:
        """Write a list of tables."""
        self.builder.StartVector(4, len(places), 4)
        for place in reversed(places):
            self.builder.PrependUOffsetTRelative(place)
        return int(self.builder.EndVector())


def _without_files(model: bytes) -> bytes:
    """Cut off the archive of an earlier description."""
    if not zipfile.is_zipfile(io.BytesIO(model)):
        return model
    with zipfile.ZipFile(io.BytesIO(model)) as archive:
        return model[: min((entry.header_offset for entry in archive.infolist()), default=len(model))]


def _with_file(model: bytes, name: str, contents: bytes) -> bytes:
    whole = io.BytesIO(model)
    with zipfile.ZipFile(whole, "a") as archive:
        entry = zipfile.ZipInfo(name, _LONG_AGO)
        entry.create_system, entry.external_attr = 3, 0o644 << 16  # as on Unix, wherever it is written
        archive.writestr(entry, contents)
    return whole.getvalue()
