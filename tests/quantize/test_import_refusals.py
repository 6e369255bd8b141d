"""What cannot become a bundle is refused with the reason, and no model, however damaged, ends the import itself."""

import random

import numpy as np
import pytest

from edge import rehearsal
from edge.errors import DataError, ModelError
from edge.interpreter import TensorSpec
from edge.rehearsal import Trial, rehearse
from quantize.import_checks import answer_kind, check_output
from quantize.model_file import read_model_file

UINT8 = ("uint8", 1 / 128, 128)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"shape": (2, 8, 8, 3)}, "a batch of 1"),
        ({"shape": (1, 4, 4, 3)}, "input cannot be used, width_px"),
        ({"places": True}, "detection or segmentation"),
        ({"two_outputs": True}, "one input and one output, found 1 and 2"),
        ({"outputs": 1, "last": 14}, "found 4 labels and 1 outputs"),
    ],
)
@pytest.mark.usefixtures("tried_here")
def test_what_is_no_classifier_of_pictures_is_refused_with_the_reason(importing, tiny, tmp_path, settings, complaint):
    """Before anything is written."""
    with pytest.raises(ModelError, match=complaint):
        importing(tiny(**settings), normalization="-1..1")

    assert not (tmp_path / "bundle").exists()


def trial(answers, output=("float32", 0.0, 0), shape=None):
    """Return what a model showed."""
    rows = np.array(answers, np.float32)
    dtype, scale, zero_point = output
    picture = TensorSpec((1, 8, 8, 3), np.dtype(np.float32), 0.0, 0)
    spec = TensorSpec(shape or (1, rows.shape[1]), np.dtype(dtype), scale, zero_point)
    return Trial(picture, spec, rows, "pretend")


@pytest.mark.parametrize(
    ("shown", "complaint"),
    [
        (trial([[0, 1], [1, 0], [1, 0]]), "keeps a memory"),
        (trial([[0, np.nan], [1, 0], [0, np.nan]]), "values that are no numbers"),
        (trial([[3], [1], [3]], ("int64", 0.0, 0)), "found int64"),
        (trial([[3], [1], [3]], ("uint8", 0.0, 0)), "found uint8 with scale 0"),
    ],
)
def test_answers_that_are_no_scores_are_refused(tmp_path, shown, complaint):
    """A recurrent network, a broken one, and one that answers the number of the class."""
    with pytest.raises(ModelError, match=complaint):
        check_output(tmp_path / "model.tflite", shown)


def test_softmax_written_out_in_operators_is_known_by_its_answers():
    """Between 0 and 1 and with sum 1 on every picture: scores; anything else: logits."""
    assert answer_kind(trial([[0.1, 0.9], [0.5, 0.5]]), None, None)[0] == "scores"
    assert answer_kind(trial([[0.1, 0.9], [0.5, 0.9]]), None, None)[0] == "logits"
    assert answer_kind(trial([[-2, 3], [0.5, 0.5]]), None, None)[0] == "logits"


@pytest.fixture
def runtime_that(tmp_path, monkeypatch):
    """Put a runtime that does this when it is imported in the place of the installed one."""

    def install(program):
        runtime = tmp_path / "runtime" / "ai_edge_litert"
        runtime.mkdir(parents=True)
        (runtime / "__init__.py").write_text("")
        (runtime / "interpreter.py").write_text(program)
        monkeypatch.syspath_prepend(str(runtime.parent))

    return install


def test_a_model_that_crashes_its_runtime_ends_no_import(tiny, importing, runtime_that):
    """The child process dies of it, with a runtime that aborts as some do on damaged files; ours says so."""
    path = tiny(background=3)  # no other test has tried this model in this process
    runtime_that("import os\nos.abort()\n")

    with pytest.raises(ModelError, match=r"tiny\.tflite: expected .* the runtime crashed on it \(SIGABRT\)"):
        importing(path)


def test_a_model_that_computes_for_ever_ends_no_import(tiny, runtime_that):
    """A few bytes can ask for as much work as they like; here the runtime itself never comes back."""
    path = tiny(background=1)  # no other test has tried this model in this process
    runtime_that("while True:\n    pass\n")

    with pytest.raises(ModelError, match=r"did not come to an end within 0\.5 s"):
        rehearse(path.read_bytes(), path, timeout_s=0.5)


def test_a_model_that_asks_for_more_memory_than_there_is_ends_no_import(tiny, importing):
    """40 GB for one picture."""
    with pytest.raises(ModelError, match=r"tiny\.tflite: expected a model"):
        importing(tiny(shape=(1, 60_000, 60_000, 3)))


def test_no_runtime_sees_a_file_whose_structure_leads_nowhere(tiny, importing, monkeypatch):
    """As when a bundle is opened: structure first, then a process of its own."""
    path = tiny(quantized=UINT8)
    whole = path.read_bytes()
    monkeypatch.setattr(rehearsal.subprocess, "run", lambda *_, **__: pytest.fail("a runtime has seen it"))

    for cut in range(0, len(whole), 16):
        path.write_bytes(whole[:cut])
        with pytest.raises(ModelError, match=r"tiny\.tflite: expected a sound \.tflite file"):
            importing(path)


def test_damaged_models_are_read_or_refused_without_a_traceback(tiny, described):
    """Cut anywhere, or with bytes changed: what reads the file before the runtime raises one kind of error."""
    path = tiny()
    whole = described(path.read_bytes())
    refused = read = 0
    for seed in range(300):
        chosen = random.Random(seed)
        data = bytearray(whole)
        for _ in range(chosen.choice([1, 2, 8])):
            data[chosen.randrange(len(data))] = chosen.choice([0, 255, chosen.randrange(256)])
        path.write_bytes(data[: chosen.choice([len(data), chosen.randrange(len(data))])])
        try:
            read_model_file(path)
        except (ModelError, DataError) as error:
            refused += str(error).startswith(str(path))
        else:
            read += 1
    assert refused + read == 300
    assert min(refused, read) > 20


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "instead of b'TFL3'"),
        (b"PK\x03\x04" + b"\0" * 50, "found a zip archive; unpack it"),
        (b"\0" * 100, "instead of b'TFL3'"),
    ],
)
def test_another_file_is_refused(importing, tmp_path, data, complaint):
    """Teachable Machine exports a zip archive with the model inside."""
    path = tmp_path / "other.tflite"
    path.write_bytes(data)

    with pytest.raises(ModelError, match=complaint):
        importing(path)
