"""Where the fields that we read or write lie in a .tflite file and in its metadata.

Numbers of fields and values of enums, by the published schemas: `tensorflow/lite/schema/schema.fbs` of TensorFlow
and `metadata_schema.fbs` of TFLite Support and MediaPipe. Both promise never to renumber.
"""

from __future__ import annotations

from enum import IntEnum

MODEL_IDENTIFIER = b"TFL3"
METADATA_IDENTIFIER = b"M001"
METADATA_NAME = "TFLITE_METADATA"  # the model's buffer that holds the metadata goes by this name


class Model(IntEnum):
    """Fields of the root table."""

    VERSION = 0
    OPERATOR_CODES = 1
    SUBGRAPHS = 2
    DESCRIPTION = 3
    BUFFERS = 4
    METADATA_BUFFER = 5
    METADATA = 6
    SIGNATURE_DEFS = 7


class Buffer(IntEnum):
    """Fields of a buffer. OFFSET, from the start of the file, is used above 2 GB only."""

    DATA = 0
    OFFSET = 1
    SIZE = 2


class Metadata(IntEnum):
    """Fields of an entry of the model's metadata."""

    NAME = 0
    BUFFER = 1


class SubGraph(IntEnum):
    """Fields of a graph."""

    TENSORS = 0
    INPUTS = 1
    OUTPUTS = 2
    OPERATORS = 3


class Tensor(IntEnum):
    """Fields of a tensor."""

    BUFFER = 2


class Operator(IntEnum):
    """Fields of an operator. Its options may lie behind the FlatBuffer, from the start of the file on, above 2 GB."""

    OPCODE_INDEX = 0
    INPUTS = 1
    OUTPUTS = 2
    OPTIONS_KIND = 3
    OPTIONS = 4
    INTERMEDIATES = 8
    LARGE_OPTIONS_OFFSET = 9
    LARGE_OPTIONS_SIZE = 10


class OperatorCode(IntEnum):
    """Fields of an operator code: the old byte for codes up to 127, the new number for all."""

    OLD_CODE = 0
    CODE = 3


class Builtin(IntEnum):
    """Operators by their number, as far as we tell them apart."""

    DEQUANTIZE = 6
    LOGISTIC = 14
    RESHAPE = 22
    SOFTMAX = 25
    SQUEEZE = 43
    QUANTIZE = 114


class ModelMetadata(IntEnum):
    """Fields of the metadata's root table."""

    NAME = 0
    DESCRIPTION = 1
    VERSION = 2
    SUBGRAPHS = 3
    MIN_PARSER_VERSION = 7


class SubGraphMetadata(IntEnum):
    """Fields of what the metadata says of a graph."""

    NAME = 0
    INPUTS = 2
    OUTPUTS = 3


class TensorMetadata(IntEnum):
    """Fields of what the metadata says of an input or output."""

    NAME = 0
    DESCRIPTION = 1
    CONTENT = 3
    PROCESS_UNITS = 4
    STATS = 5
    FILES = 6


class Content(IntEnum):
    """Fields of what a tensor shows."""

    KIND = 0
    PROPERTIES = 1


class ImageProperties(IntEnum):
    """Fields of a picture."""

    COLOR_SPACE = 0


class ProcessUnit(IntEnum):
    """Fields of a step before the model."""

    KIND = 0
    OPTIONS = 1


class NormalizationOptions(IntEnum):
    """Fields of a normalization: (pixel - mean) / std."""

    MEAN = 0
    STD = 1


class Stats(IntEnum):
    """Fields of the range of a tensor's values."""

    MAX = 0
    MIN = 1


class AssociatedFile(IntEnum):
    """Fields of a file that is packed behind the model."""

    NAME = 0
    DESCRIPTION = 1
    KIND = 2


FEATURE_PROPERTIES, IMAGE_PROPERTIES = 1, 2  # kinds of content
RGB, GREYSCALE = 1, 2  # colour spaces
NORMALIZATION = 1  # kind of process unit
AXIS_LABELS = 2  # kind of file
