"""`edge-sort report BUNDLE --data DIR`: the integer model by itself, on any labelled folder, without TensorFlow."""

import json
import shutil
import sys

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("jinja2", reason="jinja2 comes with the desktop install")

from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.parts_command import write_parts
from edge.preprocess import InputSpec
from quantize.import_model import ImportOptions, import_model
from quantize.objections import objections_alone
from quantize.provenance import calibration_digests, origin_object, recorded_share
from quantize.shown_pictures import list_pictures, show
from quantize.thresholds import count_bin
from training.answers import Answers

LABELS = ("coin", "nut", "screw")


def report(*arguments):
    """Run the command in this process."""
    return CliRunner().invoke(cli, ["report", *map(str, arguments)])


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    """Five parts each of three classes that the packaged bundle knows."""
    folder = tmp_path_factory.mktemp("rendered") / "parts"
    write_parts(folder, LABELS, count=5, size_px=128, seed=11)
    return folder


@pytest.fixture
def parts(rendered, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(rendered, tmp_path / "parts")


@pytest.fixture(scope="module")
def made(rendered, tmp_path_factory):
    """One report for all who only look at it: what was printed, and its folder."""
    out = tmp_path_factory.mktemp("made") / "page"
    return report(packaged_bundle(), "--data", rendered, "--out", out), out


def test_the_model_is_judged_without_its_run(made):
    """Accuracy, bins, confusion and calibration of the integer model; the comparison is said to need the run."""
    result, out = made
    found = json.loads((out / "report.json").read_text())

    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("accepted: the integer model answers 15 of 15 pictures right")
    assert "what it lost against the float network can be told with --run RUN only" in result.stdout
    assert (found["verdict"], found["compared_with_float"]) == ("accepted", False)
    assert np.trace(found["confusion_int8"]) == found["right_int8"] == 15
    coin = next(one for one in found["thresholds"] if one["label"] == "coin")
    assert (coin["test"]["purity"], coin["test"]["of_label"], coin["made"]["purity"]) == (1.0, 5, 1.0)
    assert 0 <= found["scores"]["ece_softened"] <= 1
    assert found["macs"] > 100_000


def test_the_page_says_what_it_does_not_know(made, resources_of):
    """Plainly, at the top; and it needs nothing but itself."""
    page = (made[1] / "report.html").read_text()
    plain = " ".join(page.split())

    assert "This page does not say what whole numbers cost" in plain
    assert "There are no pictures of key, paper_clip, part_a, part_b: nothing is said about these." in plain
    assert resources_of(page).open == []
    assert all(address.startswith("data:image/") for address in resources_of(page).addresses)


def test_the_report_names_no_folder_of_this_machine(made, rendered):
    """Only paths below the data folder are in it."""
    for name in ("report.html", "report.json"):
        assert str(rendered) not in (made[1] / name).read_text()


def test_without_pictures_it_says_what_to_give(tmp_path):
    """Neither travels with a bundle: the pictures, or the run that knows where they are."""
    result = report(packaged_bundle(), "--out", tmp_path / "page")

    assert result.exit_code == 1
    assert "add --data DIR, a folder per class, or --run RUN" in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("unrendered")
def test_pictures_of_other_classes_may_say_no(parts, tmp_path, monkeypatch):
    """Coins under the name of nuts: exit code 3, the reason first, every wrong answer shown; without TensorFlow."""
    monkeypatch.setitem(sys.modules, "tensorflow", None)  # whoever imports it fails
    shutil.rmtree(parts / "nut")
    (parts / "coin").rename(parts / "nut")

    result = report(packaged_bundle(), "--data", parts, "--out", tmp_path / "page", "--json")

    found = json.loads(result.stdout)
    assert result.exit_code == 3
    assert "on these pictures this model would be refused: the integer model never answers 'nut'" in result.stderr
    assert len(found["wrong"]) == 5
    assert {(one["truth"], one["int8_label"], one["goes_in"]) for one in found["wrong"]} == {("nut", "coin", True)}
    assert (tmp_path / "page" / "report.html").read_text().count("<li><img") == 5


@pytest.mark.usefixtures("unrendered")
def test_what_cannot_be_used_is_left_out_and_told(parts, tmp_path):
    """A broken file, and one picture under two labels: a note on the page, a warning for each on the terminal."""
    (parts / "coin" / "broken.jpg").write_bytes(b"no picture")
    shutil.copy(parts / "coin" / "coin_00000.png", parts / "nut" / "copy.png")

    result = report(packaged_bundle(), "--data", parts, "--out", tmp_path / "page", "--json")

    found = json.loads(result.stdout)
    assert found["pictures"] == 14
    assert len(found["skipped"]) == result.stderr.count("Warning: skipped") == 3
    assert "coin/broken.jpg: expected a picture, found a file that no picture reader knows" in result.stderr
    assert "3 files could not be used and are left out" in found["notes"]


def test_a_class_the_model_does_not_know_is_refused(parts, tmp_path):
    """Nothing it answers to that could be right."""
    (parts / "nut").rename(parts / "walnut")

    result = report(packaged_bundle(), "--data", parts, "--out", tmp_path / "page")

    assert result.exit_code == 1
    assert f"{parts}: expected pictures of coin, key, nut" in result.stderr
    assert "found walnut; rename or remove them" in result.stderr
    assert not (tmp_path / "page").exists()


def test_nothing_readable_is_one_sentence(parts, tmp_path):
    """Not a traceback out of an empty array."""
    for path in parts.glob("*/*.png"):
        path.write_bytes(b"no picture")

    result = report(packaged_bundle(), "--data", parts, "--out", tmp_path / "page")

    assert result.exit_code == 1
    assert "found none that can be used among" in result.stderr


@pytest.mark.usefixtures("unrendered")
def test_an_imported_model_without_limits_is_only_measured(tiny, color_labels, color_folder, tmp_path):
    """Nobody asked for a purity when it came, so none is judged; nothing is known of its training."""
    bundle = import_model(ImportOptions(tiny(), tmp_path / "bundle", color_labels, normalization="-1..1")).bundle.folder

    result = report(bundle, "--data", color_folder, "--out", tmp_path / "page")

    assert result.exit_code == 0, result.output
    page = (tmp_path / "page" / "report.html").read_text()
    assert "No purity was asked for when this bundle was made" in page
    assert "an imported model" in page


def test_pictures_are_read_in_batches_and_keep_their_order(rendered):
    """The scorer never sees more than a batch, and answer and picture stay together."""
    items = list_pictures(rendered, LABELS) * 20
    sizes = []

    def score(inputs):
        sizes.append(len(inputs))
        return inputs.reshape(len(inputs), -1).astype(np.float32)[:, :3]

    shown = show([score], items, InputSpec(width_px=32, height_px=32), LABELS)

    assert max(sizes) == 64
    assert sum(sizes) == len(shown.items) == len(items) == 300
    np.testing.assert_array_equal(shown.answers[0].scores[:15], shown.answers[0].scores[-15:])
    assert [LABELS[place] for place in shown.answers[0].truth] == [item.label for item in items]


def answers(truth, said):
    """Make answers of score 0.9."""
    scores = np.full((len(truth), 3), 0.05, np.float32)
    scores[np.arange(len(truth)), said] = 0.9
    return Answers(LABELS, np.array(truth), scores)


@pytest.mark.parametrize(("pictures", "told"), [(4, 0), (5, 1)])
def test_a_class_never_found_speaks_against_a_model_once_it_was_shown_often_enough(pictures, told):
    """Four pictures may be four odd ones."""
    found = answers([0] * 30 + [1] * 30 + [2] * pictures, [0] * 30 + [1] * 30 + [0] * pictures)

    clauses = objections_alone(found, [(one, count_bin(found, one, 0.5)) for one in LABELS], 0.0, 0.0)

    assert len(clauses) == told
    assert all(clause.startswith("the integer model never answers 'screw'") for clause in clauses)


def test_the_limits_of_the_bundle_are_kept_alone_too():
    """The least accuracy, and a purity that is surely missed."""
    found = answers([0] * 30 + [1] * 30 + [2] * 30, [0] * 30 + [0] * 20 + [1] * 10 + [2] * 30)

    told = objections_alone(found, [(one, count_bin(found, one, 0.5)) for one in LABELS], 0.995, 0.9)

    assert [clause.split(" ", 3)[:2] for clause in told] == [["the", "integer"], ["bin", "'coin'"]]


@pytest.mark.parametrize("odd", [{}, {"calibration": 7}, {"calibration": {"pictures": ["x", {}]}}, {"purity": "much"}])
def test_a_bundle_may_remember_nonsense(odd):
    """Its digests fit, but anybody may have written it."""
    assert calibration_digests(odd) == frozenset()
    assert recorded_share(odd, "purity") is None
    assert "calibration" not in origin_object(odd)
