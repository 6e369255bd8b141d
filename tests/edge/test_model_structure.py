"""What leads out of a .tflite file is found before a runtime follows it."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.emulate import packaged_bundle
from edge.errors import ModelError
from edge.model_structure import _Walk, check_structure

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
    walk = _Walk(MODEL)
    graph = walk.table(walk.tables(walk.table(walk.number("<I", 0)), 2)[0])
    start = walk.target(graph, graph_field)
    return MODEL[: start + 4 + 4 * position] + struct.pack("<i", number) + MODEL[start + 8 + 4 * position :]


@pytest.mark.parametrize("field", [1, 2])
@pytest.mark.parametrize("number", [-1, 100_000, 2**31 - 1])
def test_a_tensor_that_is_not_there_is_refused(field, number):
    """A graph's inputs and outputs are tensors that it has."""
    with pytest.raises(ModelError, match="a tensor numbered"):
        check_structure(replaced(field, 0, number), PATH)
