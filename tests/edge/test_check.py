"""`edge-sort check`: what this device answers, against what was answered where the bundle was made."""

import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge.bundle import FACTS_FILE, MODEL_FILE, open_bundle, write_bundle
from edge.bundle_golden import with_golden
from edge.check import check_bundle
from edge.check_command import _RUNTIMES
from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.errors import BundleError, DataError
from edge.golden import (
    GOLDEN_COUNT,
    GOLDEN_FILE,
    coarse,
    golden_candidates,
    golden_inputs,
    unfold,
)
from edge.interpreter import RUNTIME_MODULES
from edge.labelled import LabelledPicture
from edge.preprocess import InputSpec
from edge.replay import allowed_steps, steps_apart

STEP = 1 / 256  # of the packaged model's output


def check(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["check", *map(str, arguments)])


def changed(folder, out, golden=None, **facts):
    """Write a bundle with other facts, whole in itself."""
    opened = open_bundle(folder)
    files = {name: opened.read(name) for name in opened.facts.files}
    if golden is not None:
        facts["golden"] = golden
    write_bundle(out, opened.facts.model_copy(update=facts), files)
    return out


def moved(golden, steps):
    """Expect the lowest output of the first golden input some steps higher."""
    first = golden.inputs[0]
    lowest = min(range(len(first.outputs)), key=first.outputs.__getitem__)
    outputs = tuple(value + (steps * STEP if index == lowest else 0) for index, value in enumerate(first.outputs))
    return golden.model_copy(update={"inputs": (first.model_copy(update={"outputs": outputs}), *golden.inputs[1:])})


def test_the_packaged_bundle_is_as_expected_here():
    """Every file, the test card, every golden input, and a time."""
    done = check(packaged_bundle(), "--json")

    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert found["ok"] is True
    assert {one["kind"] for one in found["findings"]} == {"file", "test card", "golden"}
    assert sum(one["kind"] == "golden" for one in found["findings"]) == GOLDEN_COUNT
    assert sum(one["kind"] == "file" for one in found["findings"]) == 5
    assert 0 < found["latency"]["median_ms"] <= found["latency"]["p99_ms"]


def test_the_text_says_what_was_expected_and_found():
    """One line for each thing, the verdict last."""
    lines = check(packaged_bundle()).stdout.splitlines()

    assert any("golden" in line and "expected nut 0.996, found nut 0.996" in line for line in lines)
    assert any("ms median" in line and "ms p99" in line for line in lines)
    assert lines[-1] == "ok: everything is as expected"


@pytest.mark.parametrize(
    "runtime",
    [
        "litert",
        "tflite-runtime",
        pytest.param(
            "tensorflow", marks=[pytest.mark.slow, pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is")]
        ),
    ],
)
def test_any_runtime_can_be_asked(runtime):
    """Each within its tolerance; one that is missing is named with the command that installs it."""
    done = check(packaged_bundle(), "--runtime", runtime)

    if done.exit_code:
        assert f"pip install {runtime}" in done.stderr
        pytest.skip(f"{runtime} is not installed")
    assert f"runtime {runtime} " in done.stdout


def test_the_command_knows_every_runtime():
    """Its list is a copy, so that --help loads nothing."""
    assert tuple(RUNTIME_MODULES) == _RUNTIMES


@pytest.mark.parametrize(
    ("steps", "made_on", "ok"),
    [
        (4, "litert", True),
        (5, "litert", False),
        (5, "tensorflow", False),
        (9, "tflite-runtime", True),
        (10, "tflite-runtime", False),
    ],
)
def test_a_golden_score_may_move_as_far_as_the_kernels_differ(tmp_path, steps, made_on, ok):
    """Little between runtimes of one family, more between others; the first golden input is a sure one."""
    pytest.importorskip("ai_edge_litert", reason="the steps allowed are those beside LiteRT")
    golden = open_bundle(packaged_bundle()).facts.golden.model_copy(update={"runtime": made_on})
    folder = changed(packaged_bundle(), tmp_path / "b", moved(golden, steps))

    found = check_bundle(folder, "litert")

    assert found.ok is ok
    assert next(one.steps for one in found.findings if one.kind == "golden") == steps
    if ok:
        open_bundle(folder).classifier()
    else:
        with pytest.raises(BundleError, match=rf"golden\.png: .* found one {steps} away"):
            open_bundle(folder).classifier()


def test_a_doubtful_score_may_move_further_than_a_sure_one():
    """A softmax passes on as p (1 - p) what differs in front of it; within one family of kernels nothing differs."""
    assert [round(allowed_steps("litert", "tflite-runtime", score)) for score in (0.5, 0.95, 0.999)] == [104, 26, 8]
    assert allowed_steps("tflite-runtime", "litert", 0.5) == allowed_steps("litert", "tflite-runtime", 0.5)
    assert allowed_steps("litert", "tflite-runtime", 12.5) == 104
    assert {allowed_steps("litert", "tensorflow", score) for score in (0.5, 0.999)} == {4.0}
    assert allowed_steps("tflite-runtime", "tflite-runtime", 0.5) == 4.0


@pytest.mark.parametrize("found", [(0.5, float("nan")), (0.5, float("inf")), (0.5,), (0.5, 0.25, 0.25)])
def test_what_is_no_answer_is_infinitely_far(found):
    """Not a number, endless, or another count of scores."""
    assert steps_apart((0.5, 0.5), found, 1 / 256) == float("inf")


def test_a_wrong_golden_score_is_exit_code_1(tmp_path):
    """The line says which, and by how much."""
    golden = open_bundle(packaged_bundle()).facts.golden
    done = check(changed(packaged_bundle(), tmp_path / "b", moved(golden, 100)))

    assert done.exit_code == 1
    assert any("FAIL" in line and "100 steps apart, allowed 4" in line for line in done.stdout.splitlines())
    assert done.stdout.splitlines()[-1].startswith("FAIL: 1 of ")


def test_another_resize_is_a_finding(tmp_path):
    """`run` refuses such a bundle; `check` goes on and shows the rest."""
    card = open_bundle(packaged_bundle()).facts.test_card.model_copy(update={"input_sha256": "0" * 64})

    found = check_bundle(changed(packaged_bundle(), tmp_path / "b", test_card=card))

    assert [one.name for one in found.findings if not one.ok] == ["resized"]


def test_damaged_files_are_all_named_and_the_model_is_not_loaded(tmp_path):
    """The list of files goes on after the first wrong one."""
    folder = Path(shutil.copytree(packaged_bundle(), tmp_path / "b"))
    (folder / MODEL_FILE).write_bytes((folder / MODEL_FILE).read_bytes()[:-100])
    (folder / "report.html").unlink()

    done = check(folder, "--json")

    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert [one["name"] for one in found["findings"] if not one["ok"]] == [MODEL_FILE, "report.html"]
    assert found["latency"] is None


def test_facts_that_changed_are_an_error(tmp_path):
    """Nothing else can be believed then."""
    folder = Path(shutil.copytree(packaged_bundle(), tmp_path / "b"))
    (folder / FACTS_FILE).write_text("{}")

    done = check(folder)

    assert done.exit_code == 1
    assert f"{folder / FACTS_FILE}: changed since" in done.stderr


def test_a_bundle_without_golden_scores_says_so(tmp_path):
    """It was made before there were any; how it gets some is said too."""
    opened = open_bundle(packaged_bundle())
    files = {name: opened.read(name) for name in opened.facts.files if name != GOLDEN_FILE}
    write_bundle(tmp_path / "old", opened.facts.model_copy(update={"golden": None}), files)

    done = check(tmp_path / "old")

    assert done.exit_code == 0
    assert "no golden scores: give it some with edge-sort bundle golden" in done.stdout


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """A few rendered parts on disk."""
    folder = tmp_path_factory.mktemp("parts") / "parts"
    assert CliRunner().invoke(cli, ["parts", str(folder), "--count", "2", "--seed", "5"]).exit_code == 0
    return folder


def test_golden_inputs_can_be_given_later(parts, tmp_path):
    """A copy with other pictures, which this machine then answers as it answered."""
    done = CliRunner().invoke(
        cli, ["bundle", "golden", str(packaged_bundle()), str(parts), "--out", str(tmp_path / "b")]
    )

    assert done.exit_code == 0, done.output
    found = check_bundle(tmp_path / "b")
    assert found.ok
    assert {one.steps for one in found.findings if one.kind == "golden"} == {0.0}
    named = {one.name.split("/")[0] for one in found.findings if one.kind == "golden"}
    assert named == set(open_bundle(packaged_bundle()).labels)


def test_the_same_pictures_give_the_same_golden_inputs(parts, tmp_path):
    """Byte for byte, so that quantize stays repeatable."""
    first, second = (with_golden(packaged_bundle(), parts, tmp_path / name) for name in ("a", "b"))

    assert first.digest == second.digest


def test_pictures_of_other_things_are_refused(tmp_path):
    """Folder names are labels."""
    for label in ("cat", "dog"):
        (tmp_path / "pictures" / label).mkdir(parents=True)
        Image.new("RGB", (32, 32)).save(tmp_path / "pictures" / label / "a.png")

    with pytest.raises(DataError, match="name the folders as the labels"):
        with_golden(packaged_bundle(), tmp_path / "pictures", tmp_path / "out")


def test_every_label_is_among_the_candidates():
    """The first picture of each, then the second of each."""
    pictures = [LabelledPicture(label, Path(f"{label}{number}")) for label in "cab" for number in range(40)]

    chosen = golden_candidates(pictures)

    assert [picture.path.name for picture in chosen[:4]] == ["a0", "b0", "c0", "a1"]
    assert len(chosen) == 64


@pytest.mark.parametrize(
    "spec", [InputSpec(width_px=9, height_px=12), InputSpec(width_px=8, height_px=9, color="grey")]
)
def test_a_tile_unfolds_to_an_input(spec):
    """Odd sizes too: every second pixel is kept, in 8 levels."""
    pixels = np.random.default_rng(1).integers(0, 256, spec.shape).astype(np.uint8)

    unfolded = unfold(coarse(pixels), spec)

    assert unfolded.shape == spec.shape
    assert np.abs(unfolded[::2, ::2].astype(int) - pixels[::2, ::2]).max() <= 32
    assert set(np.unique(unfolded)) <= {0, 36, 72, 109, 145, 182, 218, 255}


def png(*size, mode="RGB"):
    """Encode an empty picture."""
    out = io.BytesIO()
    Image.new(mode, size).save(out, "PNG", compress_level=1)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        lambda: b"",
        lambda: b"\x89PNG\r\n\x1a\n",
        lambda: png(8, 8),
        lambda: png(4, 8)[:-30],
        lambda: png(4, 8)[:40],
        lambda: png(20_000, 9_000, mode="1"),  # some work, so only where the test runs
        lambda: png(4, 8).replace(b"IDAT", b"IDAX"),
        lambda: png(4, 8)[:16] + b"\xff\xff\xff\xff\xff\xff\xff\xff" + png(4, 8)[24:],
    ],
    ids=["empty", "signature", "size", "cut", "header", "too-much", "no-data", "absurd"],
)
def test_a_golden_picture_that_is_none_is_refused(data):
    """Empty, cut short, of another size, one that would unfold to half a gigabyte: the file is named."""
    with pytest.raises(BundleError, match=r"golden\.png: expected a"):
        golden_inputs(data(), 2, InputSpec(width_px=8, height_px=8), GOLDEN_FILE)
