"""Label files in every dialect that exporters write, and those that would name outputs wrongly in silence."""

import codecs
import json

import pytest

from edge.errors import DataError
from quantize.label_files import parse_labels, read_labels


@pytest.mark.parametrize(
    "raw",
    [
        b"cat\ndog\nold owl\n",
        b"cat\ndog\nold owl",
        b"cat\r\ndog\r\nold owl\r\n\r\n\r\n",
        b"cat\rdog\rold owl\r",
        codecs.BOM_UTF8 + b"cat\ndog\nold owl\n",
        "cat\ndog\nold owl\n".encode("utf-16"),
        b"  cat\ndog\t\nold   owl\n",
        b"0 cat\n1 dog\n2 old owl\n",
        b"0: cat\n1: dog\n2: old owl\n",
        b"0:cat\n1:dog\n2:old owl\n",
        b"0  cat\n1  dog\n2  old owl\n",
        b"0\tcat\n1\tdog\n2\told owl\n",
        b"0,cat\n1,dog\n2,old owl\n",
        b"2 old owl\n0 cat\n\n1 dog\n",
        b"1 cat\n2 dog\n3 old owl\n",
        b'["cat", "dog", "old owl"]',
        b'{"labels": ["cat", "dog", "old owl"], "modelName": "my model"}',
        b'{"1": "dog", "0": "cat", "2": "old owl"}',
        b'{"dog": 1, "cat": 0, "old owl": 2}',
    ],
)
def test_every_dialect_gives_the_same_labels(raw):
    """Plain, numbered with any separator, any line ends, byte-order marks, JSON."""
    assert parse_labels(raw, "labels.txt").names == ("cat", "dog", "old owl")


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (b"3 mm bolt\n5 mm bolt\n", ("3 mm bolt", "5 mm bolt")),
        (b"1 mm bolt\n2 mm bolt\n", ("1 mm bolt", "2 mm bolt")),
        (b"0\n1\n2\n", ("0", "1", "2")),
        (b"7up\ncola\n", ("7up", "cola")),
    ],
)
def test_a_number_that_belongs_to_the_name_stays(raw, names):
    """Only numbers that count from 0 or 1 without a gap are line numbers."""
    assert parse_labels(raw, "labels.txt").names == names


def test_labels_that_occur_twice_are_numbered_and_said_to_be():
    """ImageNet has two cranes; two bins cannot have one name, not even the one that is free at first sight."""
    found = parse_labels(b"crane\ncrane (2)\ncrane\ncrane\n", "labels.txt")

    assert found.names == ("crane", "crane (2)", "crane (3)", "crane (4)")
    assert found.notes == ("labels that occur more than once were numbered: crane",)


def test_two_spellings_of_one_letter_are_one():
    """An umlaut as one sign or as two, wide letters: on a screen they are the same."""
    assert parse_labels("h\u00e4n\nha\u0308n\n\uff41\n".encode(), "labels.txt").names == ("hän", "hän (2)", "a")


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "at least two labels, found 0"),
        (b"cat\n\n\n", "at least two labels, found 1"),
        (b"cat\n\ndog\n", "line 2 empty"),
        (b"cat\ndo\x07g\n", "expected a name for label 1"),
        ("cat\n\u202edog\n".encode(), "expected a name for label 1"),
        (b"\xff\xfa\x00cat\n", "expected text in UTF-8"),
        (b"cat\n" + b"x" * 201, "expected a name for label 1"),
        (b'["cat", 3]', "expected a JSON list of labels"),
        (b'{"0": "cat", "2": "dog"}', "numbers them from 0"),
        (b'{"labels": 3}', "numbers them from 0"),
        (b"[" * 100_000, "expected labels as JSON"),
        (b"cat\n" * 3_000_000, "more than 10 MB"),
    ],
)
def test_what_is_no_list_of_labels_is_refused(raw, complaint):
    """With the file, and what is wrong in it."""
    with pytest.raises(DataError, match=complaint) as caught:
        parse_labels(raw, "labels.txt")

    assert str(caught.value).startswith("labels.txt: expected ")


def test_a_missing_file_is_named(tmp_path):
    """One sentence, no traceback."""
    with pytest.raises(DataError, match=r"none\.txt: expected a file of labels"):
        read_labels(tmp_path / "none.txt")


def test_labels_are_read_from_a_file(tmp_path):
    """The same as from bytes."""
    path = tmp_path / "labels.json"
    path.write_text(json.dumps(["cat", "dog"]))

    assert read_labels(path).names == ("cat", "dog")
