"""The metadata in our models: standard, the same every time, and without a trace in what the model computes."""

import io
import zipfile
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from edge.bundle import open_bundle
from edge.conventions import Normalization
from edge.errors import ModelError
from edge.flatbuffer import root_table
from edge.interpreter import TfliteInterpreter
from edge.preprocess import InputSpec
from edge.tflite_schema import METADATA_NAME, MODEL_IDENTIFIER, Buffer, Metadata, Model
from quantize.metadata import LABELS_FILE, with_metadata
from quantize.model_file import read_model_file

PACKAGED = Path(str(files("edge"))) / "data" / "bundle"
SPEC = InputSpec(width_px=8, height_px=8)
LABELS = ("red", "green", "blue", "dull")


@pytest.fixture
def plain(tiny):
    """A model without metadata, with pixels as its input's real values."""
    return tiny(quantized=("int8", 1.0, -128), output=("int8", 1 / 256, -128))


@pytest.fixture
def both(plain, tmp_path):
    """The model as it was, and with metadata."""
    path = tmp_path / "described.tflite"
    path.write_bytes(with_metadata(plain.read_bytes(), LABELS, SPEC))
    return plain, path


def test_the_packaged_model_carries_its_labels_and_normalization():
    """What ships can be opened elsewhere: labels in output order, pixels as they are."""
    found = read_model_file(PACKAGED / "model.tflite")

    assert found.labels.names == open_bundle(PACKAGED).labels
    assert found.normalization == Normalization(mean=(0, 0, 0), std=(1, 1, 1))


def test_the_answers_stay_the_same_to_the_bit(both):
    """Metadata is read by programs, not by the model."""
    before, after = map(TfliteInterpreter, both)

    for seed in range(20):
        pixels = np.random.default_rng(seed).integers(-128, 128, before.input.shape, dtype=np.int8)
        assert np.array_equal(before.run(pixels), after.run(pixels))


def test_every_byte_of_the_model_stays_where_it_was_but_for_a_shift(both):
    """The old file follows the new root table by whole alignments: microcontrollers read weights in place."""
    before, after = (path.read_bytes() for path in both)

    assert after.count(before) == 1
    assert after.index(before) % 16 == 0


def test_the_same_model_gives_the_same_bytes(plain):
    """No clock, no machine."""
    written = with_metadata(plain.read_bytes(), LABELS, SPEC)

    assert with_metadata(plain.read_bytes(), LABELS, SPEC) == written
    with zipfile.ZipFile(io.BytesIO(written)) as archive:
        (entry,) = archive.infolist()
        assert (entry.filename, entry.date_time, entry.create_system) == (LABELS_FILE, (1980, 1, 1, 0, 0, 0), 3)
        assert archive.read(LABELS_FILE) == b"red\ngreen\nblue\ndull\n"


def test_describing_twice_leaves_one_description(plain):
    """A model packed again gets the new labels, not both."""
    once = with_metadata(plain.read_bytes(), ("a", "b", "c", "d"), SPEC)

    root = root_table(with_metadata(once, LABELS, SPEC), MODEL_IDENTIFIER)

    named = [entry for entry in root.tables(Model.METADATA) if entry.text(Metadata.NAME) == METADATA_NAME]
    assert len(named) == 1
    assert named[0].whole(Metadata.BUFFER, "<I") == len(root.tables(Model.BUFFERS)) - 1


def test_the_public_schema_reads_what_we_wrote(both):
    """The classes that come with the runtime find every part of the model again, and the metadata in its buffer."""
    schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="the runtime brings the schema")
    before, after = (schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0) for path in both)

    assert [code.builtinCode for code in after.operatorCodes] == [code.builtinCode for code in before.operatorCodes]
    assert [tensor.name for tensor in after.subgraphs[0].tensors] == [
        tensor.name for tensor in before.subgraphs[0].tensors
    ]
    assert after.version == before.version == 3
    (entry,) = after.metadata
    assert entry.name == METADATA_NAME.encode()
    assert bytes(after.buffers[entry.buffer].data[4:8]) == b"M001"


def test_a_buffer_of_the_metadata_is_aligned(both):
    """By 16 bytes, as the schema asks for every buffer."""
    data = both[1].read_bytes()
    buffer = root_table(data, MODEL_IDENTIFIER).tables(Model.BUFFERS)[-1]

    assert (buffer.target(Buffer.DATA) + 4) % 16 == 0


@pytest.mark.parametrize("data", [b"", b"no model at all", b"\x00" * 100, b"\xff\xff\xff\xffTFL3" + b"\x00" * 30])
def test_what_is_no_model_cannot_be_described(data):
    """One sentence, not an exception of the builder."""
    with pytest.raises(ModelError, match=r"expected a \.tflite model to describe"):
        with_metadata(data, LABELS, SPEC)
