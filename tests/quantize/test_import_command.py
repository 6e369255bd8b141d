"""`edge-sort import`, as a user types it, and public models through import, check of the bundle and classify."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.bundle import open_bundle
from edge.cli import cli

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT.parent / "shared" / "reference_models"
CASES = json.loads((REFERENCE / "expected.json").read_text())["cases"] if REFERENCE.is_dir() else []

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the reference models lie beside the repository")


def command(*arguments):
    """Run a command in this process."""
    return CliRunner().invoke(cli, [*map(str, arguments)])


def test_it_tells_what_it_found_and_what_it_assumed(tiny, color_labels, color_folder, tmp_path):
    """A line for each finding, then the bundle; it classifies."""
    model, bundle = tiny(), tmp_path / "bundle"

    result = command("import", model, "--labels", color_labels, "--out", bundle, "--data", color_folder)

    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert any(
        line.startswith("normalization") and "-1..1" in line and "by evaluation: 48 of 48" in line for line in lines
    )
    assert any(line.startswith("fit") and line.endswith("assumed") for line in lines)
    assert lines[-1] == f"bundle: {bundle}"
    assert command("classify", bundle, color_folder / "green" / "3.png").stdout.split(": ")[1].startswith("green ")


def test_json_is_one_object(tiny, color_labels, color_folder, tmp_path):
    """Findings, notes, the evaluation and the labels."""
    result = command(
        "import",
        tiny(background=0),
        "--labels",
        color_labels,
        "--out",
        tmp_path / "b",
        "--data",
        color_folder,
        "--json",
    )

    found = json.loads(result.stdout)
    assert found["labels"] == ["background", "red", "green", "blue", "dull"]
    assert found["evaluation"]["right"] == found["evaluation"]["pictures"] == 48
    assert {finding["what"] for finding in found["findings"]} >= {"normalization", "labels", "answers", "thresholds"}
    assert any("background had no pictures" in note for note in found["notes"])


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--normalization", "0..2"], "--normalization: expected 0..1, -1..1"),
        (["--normalization", "1,2/3"], "--normalization: expected 0..1"),
        (["--normalization", "1/0"], "--normalization: expected 0..1"),
        (["--normalization", "nan/1"], "--normalization: expected 0..1"),
        (["--data", "no/such/folder"], "found no such folder"),
        (["--labels", "no/such/file"], "expected a file of labels"),
        (["--normalization", "1,2,3/1,2,3", "--labels", "{two}"], "two.txt: expected as many labels"),
        ([], "give --normalization"),
    ],
)
def test_a_wrong_option_is_one_sentence(tiny, color_labels, tmp_path, options, complaint):
    """And no bundle."""
    (tmp_path / "two.txt").write_text("a\nb\n")
    labels = [] if "--labels" in options else ["--labels", color_labels]
    given = [option.replace("{two}", str(tmp_path / "two.txt")) for option in options]

    result = command("import", tiny(), *labels, "--out", tmp_path / "bundle", *given)

    assert result.exit_code == 1
    assert complaint in result.stderr
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(("option", "with_data"), [("--min-score", True), ("--purity", False)])
def test_an_option_that_would_do_nothing_is_refused(tiny, color_labels, color_folder, tmp_path, option, with_data):
    """Thresholds are measured on pictures, or assumed; whoever asks for the other has misunderstood."""
    data = ["--data", color_folder] if with_data else []

    result = command("import", tiny(), "--labels", color_labels, "--out", tmp_path / "bundle", *data, option, "0.5")

    assert result.exit_code == 2
    assert f"{option} is for an import with" in result.stderr


def test_a_normalization_for_other_channels_is_refused(tiny, color_labels, tmp_path):
    """Three means for a grey picture."""
    model = tiny(shape=(1, 8, 8, 1))

    result = command(
        "import", model, "--labels", color_labels, "--out", tmp_path / "bundle", "--normalization", "imagenet"
    )

    assert result.exit_code == 1
    assert "--normalization: expected one mean and one standard deviation for" in result.stderr


def test_a_folder_instead_of_a_model_is_told(color_labels, tmp_path):
    """With what to give."""
    result = command("import", tmp_path, "--labels", color_labels, "--out", tmp_path / "bundle")

    assert result.exit_code == 1
    assert "found a folder; give the file in it" in result.stderr


def test_a_folder_in_use_is_left_alone(tiny, color_labels, tmp_path):
    """Said before the model is loaded."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "mine").touch()

    result = command(
        "import", tiny(), "--labels", color_labels, "--out", tmp_path / "bundle", "--normalization", "-1..1"
    )

    assert result.exit_code == 1
    assert "found one in use" in result.stderr


@pytest.mark.slow
def test_it_needs_no_desktop_library(tiny, color_labels, color_folder, tmp_path):
    """On the Pi there is neither TensorFlow nor what reports need."""
    script = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib', 'jinja2', 'rich', 'flatbuffers'):\n"
        "    sys.modules[name] = None\n"
        "from edge.cli import main\n"
        "if __name__ == '__main__':\n"
        "    main()\n"
    )
    (tmp_path / "device.py").write_text(script)
    arguments = ["import", tiny(), "--labels", color_labels, "--out", tmp_path / "bundle", "--data", color_folder]

    done = subprocess.run(
        [sys.executable, tmp_path / "device.py", *arguments],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert open_bundle(tmp_path / "bundle").labels == ("red", "green", "blue", "dull")


# Models made elsewhere, with what two runtimes answered (expected.json).


@pytest.fixture(scope="module")
def labels_of(tmp_path_factory):
    """Return the label file of a public model; the one that reads digits comes without."""
    digits = tmp_path_factory.mktemp("labels") / "digits.txt"
    digits.write_text("".join(f"{digit}\n" for digit in range(10)))
    return lambda model: digits if "mnist" in model else REFERENCE / "imagenet_labels.txt"


@pytest.fixture(scope="module")
def imported(tmp_path_factory, labels_of):
    """Import a public model, once."""
    made = {}

    def bundle(model):
        if model not in made:
            out = tmp_path_factory.mktemp("imported") / "bundle"
            result = command("import", REFERENCE / model, "--labels", labels_of(model), "--out", out)
            assert result.exit_code == 0, result.output
            made[model] = out
        return made[model]

    return bundle


def _heavy(model):
    """Large models take seconds: the small ones show the way in the quick run."""
    return pytest.mark.slow if "224" in model or "160" in model else ()


@needs_reference
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case['model']}-{case['image']}", marks=_heavy(case["model"])) for case in CASES]
)
def test_public_models_answer_as_expected(imported, labels_of, case):
    """From file to answer with nothing but the label file: the label that was seen, the score that was seen."""
    bundle = imported(case["model"])

    answer = json.loads(command("classify", bundle, REFERENCE / case["image"], "--json").stdout)["results"][0]

    labels = labels_of(case["model"]).read_text().splitlines()
    assert answer["label"] in {labels[number] for number in case["top1_ids_seen"]}
    # Two runtimes may lie 17/256 apart with their default kernels.
    assert case["top1_score_min"] - 0.07 <= answer["score"] <= case["top1_score_max"] + 0.07


@needs_reference
@pytest.mark.parametrize(
    "model", [pytest.param(model, marks=_heavy(model)) for model in sorted({case["model"] for case in CASES})]
)
def test_public_models_pass_the_check(imported, model):
    """Every file, the test card, a dozen golden inputs."""
    result = command("check", imported(model), "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 0, result.output
    assert [one["kind"] for one in found["findings"]] == ["file"] * 3 + ["test card"] * 2 + ["golden"] * 12


@needs_reference
def test_a_public_model_with_1001_outputs_and_1000_labels(tmp_path):
    """The usual slip: the label file without its background line. Three pictures settle it."""
    lines = (REFERENCE / "imagenet_labels.txt").read_text().splitlines()
    (tmp_path / "1000.txt").write_text("\n".join(lines[1:]))
    for name, picture in (("macaw", "parrot.jpg"), ("hotdog", "hot_dog.jpg"), ("Egyptian_cat", "cat.bmp")):
        (tmp_path / "data" / name).mkdir(parents=True)
        (tmp_path / "data" / name / picture).write_bytes((REFERENCE / picture).read_bytes())
    model = REFERENCE / "mobilenet_v1_0.5_160_quant.tflite"
    arguments = ("import", model, "--labels", tmp_path / "1000.txt", "--out", tmp_path / "bundle")

    refused = command(*arguments)
    result = command(*arguments, "--data", tmp_path / "data")

    assert refused.exit_code == 1
    assert "--background first or last" in refused.stderr
    assert result.exit_code == 0, result.output
    assert "by evaluation: 3 of 3 right, otherwise 0 at most" in result.stdout
    assert open_bundle(tmp_path / "bundle").labels[89] == "macaw"


@needs_reference
@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("mobilenet_v1_0.25_128_quant_edgetpu.tflite", "compiled for a Coral Edge TPU"),
        ("model_invoking_error.tflite", "found one that only its maker's program knows (fake-op-double); export the"),
    ],
)
def test_public_models_that_cannot_sort_say_why(tmp_path, model, complaint):
    """One compiled for an accelerator, and one with an unknown operation."""
    labels = REFERENCE / "imagenet_labels.txt"

    result = command("import", REFERENCE / model, "--labels", labels, "--out", tmp_path / "bundle")

    assert result.exit_code == 1
    assert complaint in result.stderr
    assert not (tmp_path / "bundle").exists()
