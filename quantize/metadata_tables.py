"""Build the FlatBuffer of TFLite metadata: one picture in, a score per label out."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from edge.extras import need
from edge.preprocess import InputSpec
from edge.tflite_schema import (
    AXIS_LABELS,
    FEATURE_PROPERTIES,
    GREYSCALE,
    IMAGE_PROPERTIES,
    METADATA_IDENTIFIER,
    NORMALIZATION,
    RGB,
    AssociatedFile,
    Content,
    ImageProperties,
    ModelMetadata,
    NormalizationOptions,
    ProcessUnit,
    Stats,
    SubGraphMetadata,
    TensorMetadata,
)

_PARSER = "1.0.0"  # the oldest metadata reader that knows all that is written here


def model_metadata(labels: Sequence[str], spec: InputSpec, labels_file: str) -> bytes:
    """Return the metadata of a classifier whose input's real values are the pixels 0..255."""
    tables = _Tables()
    what = f"Sorts small parts: {', '.join(labels)}." if len(labels) <= 20 else f"Sorts {len(labels)} kinds of parts."
    graph = tables.table(
        {
            SubGraphMetadata.INPUTS: tables.vector([_picture(tables, spec)]),
            SubGraphMetadata.OUTPUTS: tables.vector([_scores(tables, labels_file)]),
        }
    )
    root = tables.table(
        {
            ModelMetadata.NAME: tables.text("edge-sort classifier"),
            ModelMetadata.DESCRIPTION: tables.text(what),
            ModelMetadata.SUBGRAPHS: tables.vector([graph]),
            ModelMetadata.MIN_PARSER_VERSION: tables.text(_PARSER),
        }
    )
    return tables.finished(root)


def _picture(tables: _Tables, spec: InputSpec) -> int:
    color = RGB if spec.color == "rgb" else GREYSCALE
    normalization = {
        NormalizationOptions.MEAN: tables.floats([0.0] * spec.channels),
        NormalizationOptions.STD: tables.floats([1.0] * spec.channels),
    }
    unit = {ProcessUnit.OPTIONS: tables.table(normalization)}
    content = {Content.PROPERTIES: tables.table({}, {ImageProperties.COLOR_SPACE: color})}
    stats = {Stats.MAX: tables.floats([255.0] * spec.channels), Stats.MIN: tables.floats([0.0] * spec.channels)}
    return tables.table(
        {
            TensorMetadata.NAME: tables.text("picture"),
            TensorMetadata.DESCRIPTION: tables.text(
                f"One part, {spec.width_px} x {spec.height_px} px, {spec.color}, pixels 0..255; "
                f"resized {spec.resize_filter}, fit {spec.fit}."
            ),
            TensorMetadata.CONTENT: tables.table(content, {Content.KIND: IMAGE_PROPERTIES}),
            TensorMetadata.PROCESS_UNITS: tables.vector([tables.table(unit, {ProcessUnit.KIND: NORMALIZATION})]),
            TensorMetadata.STATS: tables.table(stats),
        }
    )


def _scores(tables: _Tables, labels_file: str) -> int:
    file = {
        AssociatedFile.NAME: tables.text(labels_file),
        AssociatedFile.DESCRIPTION: tables.text("The labels, one per line, in the order of the scores."),
    }
    content = {Content.PROPERTIES: tables.table({})}
    stats = {Stats.MAX: tables.floats([1.0]), Stats.MIN: tables.floats([0.0])}
    return tables.table(
        {
            TensorMetadata.NAME: tables.text("scores"),
            TensorMetadata.DESCRIPTION: tables.text("A score from 0 to 1 for each label."),
            TensorMetadata.CONTENT: tables.table(content, {Content.KIND: FEATURE_PROPERTIES}),
            TensorMetadata.STATS: tables.table(stats),
            TensorMetadata.FILES: tables.vector([tables.table(file, {AssociatedFile.KIND: AXIS_LABELS})]),
        }
    )


class _Tables:
    """A FlatBuffers builder that is told whole tables. Whatever a table points to is written before it."""

    def __init__(self) -> None:
        self._builder: Any = need("flatbuffers", "desktop", "describing a model").Builder(1024)

    def text(self, words: str) -> int:
        return int(self._builder.CreateString(words))

    def floats(self, values: Sequence[float]) -> int:
        self._builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self._builder.PrependFloat32(value)
        return int(self._builder.EndVector())

    def vector(self, tables: Sequence[int]) -> int:
        self._builder.StartVector(4, len(tables), 4)
        for table in reversed(tables):
            self._builder.PrependUOffsetTRelative(table)
        return int(self._builder.EndVector())

    def table(self, places: dict[Any, int], kinds: dict[Any, int] | None = None) -> int:
        """Write a table. places: field -> what it points to. kinds: field -> a number of one byte."""
        kinds = kinds or {}
        fields: list[IntEnum] = [*places, *kinds]
        self._builder.StartObject(max((int(field) + 1 for field in fields), default=0))
        for field, place in places.items():
            self._builder.PrependUOffsetTRelativeSlot(field, place, 0)
        for field, kind in kinds.items():
            self._builder.PrependUint8Slot(field, kind, 0)
        return int(self._builder.EndObject())

    def finished(self, root: int) -> bytes:
        self._builder.Finish(root, file_identifier=METADATA_IDENTIFIER)
        return bytes(self._builder.Output())
