"""On what the machine asks for, on the CPU only where that is allowed, and never in silence."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge import run_machine as run_machine_module
from edge.bundle import EDGETPU_FILE, MODEL_FILE, open_bundle, write_bundle
from edge.cli import cli
from edge.edgetpu import EdgeTpu
from edge.errors import BundleError, MachineError, ModelError
from edge.interpreter import TfliteInterpreter
from edge.machine import read_machine
from edge.machine_command import machine_text
from edge.measured_latency import WARM_UP_RUNS
from edge.processor import load_model
from edge.run_machine import run_machine

PACKAGED = Path(str(files("edge"))) / "data" / "bundle"
NO_LIBRARY = EdgeTpu("libno-such-edgetpu.so.1", trial_timeout_s=None)


class OnTheCpu:
    """A model behind the pretended delegate: the CPU's answers, moved by `shift`, until `fails_after` runs."""

    def __init__(self, model, delegate):
        self._real = TfliteInterpreter(model)
        self._delegate, self.runs = delegate, 0
        self.input, self.output = self._real.input, self._real.output
        if delegate.other_scale:
            self.output = replace(self.output, scale=0.5)

    def run(self, values):
        self.runs += 1
        if self.runs > self._delegate.fails_after:
            raise ModelError("the accelerator failed in use")
        answer = self._real.run(values)
        return np.roll(answer, self._delegate.shift, axis=-1)


class StandIn:
    """A delegate loader whose delegate is itself."""

    def __init__(self, *, shift=0, fails_after=10_000, other_scale=False):
        self.shift, self.fails_after, self.other_scale = shift, fails_after, other_scale
        self.asked = []

    def load(self, library, options):
        self.asked.append((library, dict(options)))
        return self

    def interpreter(self, model, delegate):
        assert model.name == EDGETPU_FILE
        return OnTheCpu(model, delegate)


def pretended(**behaviour):
    return EdgeTpu(runtime=StandIn(**behaviour), trial_timeout_s=None)


@pytest.fixture(scope="module")
def compiled_bundle(tmp_path_factory):
    """The packaged bundle with a model for the Edge TPU, which is the one for the CPU under that name."""
    contents = {path.name: path.read_bytes() for path in PACKAGED.iterdir() if not path.name.startswith("bundle.json")}
    contents[EDGETPU_FILE] = contents[MODEL_FILE]
    return write_bundle(tmp_path_factory.mktemp("bundle") / "bundle", open_bundle(PACKAGED).facts, contents)


def test_the_compiled_model_is_pinned_like_every_other_file(compiled_bundle, tmp_path):
    """A changed byte in it, and the bundle is refused by its name."""
    copy = Path(shutil.copytree(compiled_bundle.folder, tmp_path / "copy"))
    data = bytearray((copy / EDGETPU_FILE).read_bytes())
    data[5000] ^= 1
    (copy / EDGETPU_FILE).write_bytes(data)

    with pytest.raises(BundleError, match=rf"{EDGETPU_FILE}: its contents changed"):
        open_bundle(copy)


def test_the_edge_tpu_is_used_where_it_is_asked_for(compiled_bundle):
    """With its own file, after one run to warm up and one for the test card."""
    edgetpu = pretended()
    loaded = load_model(compiled_bundle, "edgetpu", edgetpu=edgetpu)

    assert (loaded.processor, loaded.fell_back) == ("edgetpu", None)
    assert loaded.sentence == "classifying on the Edge TPU"
    assert edgetpu.runtime.asked == [("libedgetpu.so.1", {})]


def test_the_cpu_never_looks_for_an_edge_tpu(compiled_bundle):
    """It is what is asked for by default."""
    loaded = load_model(compiled_bundle, edgetpu=NO_LIBRARY)

    assert (loaded.processor, loaded.sentence) == ("cpu", "classifying on the CPU")


@pytest.mark.parametrize(
    ("edgetpu", "why"),
    [
        (NO_LIBRARY, "expected the Edge TPU's library, found none"),
        (pretended(shift=1), "on the Edge TPU: .*expected the test card's scores within"),
        (pretended(fails_after=1), "failed in use"),
        (pretended(other_scale=True), "expected the output of model.tflite, found another"),
    ],
)
def test_what_cannot_be_used_falls_back_only_where_that_is_allowed(compiled_bundle, edgetpu, why):
    """No library, other answers to the test card, a failure on the way, other steps of the scores."""
    with pytest.raises((ModelError, BundleError), match=why):
        load_model(compiled_bundle, "edgetpu", edgetpu=edgetpu)

    loaded = load_model(compiled_bundle, "edgetpu", allow_cpu=True, edgetpu=edgetpu)
    assert loaded.processor == "cpu"
    assert loaded.sentence.startswith("classifying on the CPU, as classifier.allow_cpu allows, because: ")
    assert loaded.fell_back in loaded.sentence


def test_a_bundle_without_a_compiled_model_says_how_to_make_one():
    """The packaged one has none."""
    with pytest.raises(BundleError, match=rf"expected {EDGETPU_FILE} among its files.*edge-sort quantize --edgetpu"):
        load_model(open_bundle(PACKAGED), "edgetpu", edgetpu=pretended())


def test_classify_takes_an_accelerator(tmp_path):
    """And no other processor in its place."""
    Image.new("RGB", (64, 64)).save(tmp_path / "part.png")
    done = CliRunner().invoke(cli, ["classify", str(PACKAGED), str(tmp_path / "part.png"), "--accelerator", "edgetpu"])

    assert done.exit_code == 1
    assert f"expected {EDGETPU_FILE} among its files" in done.stderr


# On the line


@pytest.fixture
def machine_file(tmp_path):
    """A machine with mock pins and four recorded frames, and [classifier] as wanted."""
    frames = tmp_path / "frames"
    frames.mkdir()
    for number in range(30):
        picture = np.full((480, 640, 3), 200, np.uint8)
        if number > 15:
            picture[200:280, 40 * (number - 14) : 40 * (number - 14) + 80] = (60, 60, 70)
        Image.fromarray(picture).save(frames / f"{number:03d}.png")

    def write(allow_cpu):
        text = machine_text(open_bundle(PACKAGED).labels)
        for old, new in (
            ('"lgpio"', '"mock"'),
            ('"journal.sqlite"', json.dumps(str(tmp_path / "journal.sqlite"))),
            ('kind = "picamera2"', f'kind = "folder"\nfolder = {json.dumps(str(frames))}'),
            ('accelerator = "cpu"', 'accelerator = "edgetpu"\nlibrary = "libno-such-edgetpu.so.1"'),
            ("allow_cpu = false", f"allow_cpu = {str(allow_cpu).lower()}"),
        ):
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "machine.toml"
        path.write_text(text)
        return path

    return write


def notes(path):
    with closing(sqlite3.connect(path)) as db:
        return dict(db.execute("SELECT name, note FROM notes")), db.execute("SELECT ended_because FROM runs").fetchall()


def run(bundle, machine, *options):
    return CliRunner().invoke(cli, ["run", "--bundle", str(bundle), "--machine", str(machine), *options])


@pytest.mark.slow
def test_a_line_that_falls_back_says_so_at_start_in_its_result_and_in_its_journal(
    compiled_bundle, machine_file, tmp_path
):
    """Nobody wonders a week later why it was slow."""
    done = run(compiled_bundle.folder, machine_file(allow_cpu=True), "--json")

    assert done.exit_code == 0, done.output
    assert done.stderr.startswith("classifying on the CPU, as classifier.allow_cpu allows, because: expected the Edge")
    found = json.loads(done.stdout)["classifier"]
    assert found["processor"] == "cpu"
    assert "found none" in found["fell_back_because"]
    assert notes(tmp_path / "journal.sqlite")[0]["classifier"] in done.stderr


def test_a_line_that_may_not_fall_back_does_not_start(compiled_bundle, machine_file, tmp_path):
    """One sentence; no journal, no pin."""
    done = run(compiled_bundle.folder, machine_file(allow_cpu=False))

    assert done.exit_code == 1
    assert "Error: expected the Edge TPU's library, found none" in done.stderr
    assert not (tmp_path / "journal.sqlite").exists()


def test_a_device_that_fails_in_use_ends_the_run_with_its_gates_at_rest(
    compiled_bundle, machine_file, tmp_path, monkeypatch
):
    """It is not replaced by the CPU in mid-run, whatever is allowed: the run ends as with any other error."""
    rested = []

    class Watched(run_machine_module.GateProcess):
        def rest(self):
            super().rest()
            rested.append("rested")

    monkeypatch.setattr(run_machine_module, "GateProcess", Watched)
    machine = read_machine(machine_file(allow_cpu=True))
    # one at opening, one for the test card, and those that measure the latency
    warm_ups = 2 + WARM_UP_RUNS + run_machine_module.LATENCY_RUNS

    with pytest.raises(ModelError, match="failed in use"):
        run_machine(
            compiled_bundle,
            machine,
            None,
            lambda machine, belt: lambda frame, outcomes: None,
            edgetpu=pretended(fails_after=warm_ups),
        )

    assert rested == ["rested", "rested"]  # before it begins to sort, and when it ends
    kept, ended = notes(tmp_path / "journal.sqlite")
    assert (kept["classifier"], ended) == ("classifying on the Edge TPU", [("error",)])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('accelerator = "gpu"', "classifier.accelerator"),
        ("allow_cpu = 1", "classifier.allow_cpu"),
        ('device = "usb 0"', "classifier.device"),
        ('library = ""', "classifier.library"),
        ("threads = 2", "unknown key 'classifier.threads'"),
    ],
)
def test_the_machine_file_is_read_strictly(tmp_path, line, message):
    """Each wrong value is named by its key."""
    text = machine_text(("nut",))
    key = line.split(" =")[0]
    kept = [row for row in text.splitlines() if not row.startswith(f"{key} =")]
    (tmp_path / "m.toml").write_text("\n".join(kept).replace("[classifier]", f"[classifier]\n{line}"))

    with pytest.raises(MachineError, match=message):
        read_machine(tmp_path / "m.toml")


@pytest.mark.parametrize("device", ["usb", "usb:0", "pci", "pci:1", ":0"])
def test_a_device_is_named_as_libedgetpu_names_it(tmp_path, device):
    """What libedgetpu takes for its option `device`."""
    text = machine_text(("nut",)).replace("[classifier]", f'[classifier]\ndevice = "{device}"')
    (tmp_path / "m.toml").write_text(text)

    assert read_machine(tmp_path / "m.toml").classifier.edgetpu.device == device
