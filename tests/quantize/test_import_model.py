"""A model made elsewhere becomes a bundle that answers as the model does where it comes from; what is open is said."""

import hashlib

import numpy as np
import pytest
from PIL import Image

from edge.bundle import open_bundle, write_bundle
from edge.bundle_golden import with_golden
from edge.check import check_bundle
from edge.classifier import BELOW_ONE
from edge.errors import DataError, ModelError
from edge.golden import GOLDEN_FILE, golden_inputs
from edge.pictures import read_picture

pytestmark = pytest.mark.usefixtures("tried_here")
UINT8 = ("uint8", 1 / 128, 128)
UINT8_SCORES = ("uint8", 1 / 256, 0)


def how(imported, what):
    """Return how one thing is known."""
    (found,) = [finding for finding in imported.known.findings if finding.what == what]
    return found


def right(bundle, folder):
    """Return the share of pictures that the bundle on disk answers right."""
    classifier = open_bundle(bundle.folder).classifier()
    paths = sorted(folder.glob("*/*.png"))
    return np.mean([classifier.classify(read_picture(path)).label == path.parent.name for path in paths])


@pytest.mark.parametrize(
    "settings",
    [
        {"quantized": UINT8, "output": UINT8_SCORES},
        {"quantized": ("uint8", 2 / 255, 127), "output": ("uint8", 1 / 255, 0)},
        {"quantized": ("int8", 1 / 128, 0), "output": ("int8", 1 / 256, -128)},
        {"quantized": ("int8", 2 / 255, -1)},
    ],
)
def test_a_quantized_input_tells_its_range_itself(importing, tiny, color_folder, settings):
    """The usual exports of Teachable Machine, Coral and Edge Impulse need nothing but their labels."""
    imported = importing(tiny(**settings))

    assert right(imported.bundle, color_folder) == 1
    assert (how(imported, "normalization").value, how(imported, "normalization").how) == ("-1..1", "in the file")


@pytest.mark.parametrize("quantized", [None, UINT8])
def test_a_model_with_its_channels_first_sees_the_same_colours(importing, tiny, color_folder, quantized):
    """As exported from PyTorch, (1, 3, height, width): red stays red, and up stays up."""
    imported = importing(tiny(shape=(1, 3, 8, 10), quantized=quantized), normalization="-1..1")

    assert right(imported.bundle, color_folder) == 1
    assert how(imported, "input").value.startswith("10 x 8 px, rgb")
    assert check_bundle(imported.bundle.folder).ok


def test_a_float_input_is_fed_as_asked(importing, tiny, color_folder):
    """A float file alone does not tell: the option does, and stays in the bundle."""
    imported = importing(tiny(), normalization="-1..1")

    assert right(imported.bundle, color_folder) == 1
    assert how(imported, "normalization").how == "given"
    assert imported.bundle.facts.conventions.normalization.mean == (127.5,)


def test_a_float_input_is_fed_as_its_metadata_says(importing, tiny, color_folder, described):
    """And the labels are inside it too."""
    path = tiny()
    path.write_bytes(described(path.read_bytes()))

    imported = importing(path, labels=None)

    assert right(imported.bundle, color_folder) == 1
    assert (how(imported, "normalization").value, how(imported, "normalization").how) == ("-1..1", "in the file")


@pytest.mark.parametrize("settings", [{}, {"quantized": ("uint8", 1 / 100, 77)}, {"quantized": ("int8", 1 / 100, -51)}])
def test_pictures_find_the_normalization(importing, tiny, color_folder, settings):
    """Float, and quantized with a range that is none of the usual ones."""
    imported = importing(tiny(**settings), data=color_folder)

    assert right(imported.bundle, color_folder) == 1
    assert how(imported, "normalization").value == "-1..1"
    assert how(imported, "normalization").how == "by evaluation: 48 of 48 right, otherwise 36 at most"
    assert len(imported.bundle.facts.provenance["evaluation"]["tried"]) >= 5


def test_an_open_normalization_without_pictures_is_refused(importing, tiny, tmp_path):
    """A guess would sort wrongly in silence."""
    with pytest.raises(ModelError, match=r"give --normalization \(0\.\.1, -1\.\.1, .*or a folder of pictures"):
        importing(tiny())

    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize(("end", "place"), [("first", 0), ("last", 4)])
def test_the_background_class_is_found_with_pictures_or_given(importing, tiny, color_folder, end, place):
    """Five outputs, four labels: the pictures tell which output has none, and the option says the same."""
    model = tiny(background=place, quantized=UINT8)

    found = importing(model, data=color_folder)
    given = importing(model, background=end, out="given")

    for imported in (found, given):
        assert imported.bundle.labels.index("background") == place
        assert right(imported.bundle, color_folder) == 1
        assert imported.bundle.facts.thresholds["background"].min_score == 1.0
    assert how(found, "labels").how.startswith("by evaluation: 48 of 48 right, otherwise ")
    assert how(given, "labels").how == "given"


def test_a_label_without_an_output_is_found_too(importing, tiny, color_folder, tmp_path):
    """The other way round: the label file begins with a background class that the model does not have."""
    labels = tmp_path / "1001.txt"
    labels.write_text("nothing\nred\ngreen\nblue\ndull\n")

    imported = importing(tiny(quantized=UINT8), labels, data=color_folder)

    assert imported.bundle.labels == ("red", "green", "blue", "dull")
    assert right(imported.bundle, color_folder) == 1


def test_a_first_label_that_calls_itself_background_is_taken_at_its_word(importing, tiny, color_folder, tmp_path):
    """1001 labels of ImageNet for a model with 1000 outputs; recorded as assumed."""
    labels = tmp_path / "1001.txt"
    labels.write_text("background\nred\ngreen\nblue\ndull\n")

    imported = importing(tiny(quantized=UINT8), labels)

    assert right(imported.bundle, color_folder) == 1
    assert how(imported, "labels").how.startswith("assumed")


def test_an_open_background_class_without_pictures_is_refused(importing, tiny):
    """Every label one place off: everything would go to the wrong bin."""
    with pytest.raises(ModelError, match="say which with --background first or last, or give a folder"):
        importing(tiny(background=0, quantized=UINT8))


def test_labels_of_another_model_are_refused(importing, tiny, tmp_path):
    """Two more or less is no background class."""
    labels = tmp_path / "other.txt"
    labels.write_text("a\nb\n")

    with pytest.raises(ModelError, match="found 2 labels and 4 outputs"):
        importing(tiny(quantized=UINT8), labels)


@pytest.mark.parametrize("last", [None, "scores"])
def test_logits_become_scores(importing, tiny, color_folder, last):
    """A model without softmax at its end gets one; told that it has one, it is believed."""
    imported = importing(tiny(last=None, quantized=UINT8), answers=last)

    scores = open_bundle(imported.bundle.folder).classifier().scores(read_picture(color_folder / "red" / "0.png"))
    assert scores.argmax() == 0
    assert (scores.sum() == pytest.approx(1)) == (last is None)
    assert how(imported, "answers").value == ("logits" if last is None else "scores")


def test_one_sigmoid_stands_for_two_labels(importing, tiny, color_folder, tmp_path):
    """The second label's score; here the one output speaks for red."""
    labels = tmp_path / "two.txt"
    labels.write_text("other\nred\n")

    imported = importing(tiny(last=14, outputs=1, quantized=UINT8), labels)

    classifier = imported.bundle.classifier()
    assert classifier.classify(read_picture(color_folder / "red" / "0.png")).label == "red"
    assert classifier.classify(read_picture(color_folder / "blue" / "0.png")).label == "other"


def test_thresholds_without_pictures_are_recorded_as_unmeasured(importing, tiny):
    """No purity is claimed that nobody measured."""
    imported = importing(tiny(quantized=UINT8), min_score=0.8)

    thresholds = imported.bundle.facts.thresholds
    assert {(one.min_score, one.purity, one.recovery) for one in thresholds.values()} == {(0.8, None, None)}
    assert how(imported, "thresholds").how == "assumed: unmeasured"
    assert any("not measured" in warning for warning in imported.bundle.facts.provenance["warnings"])


def test_thresholds_follow_the_rule_of_our_own_bundles(importing, tiny, color_folder):
    """The lowest score that reaches the purity, with what it gave; a label without pictures goes to reject."""
    for path in (color_folder / "blue").iterdir():
        path.unlink()
    (color_folder / "blue").rmdir()
    Image.new("RGB", (12, 12), (230, 20, 20)).save(color_folder / "green" / "red_one.png")

    imported = importing(tiny(quantized=UINT8), data=color_folder)

    thresholds = imported.bundle.facts.thresholds
    assert thresholds["green"].purity == 1.0
    assert thresholds["green"].recovery == 12 / 13
    assert thresholds["red"].min_score > 0.5 or thresholds["red"].purity == 12 / 13
    assert thresholds["blue"].min_score == 1.0
    assert any("blue had no pictures" in warning for warning in imported.known.warnings)


def test_the_folder_names_may_be_written_otherwise_than_the_labels(importing, tiny, color_folder, tmp_path):
    """ "Old_Owl" is "old owl", and one of several names in a label is enough; two such labels are not."""
    labels = tmp_path / "names.txt"
    labels.write_text("Red, crimson\nGREEN thing\nblue\ndull\n")
    (color_folder / "red").rename(color_folder / "crimson")
    (color_folder / "green").rename(color_folder / "green_thing")

    assert importing(tiny(quantized=UINT8), labels, data=color_folder).known.judged.accuracy.right == 48

    (color_folder / "crimson").rename(color_folder / "scarlet")
    with pytest.raises(DataError, match="scarlet: expected a folder named like one label, found none"):
        importing(tiny(quantized=UINT8), labels, data=color_folder, out="second")


def test_pictures_that_cannot_be_read_are_skipped_and_named(importing, tiny, color_folder):
    """One damaged file does not stop an import."""
    (color_folder / "red" / "notes.txt").write_text("no picture")

    imported = importing(tiny(quantized=UINT8), data=color_folder)

    assert imported.known.judged.accuracy.total == 48
    assert any("notes.txt" in warning for warning in imported.known.warnings)


def test_pictures_that_the_model_does_not_know_settle_nothing(importing, tiny, color_folder):
    """When no way of feeding it answers anything right, the label file is not the model's."""
    names = ("red", "green", "blue", "dull")
    for name in names:
        (color_folder / name).rename(color_folder / f"{name}.moved")
    for old, new in zip(names, ("blue", "dull", "red", "green"), strict=True):
        (color_folder / f"{old}.moved").rename(color_folder / new)

    with pytest.raises(DataError, match="none of 2 ways to feed it answers any of 48 right"):
        importing(tiny(background=0, quantized=UINT8), data=color_folder)


def test_pictures_that_fit_either_way_settle_nothing(importing, tiny, color_folder, tmp_path):
    """One class is right if the background comes first, the other if it comes last: that is no majority."""
    for label in ("blue", "dull"):
        for path in (color_folder / label).iterdir():
            path.unlink()
        (color_folder / label).rmdir()
    for path in (color_folder / "green").iterdir():
        path.write_bytes((color_folder / "red" / path.name).read_bytes())

    with pytest.raises(DataError, match="found 12 of 24 right either way; give more pictures, or --background"):
        importing(tiny(background=0, quantized=UINT8), data=color_folder)


def test_a_model_that_guesses_is_said_to(importing, tiny, color_folder):
    """A wrong normalization that was given is not tried against others, but its result is told."""
    imported = importing(tiny(), normalization="1000/1", data=color_folder)

    assert any("hardly more than by guessing" in warning for warning in imported.known.warnings)


def test_provenance_says_what_was_found_and_what_was_assumed(importing, tiny, color_folder):
    """With the digest of the very file, and nothing of this machine's folders."""
    model = tiny(quantized=UINT8)

    imported = importing(model, data=color_folder, fit="crop")

    told = imported.bundle.facts.provenance
    assert told["imported"]["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert told["imported"]["file"] == "tiny.tflite"
    known = {finding["what"]: finding["how"] for finding in told["findings"]}
    assert (known["fit"], known["resize filter"], known["input"]) == ("given", "assumed", "in the file")
    assert told["evaluation"]["right"] == 48
    assert str(color_folder.parent) not in imported.bundle.facts.model_dump_json()


def test_golden_inputs_are_chosen_from_the_pictures(importing, tiny, color_folder):
    """One of every label and those answered least surely; a file that is no picture is passed over."""
    (color_folder / "red" / "0.png").write_text("no picture")

    golden = importing(tiny(quantized=UINT8), data=color_folder).bundle.facts.golden

    assert len(golden.inputs) == 12
    assert {one.name.split("/")[0] for one in golden.inputs} == {"red", "green", "blue", "dull"}
    assert "red/0.png" not in {one.name for one in golden.inputs}


def test_golden_inputs_are_drawn_when_there_are_no_pictures(importing, tiny):
    """So that every bundle can be replayed; and it is said."""
    imported = importing(tiny(quantized=UINT8))

    assert len({one.name for one in imported.bundle.facts.golden.inputs}) == 12
    assert {one.name.split("/")[0] for one in imported.bundle.facts.golden.inputs} == {"drawn"}
    assert (how(imported, "golden inputs").value, how(imported, "golden inputs").how) == ("drawn pictures", "assumed")


@pytest.mark.parametrize("settings", [{}, {"last": None}, {"quantized": ("uint8", 1 / 100, 77)}])
def test_golden_inputs_go_in_as_the_pictures_do(importing, tiny, color_folder, settings):
    """Normalised as the bundle's pictures are: their recorded answers are those that the classifier gives."""
    bundle = importing(tiny(**settings), data=color_folder, answers="scores").bundle
    inputs = golden_inputs(bundle.read(GOLDEN_FILE), 12, bundle.facts.input, "golden.png")

    raw = [bundle.classifier().raw_scores_of_input(pixels) for pixels in inputs]

    recorded = [np.minimum(np.float32(one.outputs), BELOW_ONE) for one in bundle.facts.golden.inputs]
    assert np.allclose(raw, recorded, atol=1e-6)
    assert len({one.outputs for one in bundle.facts.golden.inputs}) > 1


def test_golden_inputs_given_later_go_in_so_too(importing, tiny, color_folder, tmp_path):
    """`bundle golden` on a bundle with a normalization of its own."""
    imported = importing(tiny(), data=color_folder)

    again = with_golden(imported.bundle.folder, color_folder, tmp_path / "again")

    assert again.facts.golden == imported.bundle.facts.golden


def test_another_answer_to_a_golden_input_is_found(importing, tiny, color_folder, tmp_path):
    """An imported bundle is held to what it answered when it was made, like one of our own."""
    bundle = importing(tiny(quantized=UINT8), data=color_folder).bundle
    first, *others = bundle.facts.golden.inputs
    other = first.model_copy(update={"outputs": first.outputs[::-1]})
    golden = bundle.facts.golden.model_copy(update={"inputs": (other, *others)})
    files = {name: bundle.read(name) for name in bundle.facts.files}
    write_bundle(tmp_path / "other", bundle.facts.model_copy(update={"golden": golden}), files)

    assert [one.name for one in check_bundle(tmp_path / "other").findings if not one.ok] == [first.name]
    assert check_bundle(bundle.folder).ok
