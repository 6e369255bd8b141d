"""Labelled pictures on disk: a folder per class, or the held-out pictures of a run."""

import json
import re

import pytest

from edge.errors import DataError
from edge.labelled import labelled_folder, labelled_pictures


def touch(folder, *names):
    """Make files, with the folders they lie in."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_every_file_of_every_class_is_listed_in_order(tmp_path):
    """Sub-folders belong to their class; the order is the same on every machine."""
    touch(tmp_path, "nut/b.jpg", "nut/a.jpg", "bolt/day2/1.png", "bolt/day1/9.png")

    found = [(picture.label, picture.path.relative_to(tmp_path).as_posix()) for picture in labelled_folder(tmp_path)]

    assert found == [
        ("bolt", "bolt/day1/9.png"),
        ("bolt", "bolt/day2/1.png"),
        ("nut", "nut/a.jpg"),
        ("nut", "nut/b.jpg"),
    ]


def test_hidden_files_and_loose_files_are_passed_over(tmp_path):
    """File managers leave .DS_Store and .thumbnails; notes may lie beside the classes."""
    touch(tmp_path, "nut/a.jpg", "nut/.DS_Store", "nut/.thumbnails/a.jpg", "bolt/b.jpg", ".git/x.jpg", "SOURCE.md")

    assert [picture.path.name for picture in labelled_folder(tmp_path)] == ["b.jpg", "a.jpg"]


@pytest.mark.parametrize(
    ("names", "complaint"),
    [
        ([], "at least two class folders, found none"),
        (["nut/a.jpg"], "at least two class folders, found only 'nut'"),
        (["nut/a.jpg", "bolt/.hidden"], "pictures of class 'bolt', found none"),
    ],
)
def test_too_few_classes_are_refused(tmp_path, names, complaint):
    """No class, one class and an empty class cannot be told apart from anything."""
    touch(tmp_path, *names)

    with pytest.raises(DataError, match=complaint):
        labelled_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    """The path comes first in the sentence."""
    with pytest.raises(DataError, match="found no such folder") as caught:
        labelled_pictures(tmp_path / "typo")

    assert str(caught.value).startswith(f"{tmp_path / 'typo'}: expected")


def test_a_file_where_the_folder_should_be_is_told(tmp_path):
    """Saying that it is not there would send people looking for it."""
    touch(tmp_path, "parts.zip")

    with pytest.raises(DataError, match="folder of pictures per class, found a file"):
        labelled_folder(tmp_path / "parts.zip")


@pytest.mark.parametrize("name", ["nut/b\udcff.jpg", "n\udcfft/a.jpg"])
def test_a_name_that_is_not_utf_8_is_told_at_once(tmp_path, name):
    """Archives from old systems bring such names; nothing that is written about a picture could carry them."""
    touch(tmp_path, "nut/a.jpg", "bolt/b.jpg", name)

    with pytest.raises(DataError, match=r"\\xff.* expected a name in UTF-8, found other bytes; rename it"):
        labelled_folder(tmp_path)


def split_file(folder, **split):
    """Write a split.json."""
    (folder / "split.json").write_text(json.dumps(split))
    return folder / "split.json"


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("nut", "bolt\nM3"), r"expected names that can be shown, found 'bolt\nM3'; rename that class folder"),
        (("Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"), r"expected different names, found "),
    ],
)
def test_a_class_that_no_bundle_could_name_is_told_before_any_work(tmp_path, names, told):
    """Not after the training, when the bundle is refused."""
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()

    with pytest.raises(DataError, match=re.escape(told)):
        labelled_folder(tmp_path)


def test_the_test_pictures_of_a_split_are_listed(tmp_path):
    """Only what training kept apart, with paths below the recorded data folder."""
    touch(tmp_path, "data/nut/a.jpg", "data/bolt/b.jpg")
    test = [{"path": "bolt/b.jpg", "label": "bolt", "group": "b"}]
    path = split_file(tmp_path, data=str(tmp_path / "data"), train=[{"path": "nut/a.jpg", "label": "nut"}], test=test)

    found = labelled_pictures(path)

    assert [(picture.label, picture.path) for picture in found] == [("bolt", tmp_path / "data/bolt/b.jpg")]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"data": 3, "test": []}', '{"data": "x", "test": [{}]}', "\x00"])
def test_what_is_no_split_is_refused(tmp_path, text):
    """Any other JSON, or none, is answered with a sentence."""
    path = tmp_path / "split.json"
    path.write_text(text)

    with pytest.raises(DataError, match=r"expected the split.json of a training run"):
        labelled_pictures(path)


def test_pictures_that_are_gone_are_counted(tmp_path):
    """A moved data folder is said, with the first missing picture."""
    test = [{"path": "bolt/b.jpg", "label": "bolt"}, {"path": "nut/a.jpg", "label": "nut"}]
    touch(tmp_path, "nut/a.jpg")

    with pytest.raises(DataError, match=r"1 of 2 missing \(first: .*b.jpg\)"):
        labelled_pictures(split_file(tmp_path, data=str(tmp_path), test=test))


def test_an_empty_test_split_is_refused(tmp_path):
    """Nothing held out means nothing can be judged."""
    with pytest.raises(DataError, match="none listed"):
        labelled_pictures(split_file(tmp_path, data=str(tmp_path), test=[]))
