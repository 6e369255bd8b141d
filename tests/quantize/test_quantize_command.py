"""`edge-sort quantize`, as a user types it: a bundle, or a refusal with nothing written."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge.bundle import open_bundle
from edge.check import check_bundle
from edge.cli import cli
from tests.quantize.brightness_runs import LABELS, quantize, report


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    """One sentence, exit code 1, nothing written."""
    result = quantize(tmp_path, "--out", tmp_path / "bundle")

    assert result.exit_code == 1
    assert "make one with: edge-sort train" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_in_use_is_refused_before_the_work_starts(tmp_path):
    """Even before the run is looked at, so nobody waits for minutes to hear it."""
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "mine.txt").write_text("mine")

    result = quantize(tmp_path / "no-run", "--out", tmp_path / "bundle")

    assert result.exit_code == 1
    assert f"{tmp_path / 'bundle'}: expected a new or empty folder" in result.stderr


@pytest.mark.parametrize("idle", [["--min-mapped", "0.5"], ["--edgetpu-compiler", __file__]])
def test_an_option_that_would_change_nothing_is_refused(tmp_path, idle):
    """How to compile is asked for only together with --edgetpu."""
    result = quantize(tmp_path, "--out", tmp_path / "b", *idle)

    assert result.exit_code == 2
    assert f"{idle[0]} belongs to --edgetpu; add it" in result.stderr


def test_a_compiler_that_is_not_there_is_refused_before_the_work_starts(tmp_path):
    """Nobody waits for minutes to hear of a misspelt path."""
    result = quantize(tmp_path, "--out", tmp_path / "b", "--edgetpu", "--edgetpu-compiler", tmp_path / "none")

    assert result.exit_code == 2
    assert "does not exist" in result.stderr


@pytest.mark.parametrize("wrong", [["--max-drop", "1.5"], ["--purity", "99"], ["--calibration", "0"]])
def test_a_share_is_between_0_and_1(tmp_path, wrong):
    """99 for 99 % is caught at once, with exit code 2."""
    assert quantize(tmp_path, "--out", tmp_path / "b", *wrong).exit_code == 2


@pytest.mark.slow
def test_an_accepted_model_becomes_a_bundle(easy_run, tmp_path):
    """Exit code 0, and a bundle that opens, answers and tells where it comes from."""
    result = quantize(easy_run, "--out", tmp_path / "bundle")

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("accepted: the integer model answers 20 of 20 test pictures right")
    bundle = open_bundle(tmp_path / "bundle")
    assert bundle.classifier().classify(np.full((40, 40, 3), 180, np.uint8)).label == "bright"
    assert bundle.facts.provenance["accuracy_int8"] == bundle.facts.provenance["accuracy_float"] == 1.0
    assert len(bundle.facts.provenance["calibration"]["pictures"]) == 20
    assert {threshold.recovery for threshold in bundle.facts.thresholds.values()} == {1.0}
    assert bundle.facts.golden is not None
    assert {one.name.split("/")[0] for one in bundle.facts.golden.inputs} == set(LABELS)
    assert check_bundle(tmp_path / "bundle").ok


@pytest.mark.slow
def test_a_bundle_names_no_folder_of_this_machine(easy_run, tmp_path):
    """Everything in it is below the data folder or inside the bundle."""
    quantize(easy_run, "--out", tmp_path / "bundle")

    for path in (tmp_path / "bundle").iterdir():
        contents = path.read_bytes()
        assert str(easy_run.parent).encode() not in contents, path.name
        assert str(tmp_path).encode() not in contents, path.name


@pytest.mark.slow
def test_the_same_run_gives_the_same_bundle(easy_run, tmp_path):
    """Every byte of the model, every fact, every figure; only times are taken anew."""
    for name in ("first", "second"):
        assert quantize(easy_run, "--out", tmp_path / name).exit_code == 0

    folders = tmp_path / "first", tmp_path / "second"
    models = [(folder / "model.tflite").read_bytes() for folder in folders]
    assert models[0] == models[1]
    facts = [open_bundle(folder).facts.model_copy(update={"files": {}}) for folder in folders]
    assert facts[0] == facts[1]
    reports = [json.loads((folder / "report.json").read_text()) for folder in folders]
    for one in reports:
        assert one.pop("latency_ratio") > 0
        del one["float_latency"], one["int8_latency"]
    assert reports[0] == reports[1]


@pytest.mark.slow
def test_a_real_loss_is_refused(fragile_run, tmp_path):
    """The float model is always right, the integer model blind: exit code 3, no bundle but its report, reason first."""
    result = quantize(fragile_run, "--out", tmp_path / "bundle")

    assert result.exit_code == 3
    assert result.stdout.startswith("refused: the integer model gives every picture the same scores")
    assert "the integer model answers 10 of 20 test pictures right" in result.stderr
    assert "accept the loss with --max-drop 0.500" in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bundle-refused"]
    page = tmp_path / "bundle-refused" / "report.html"
    assert f"no bundle was written, {page} shows why" in result.stderr
    assert result.stdout.endswith(f"\nreport: {page}\n")
    assert "<strong>Refused</strong>" in page.read_text()


@pytest.mark.slow
def test_json_is_one_object_on_stdout_whatever_the_converter_prints(fragile_run, tmp_path):
    """In a process of its own, where nothing stands between the converter's C++ and the terminal."""
    program = "import sys; sys.argv[0] = 'edge-sort'; from edge.cli import main; main()"
    result = subprocess.run(
        [sys.executable, "-c", program, "quantize", fragile_run, "--out", tmp_path / "bundle", "--json"],
        capture_output=True, text=True, check=False, cwd=Path(__file__).resolve().parents[2],
    )  # fmt: skip

    found = json.loads(result.stdout)
    assert result.returncode == 3
    assert (found["verdict"], found["bundle"]) == ("refused", None)
    report = json.loads((tmp_path / "bundle-refused" / "report.json").read_text())
    assert {name: found[name] for name in report} == report
    assert found["report"] == str(tmp_path / "bundle-refused" / "report.html")
    assert (found["accuracy_float"], found["accuracy_int8"], found["drop"]) == (1.0, 0.5, 0.5)
    assert len(found["flips"]) == 10
    assert not (tmp_path / "bundle").exists()
    assert [line for line in result.stderr.splitlines() if not line.endswith("...")][-1].startswith("Error: refused")


@pytest.mark.slow
def test_a_forced_bundle_says_so_wherever_it_goes(fragile_run, tmp_path):
    """In the verdict, in the bundle, on its page, and to whoever runs it."""
    result = quantize(fragile_run, "--out", tmp_path / "bundle", "--force", "--json")

    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert (found["verdict"], found["bundle"]) == ("forced", str(tmp_path / "bundle"))
    assert found["objections"] == list(open_bundle(tmp_path / "bundle").facts.forced)
    assert "all to reject" in (tmp_path / "bundle" / "report.html").read_text()
    again = report(tmp_path / "bundle", "--data", fragile_run.parent / "data", "--out", tmp_path / "again")
    assert again.exit_code == 3
    assert "on these pictures this model would be refused" in again.stderr
    line = CliRunner().invoke(cli, ["run", "--emulate", "--fast", "--count", "1", "--bundle", str(tmp_path / "bundle")])
    assert "Warning: " in line.stderr
    assert "was made by --force although the integer model gives every picture the same scores" in line.stderr


@pytest.fixture(scope="module")
def compiler_of(easy_run, tmp_path_factory):
    """Make a stand-in for edgetpu_compiler that knows the easy run's model and maps the first so many operators."""
    from tests.small_graphs import compiled_from

    plain = tmp_path_factory.mktemp("plain") / "bundle"
    assert quantize(easy_run, "--out", plain).exit_code == 0
    model = (plain / "model.tflite").read_bytes()

    def make(folder, mapped):
        (folder / "compiled").write_bytes(compiled_from(model, mapped))
        script = folder / "edgetpu_compiler"
        script.write_text(
            "#!/bin/sh\n"
            f'cp {folder}/compiled "$3/model_edgetpu.tflite"\n'
            "echo 'Edge TPU Compiler version 16.0.384591198'\n"
            "echo 'Operator                       Count      Status'\n"
            "echo 'MUL                            1          Mapped to Edge TPU'\n"
            f"echo 'FULLY_CONNECTED                1          {'Mapped to Edge TPU' if mapped > 2 else 'On strike'}'\n"
        )
        script.chmod(0o755)
        return script

    return make


@pytest.mark.slow
def test_a_compiled_model_goes_into_the_bundle_with_its_table(easy_run, compiler_of, tmp_path):
    """In the folder, in the facts, in the report, on the page and on the terminal."""
    script = compiler_of(tmp_path, 4)
    result = quantize(easy_run, "--out", tmp_path / "bundle", "--edgetpu", "--edgetpu-compiler", script)

    assert result.exit_code == 0, result.output
    assert "Edge TPU: 100.0% of 6 multiply-accumulates are mapped" in result.stdout
    bundle = open_bundle(tmp_path / "bundle")
    assert (bundle.folder / "model_edgetpu.tflite").read_bytes() == (tmp_path / "compiled").read_bytes()
    assert "model_edgetpu.tflite" in bundle.facts.files
    assert bundle.facts.provenance["edgetpu"]["table"][1]["kind"] == "FULLY_CONNECTED"
    assert json.loads((bundle.folder / "report.json").read_text())["edgetpu"]["mapped"] == 1.0
    assert "<h2>Edge TPU</h2>" in (bundle.folder / "report.html").read_text()
    assert bundle.classifier().classify(np.full((40, 40, 3), 180, np.uint8)).label == "bright"


@pytest.mark.slow
def test_too_little_mapped_is_a_refusal(easy_run, compiler_of, tmp_path):
    """Exit code 3, no bundle, that reason first, also on its page, and one object with --json."""
    script = compiler_of(tmp_path, 1)
    arguments = (easy_run, "--out", tmp_path / "bundle", "--edgetpu", "--edgetpu-compiler", script)

    told, as_json = quantize(*arguments), quantize(*arguments, "--json")

    assert told.exit_code == as_json.exit_code == 3
    assert told.stdout.startswith("refused: 0.0% of the multiply-accumulates are mapped to the Edge TPU, asked for")
    assert "1 x FULLY_CONNECTED (On strike)" in told.stderr
    found = json.loads(as_json.stdout)
    assert (found["verdict"], found["bundle"], found["edgetpu"]["compiled"]) == ("refused", None, False)
    assert found["reason"] == found["edgetpu"]["reason"]
    assert not (tmp_path / "bundle").exists()
    page = (tmp_path / "bundle-refused" / "report.html").read_text()
    assert "<p>0.0 % of the multiply-accumulates" in page.replace("0.0%", "0.0 %")
    assert "Leave out --edgetpu for a bundle that runs on the CPU." in page
    assert sorted(path.name for path in (tmp_path / "bundle-refused").iterdir()) == ["report.html", "report.json"]


@pytest.mark.slow
def test_without_the_compiler_everything_else_is_done(easy_run, tmp_path, monkeypatch):
    """The bundle is written and complete for the CPU; the exit code says that not all that was asked for was done."""
    monkeypatch.setenv("PATH", "/nowhere")
    result = quantize(easy_run, "--out", tmp_path / "bundle", "--edgetpu", "--json")

    assert result.exit_code == 1
    assert "Error: " in result.stderr
    assert "without a model for the Edge TPU, otherwise complete: expected edgetpu_compiler on PATH" in result.stderr
    found = json.loads(result.stdout)
    assert (found["verdict"], found["edgetpu"]["compiled"]) == ("accepted", False)
    bundle = open_bundle(tmp_path / "bundle")
    assert "model_edgetpu.tflite" not in bundle.facts.files
    assert "Edge TPU" not in (bundle.folder / "report.html").read_text()
