"""`edge-sort report`, as a user types it: the page made again, on the pictures of the run or on others."""

from __future__ import annotations

import json
import shutil

import pytest

from edge.bundle import open_bundle
from tests.quantize.brightness_runs import LABELS, quantize, report


@pytest.mark.slow
def test_a_report_made_again_gives_the_figures_of_the_first(easy_run, tmp_path):
    """Same model, same pictures: the same verdict, thresholds and answers."""
    assert quantize(easy_run, "--out", tmp_path / "bundle").exit_code == 0

    result = report(tmp_path / "bundle", "--run", easy_run, "--out", tmp_path / "again", "--json")

    assert result.exit_code == 0, result.output
    first, again = (json.loads((tmp_path / name / "report.json").read_text()) for name in ("bundle", "again"))
    for figure in ("verdict", "right_float", "right_int8", "flips", "thresholds", "confusion_int8", "scores"):
        assert again[figure] == first[figure], figure
    assert "<title>Accepted" in (tmp_path / "again" / "report.html").read_text()


@pytest.mark.slow
def test_spread_scores_travel_with_their_factor(easy_run, tmp_path):
    """The float network beside the bundle is spread alike when it is judged again, or every score would differ."""
    assert quantize(easy_run, "--out", tmp_path / "bundle", "--spread", "2").exit_code == 0

    result = report(tmp_path / "bundle", "--run", easy_run, "--out", tmp_path / "again", "--json")

    assert open_bundle(tmp_path / "bundle").facts.provenance["spread"] == 2
    found = json.loads(result.stdout)
    assert found["scores"] == json.loads((tmp_path / "bundle" / "report.json").read_text())["scores"]
    assert found["scores"]["mean_score_error"] < 0.01
    assert found["scores"]["mean_confidence_int8"] < 0.99
    page = (tmp_path / "again" / "report.html").read_text()
    assert "What goes into the last softmax was divided by 2 (--spread)" in page


@pytest.mark.slow
def test_a_report_is_told_where_the_pictures_of_its_run_lie_now(easy_run, tmp_path):
    """They were moved to another disk: without a word it says so and how to tell it, with it all is as before."""
    assert quantize(easy_run, "--out", tmp_path / "bundle").exit_code == 0
    shutil.copytree(easy_run, tmp_path / "run")
    split = tmp_path / "run" / "split.json"
    split.write_text(split.read_text().replace(str(easy_run.parent / "data"), str(tmp_path / "gone")))

    lost = report(tmp_path / "bundle", "--run", tmp_path / "run", "--out", tmp_path / "page")
    told = report(
        tmp_path / "bundle",
        "--run",
        tmp_path / "run",
        "--run-data",
        easy_run.parent / "data",
        "--out",
        tmp_path / "page",
    )

    assert lost.exit_code == 1
    assert "--run-data of report" in lost.stderr
    assert told.exit_code == 0, told.output


def test_where_the_pictures_lie_says_nothing_without_a_run(tmp_path):
    """The option would change nothing."""
    result = report(tmp_path / "bundle", "--run-data", tmp_path, "--out", tmp_path / "page")

    assert result.exit_code == 2
    assert "--run-data says where the pictures of --run lie" in result.stderr


@pytest.mark.slow
def test_a_report_on_other_pictures_may_say_no(easy_run, tmp_path):
    """The two classes exchanged: everything is answered wrongly, exit code 3, and the bundle stays."""
    assert quantize(easy_run, "--out", tmp_path / "bundle").exit_code == 0
    exchanged = tmp_path / "exchanged"
    for label, other in (LABELS, LABELS[::-1]):
        (exchanged / label).mkdir(parents=True)
        for path in (easy_run.parent / "data" / other).iterdir():
            (exchanged / label / path.name).write_bytes(path.read_bytes())

    result = report(tmp_path / "bundle", "--run", easy_run, "--data", exchanged, "--out", tmp_path / "page")

    assert result.exit_code == 3
    assert "40 of 60 pictures helped to make this model" in result.stderr
    assert "on these pictures this model would be refused: bin 'bright' holds 0 right of 30" in result.stderr
    assert (tmp_path / "page" / "report.html").is_file()
    open_bundle(tmp_path / "bundle")


@pytest.mark.slow
def test_a_report_wants_the_run_the_bundle_was_made_of(easy_run, tmp_path):
    """Another float network would be compared with nothing."""
    from edge.emulated_world import packaged_bundle

    result = report(packaged_bundle(), "--run", easy_run, "--out", tmp_path / "page")

    assert result.exit_code == 1
    assert "expected the training run that" in result.stderr
    assert "or leave out --run to judge the bundle alone" in result.stderr
    assert not (tmp_path / "page").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changed", "told"),
    [("network", "found one with another network, as one that was trained again"), ("pictures", "other training")],
)
def test_a_run_that_was_made_again_is_not_the_one_of_the_bundle(easy_run, tmp_path, changed, told):
    """Same labels, same input: only the digests of network and calibration pictures tell."""
    assert quantize(easy_run, "--out", tmp_path / "bundle").exit_code == 0
    shutil.copytree(easy_run, tmp_path / "run")
    if changed == "network":
        with (tmp_path / "run" / "model.keras").open("ab") as file:
            file.write(b"trained again")
    else:
        split = json.loads((tmp_path / "run" / "split.json").read_text())
        split["train"], split["validation"] = split["validation"], split["train"]
        (tmp_path / "run" / "split.json").write_text(json.dumps(split))

    result = report(tmp_path / "bundle", "--run", tmp_path / "run", "--out", tmp_path / "page")

    assert result.exit_code == 1
    assert told in result.stderr
    assert not (tmp_path / "page").exists()
