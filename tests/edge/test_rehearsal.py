"""A model that a runtime does not survive takes a child process with it, and nothing else."""

import re
import textwrap
from pathlib import Path

import numpy as np
import pytest

from edge import rehearsal
from edge.emulated_world import packaged_bundle
from edge.errors import MissingPackageError, ModelError
from edge.interpreter import TfliteInterpreter, real_values
from edge.rehearsal import rehearse

MODEL = Path("elsewhere/model.tflite")


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """Install a pretend runtime whose interpreter does what the test says; return its module's name."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(rehearsal, "_passed", {})

    def install(load):
        body = textwrap.indent(textwrap.dedent(load), " " * 8)
        source = f"import os, signal, sys, time\n\nclass Interpreter:\n    def __init__(self, **options):\n{body}\n"
        (tmp_path / "pretend_runtime.py").write_text(source)
        return "pretend_runtime"

    return install


def test_a_whole_model_passes(monkeypatch):
    """And is not asked twice: every later load is as quick as before."""
    monkeypatch.setattr(rehearsal, "_passed", {})
    model = (packaged_bundle() / "model.tflite").read_bytes()

    rehearse(model, MODEL)
    monkeypatch.setattr(rehearsal.subprocess, "run", lambda *_, **__: pytest.fail("asked twice"))
    rehearse(model, MODEL)


@pytest.mark.parametrize(
    "number",
    ["SIGSEGV", *(pytest.param(other, marks=pytest.mark.slow) for other in ("SIGABRT", "SIGFPE", "SIGBUS", "SIGILL"))],
)
def test_a_crash_is_an_error_like_any_other(runtime, number):
    """The model and the signal are named."""
    with pytest.raises(ModelError, match=rf"elsewhere/model\.tflite: .* crashed on it \({number}\)"):
        rehearse(b"model", MODEL, runtime(f"os.kill(os.getpid(), signal.{number})"))


@pytest.mark.slow
def test_a_model_that_never_ends_is_refused(runtime):
    """The child is ended when its time is up."""
    with pytest.raises(ModelError, match="did not come to an end within 1 s"):
        rehearse(b"model", MODEL, runtime("while True: pass"), timeout_s=1.0)


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
    monkeypatch.setattr(rehearsal, "_passed", {})

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
        import numpy as np
        return np.uint8([[len(self.log.name), 2]])
"""


def test_the_child_runs_the_model_too(tmp_path, runtime):
    """Some crash only then: it gets the very bytes, and is run on a dark, a bright, a noisy and a dark input."""
    name = runtime("pass")
    (tmp_path / f"{name}.py").write_text(NOTING.format(path=str(tmp_path / "noted")))

    rehearse(b"model", MODEL, name)

    noted = (tmp_path / "noted").read_text()
    assert re.fullmatch(
        r"b'model'\[\[0, 0\]\] ran \[\[255, 255\]\] ran \[\[(\d+), (?!\1)\d+\]\] ran \[\[0, 0\]\] ran ", noted
    )


def test_what_the_model_showed_comes_back(tmp_path, runtime):
    """What it takes, what it answers and to what, as if it had run in this process."""
    model = (packaged_bundle() / "model.tflite").read_bytes()
    here = TfliteInterpreter(MODEL, content=model)

    trial = rehearse(model, MODEL)

    dark = real_values(here.run(np.full(here.input.shape, -128, np.int8)), here.output)[0]
    assert (trial.input, trial.output, trial.runtime) == (here.input, here.output, here.runtime_name)
    assert trial.answers.tolist() == [dark.tolist(), trial.answers[1].tolist(), dark.tolist()]
    assert trial.answers[1].tolist() != dark.tolist()


def test_what_a_runtime_prints_does_not_get_among_the_answers(tmp_path, runtime):
    """It may greet on the terminal, even past Python."""
    name = runtime("pass")
    greeting = "import os\nos.write(1, b'{{}} hello')\n"
    (tmp_path / f"{name}.py").write_text((greeting + NOTING).format(path=str(tmp_path / "noted")))

    assert rehearse(b"model", MODEL, name).output.shape == (1, 2)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"[" * 100_000,
        b'{"specs": 3}\n',
        b'{"specs": [{}, {}]}\n',
        b'{"specs": [{"shape": [1], "dtype": "uint8", "scale": 1, "zero_point": 1e999}, {}], "runtime": ""}\n',
        b'{"specs": [{"shape": [1], "dtype": "no type", "scale": 1, "zero_point": 0}, {}], "runtime": ""}\n',
        b"\x80\x04cos\nsystem\n(S'true'\ntR.",
    ],
)
def test_a_child_that_the_model_has_taken_over_says_nothing_that_its_parent_runs(tmp_path, runtime, said):
    """Nothing it sends is unpickled, and nothing ends the parent."""
    name = runtime("pass")
    (tmp_path / f"{name}.py").write_text(f"import gc, io, os\n{TAKEN_OVER.format(said=said)}")

    with pytest.raises(ModelError, match=r"elsewhere/model\.tflite: .*its answers were lost"):
        rehearse(b"model", MODEL, name)


# the child's way to its parent is a copy of descriptor 1: it is the file that is open for writing
TAKEN_OVER = """
(out,) = [one for one in gc.get_objects() if isinstance(one, io.BufferedWriter) and one.fileno() > 2]
os.write(out.fileno(), {said!r})
os._exit(0)
"""
