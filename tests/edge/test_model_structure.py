"""What leads out of a .tflite file is found before a runtime follows it."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulated_world import packaged_bundle
from edge.errors import ModelError
from edge.flatbuffer import root_table
from edge.model_structure import check_structure
from edge.tflite_schema import MODEL_IDENTIFIER, Buffer, Model, SubGraph

MODEL = (packaged_bundle() / "model.tflite").read_bytes()
PATH = Path("bundle/model.tflite")
REFERENCE = Path(__file__).resolve().parents[2].parent / "shared" / "reference_models"


def test_our_own_model_is_sound():
    """Made by TensorFlow's converter."""
    check_structure(MODEL, PATH)


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference models lie beside the repository")
@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.tflite")), ids=lambda path: path.stem)
def test_models_made_elsewhere_are_sound(path):
    """Also those for an accelerator, with operations nobody knows, and recurrent ones."""
    check_structure(path.read_bytes(), path)


@given(keep=st.integers(0, MODEL.index(b"PK\x03\x04") - 1))  # what follows is an archive of labels, not structure
def test_a_truncated_model_is_refused(keep):
    """Wherever it was cut; tflite-runtime crashes on four of five of these."""
    with pytest.raises(ModelError, match=r"bundle/model\.tflite: expected a sound"):
        check_structure(MODEL[:keep], PATH)


@given(data=st.binary(max_size=300))
def test_noise_is_refused(data):
    """Whatever it is, in a sentence."""
    with pytest.raises(ModelError):
        check_structure(data, PATH)


@given(at=st.integers(0, len(MODEL) - 4), number=st.sampled_from([0, 1, -1, 2**31 - 1, -(2**31), 0x01010101]))
def test_a_spoiled_number_is_refused_or_leads_nowhere_wrong(at, number):
    """Never anything but ModelError."""
    with contextlib.suppress(ModelError):
        check_structure(MODEL[:at] + struct.pack("<i", number) + MODEL[at + 4 :], PATH)


def replaced(graph_field, position, number):
    """Put another number into a vector of the first graph: 1 for its inputs, 2 for its outputs."""
    start = root_table(MODEL, MODEL_IDENTIFIER).tables(Model.SUBGRAPHS)[0].target(graph_field)
    return MODEL[: start + 4 + 4 * position] + struct.pack("<i", number) + MODEL[start + 8 + 4 * position :]


@pytest.mark.parametrize("field", [SubGraph.INPUTS, SubGraph.OUTPUTS])
@pytest.mark.parametrize("number", [-1, 100_000, 2**31 - 1])
def test_a_tensor_that_is_not_there_is_refused(field, number):
    """A graph's inputs and outputs are tensors that it has."""
    with pytest.raises(ModelError, match="a tensor numbered"):
        check_structure(replaced(field, 0, number), PATH)


@pytest.mark.parametrize(("offset", "size"), [(len(MODEL), 1), (2**63, 2**63), (64, 2**64 - 1)])
def test_what_lies_behind_the_tables_must_be_there(offset, size):
    """A buffer may give its place in the file instead of its bytes: LiteRT goes there."""
    with pytest.raises(ModelError, match="bytes long"):
        check_structure(with_far_buffer(offset, size), PATH)


def test_what_lies_behind_the_tables_is_no_fault():
    """Files above 2 GB are written so."""
    check_structure(with_far_buffer(64, 4), PATH)


def with_far_buffer(offset, size):
    """Put a root table with one buffer before the packaged model: one that gives a place instead of bytes."""
    flatbuffers = pytest.importorskip("flatbuffers", reason="the runtime brings the builder")
    builder = flatbuffers.Builder(0)

    def table(*fields):
        builder.StartObject(len(Model))
        for field, prepend, value in fields:
            prepend(field, value, 0)
        return builder.EndObject()

    def vector(item):
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(item)
        return builder.EndVector()

    number, place = builder.PrependUint64Slot, builder.PrependUOffsetTRelativeSlot
    buffers = vector(table((Buffer.OFFSET, number, offset), (Buffer.SIZE, number, size)))
    codes, graphs = vector(table()), vector(table())
    lists = ((Model.OPERATOR_CODES, codes), (Model.SUBGRAPHS, graphs), (Model.BUFFERS, buffers))
    builder.Finish(table(*((field, place, at) for field, at in lists)), file_identifier=MODEL_IDENTIFIER)
    return bytes(builder.Output())


@pytest.mark.slow
def test_a_small_file_that_lets_many_fields_share_a_long_list_is_refused_in_time():
    """300 graphs of one list of 1,000 tensors are 300,000 tables to whoever follows them."""
    flatbuffers = pytest.importorskip("flatbuffers", reason="the runtime brings the builder")
    builder = flatbuffers.Builder(0)

    def vector(items):
        builder.StartVector(4, len(items), 4)
        for item in items:
            builder.PrependUOffsetTRelative(item)
        return builder.EndVector()

    builder.StartObject(0)
    empty = builder.EndObject()
    shared = vector([empty] * 1000)
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(SubGraph.TENSORS, shared, 0)
    graphs, codes = vector([builder.EndObject()] * 300), vector([empty])
    builder.StartObject(len(Model))
    builder.PrependUOffsetTRelativeSlot(Model.OPERATOR_CODES, codes, 0)
    builder.PrependUOffsetTRelativeSlot(Model.SUBGRAPHS, graphs, 0)
    builder.Finish(builder.EndObject(), file_identifier=MODEL_IDENTIFIER)

    with pytest.raises(ModelError, match="more than 200000 tables and numbers"):
        check_structure(bytes(builder.Output()), PATH)
