"""A model that a runtime does not survive takes a child process with it, and nothing else."""

import textwrap
from pathlib import Path

import pytest

from edge import rehearsal
from edge.emulate import packaged_bundle
from edge.errors import MissingPackageError, ModelError
from edge.rehearsal import rehearse

MODEL = Path("elsewhere/model.tflite")


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Install a pretend runtime whose interpreter does what the test says; return its module's name."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(rehearsal, "_passed", set())

    def install(load):
        body = textwrap.indent(textwrap.dedent(load), " " * 8)
        source = f"import os, signal, sys, time\n\nclass Interpreter:\n    def __init__(self, **options):\n{body}\n"
        (tmp_path / "pretend_runtime.py").write_text(source)
        return "pretend_runtime"

    return install


def test_a_whole_model_passes(monkeypatch):
    """And is not asked twice: every later load is as quick as before."""
    monkeypatch.setattr(rehearsal, "_passed", set())
    model = (packaged_bundle() / "model.tflite").read_bytes()

    rehearse(model, MODEL)
    monkeypatch.setattr(rehearsal.subprocess, "run", lambda *_, **__: pytest.fail("asked twice"))
    rehearse(model, MODEL)


@pytest.mark.parametrize("number", ["SIGSEGV", "SIGABRT", "SIGFPE", "SIGBUS", "SIGILL"])
def test_a_crash_is_an_error_like_any_other(runtime, number):
    """The model and the signal are named."""
    with pytest.raises(ModelError, match=rf"elsewhere/model\.tflite: .* crashed on it \({number}\)"):
        rehearse(b"model", MODEL, runtime(f"os.kill(os.getpid(), signal.{number})"))


def test_a_model_that_never_ends_is_refused(runtime, monkeypatch):
    """The child is ended when its time is up."""
    monkeypatch.setattr(rehearsal, "TIMEOUT_S", 1.0)

    with pytest.raises(ModelError, match="did not come to an end within 1 s"):
        rehearse(b"model", MODEL, runtime("while True: pass"))


@pytest.mark.parametrize(
    ("load", "told"),
    [
        ("raise ValueError('tensor 7 has no shape')", "tensor 7 has no shape"),
        ("raise RuntimeError('')", "no reason given"),
        ("raise MemoryError", "MemoryError"),
        ("raise KeyError('surprise')", "KeyError: 'surprise'"),
        ("sys.exit(7)", "exit code 7"),
    ],
)
def test_what_the_runtime_raises_becomes_a_sentence(runtime, load, told):
    """Whatever it is, with the model's name in front."""
    with pytest.raises(ModelError, match=r"^elsewhere/model\.tflite: ") as caught:
        rehearse(b"model", MODEL, runtime(load))

    assert told in str(caught.value)


def test_a_model_that_asks_for_absurd_memory_is_refused(runtime):
    """The child may take 4 GiB, not all there is."""
    with pytest.raises(ModelError, match="MemoryError"):
        rehearse(b"model", MODEL, runtime("bytearray(1 << 36)"))


def test_a_missing_runtime_is_not_the_model_s_fault(monkeypatch):
    """The sentence says what to install."""
    monkeypatch.setattr(rehearsal, "_passed", set())

    with pytest.raises(MissingPackageError, match="pip install"):
        rehearse(b"model", MODEL, "no_such_runtime.interpreter")


NOTING = """
class Interpreter:
    def __init__(self, **options):
        self.log = open({path!r}, "a", buffering=1)
        self.log.write(str(options["model_content"]))

    def allocate_tensors(self):
        pass

    def get_input_details(self):
        import numpy as np
        return [dict(index=0, shape=(1, 2), dtype=np.uint8, quantization=(1.0, 0))]

    get_output_details = get_input_details

    def set_tensor(self, index, values):
        self.log.write(str(values.tolist()))

    def invoke(self):
        self.log.write(" ran ")

    def get_tensor(self, index):
        return None
"""


def test_the_child_runs_the_model_too(tmp_path, runtime):
    """Some crash only then: it gets the very bytes, and is run on a dark and a bright input."""
    name = runtime("pass")
    (tmp_path / f"{name}.py").write_text(NOTING.format(path=str(tmp_path / "noted")))

    rehearse(b"model", MODEL, name)

    assert (tmp_path / "noted").read_text() == "b'model'[[0, 0]] ran [[255, 255]] ran "
