"""`edge-sort classify`, as a user types it."""

import json
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge import interpreter
from edge.cli import cli
from edge.render import render_picture

BUNDLE = Path(str(files("edge"))) / "data" / "bundle"


@pytest.fixture
def nut(tmp_path):
    """A picture that the packaged bundle knows."""
    path = tmp_path / "nut.png"
    Image.fromarray(render_picture("nut", np.random.default_rng(11), 128)).save(path)
    return path


def classify(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["classify", *map(str, arguments)])


def test_it_names_what_it_sees(nut):
    """One line: the picture, the label, its score, then the other labels."""
    result = classify(BUNDLE, nut)

    assert result.exit_code == 0
    assert result.stdout.startswith(f"{nut}: nut ")
    assert result.stdout.count("\n") == 1


def test_a_line_shows_nine_other_labels_at_most(nut, tmp_path):
    """A model of a thousand classes would fill the screen with one picture."""
    from edge.classify_command import _line

    scores = {f"class {number}": 1 / (number + 2) for number in range(1001)}
    line = _line("part.png", "class 0", scores, sure=True)

    assert line.endswith("class 9 0.091  and 991 more")
    assert line.count("class ") == 10


def test_json_holds_every_score(nut):
    """One object; the scores sum to one but for rounding to 1/256 each."""
    result = classify(BUNDLE, nut, nut, "--json")

    found = json.loads(result.stdout)["results"]
    assert [answer["label"] for answer in found] == ["nut", "nut"]
    assert len(found[0]["scores"]) == 7
    assert sum(found[0]["scores"].values()) == pytest.approx(1, abs=7 / 256)
    assert found[0]["score"] == max(found[0]["scores"].values())


def test_an_unreadable_picture_does_not_stop_the_others(tmp_path, nut):
    """The good one is answered, the bad one named, and the exit code says that not all went well."""
    text = tmp_path / "notes.jpg"
    text.write_text("not a picture")

    result = classify(BUNDLE, text, nut, "--json")

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {text}: expected a picture")
    found = json.loads(result.stdout)
    assert (len(found["results"]), len(found["errors"])) == (1, 1)


def test_a_part_below_its_threshold_is_said_to_go_to_reject(tmp_path, monkeypatch):
    """The same rule that the line applies, told beforehand."""
    from edge.bundle_facts import BundleFacts, Threshold

    facts = BundleFacts.model_validate_json((BUNDLE / "bundle.json").read_bytes())
    high = {label: Threshold(min_score=1.0) for label in facts.labels}
    monkeypatch.setattr(BundleFacts, "model_validate", lambda _: facts.model_copy(update={"thresholds": high}))
    Image.new("RGB", (50, 50), "grey").save(tmp_path / "a.png")

    assert "would go to reject" in classify(BUNDLE, tmp_path / "a.png").stdout


def test_a_changed_bundle_is_refused_in_one_sentence(tmp_path, nut):
    """Exit code 1, the file named, no traceback."""
    bundle = Path(shutil.copytree(BUNDLE, tmp_path / "bundle"))
    data = bytearray((bundle / "model.tflite").read_bytes())
    data[1000] ^= 1
    (bundle / "model.tflite").write_bytes(data)

    result = classify(bundle, nut)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {bundle / 'model.tflite'}: its contents changed")
    assert result.stderr.count("\n") == 1


def test_without_a_runtime_it_says_what_to_install(monkeypatch, nut):
    """One sentence, exit code 1."""
    monkeypatch.setattr(interpreter, "RUNTIMES", ("no_such_runtime",))

    result = classify(BUNDLE, nut)

    assert result.exit_code == 1
    assert "pip install ai-edge-litert" in result.stderr


def test_no_picture_is_a_usage_error():
    """Exit code 2 is kept for a wrong command line."""
    assert classify(BUNDLE).exit_code == 2


def test_it_needs_no_tensorflow(nut):
    """On a Pi there is none: with its import forbidden the command answers all the same."""
    program = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None; sys.argv[0] = 'edge-sort'; "
        "from edge.cli import main; main()"
    )
    root = Path(__file__).resolve().parents[2]

    result = subprocess.run(
        [sys.executable, "-c", program, "classify", str(BUNDLE), str(nut)],
        capture_output=True, text=True, check=False, cwd=root,
    )  # fmt: skip

    assert (result.returncode, result.stdout.split()[1]) == (0, "nut")
