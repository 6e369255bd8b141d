"""What `edge-sort parts` promises: a folder per class, the same from the same seed, whole or not at all."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from edge.errors import DataError
from edge.parts_command import parts_command


def parts(*arguments: object) -> Result:
    return CliRunner().invoke(parts_command, [str(argument) for argument in arguments])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.png"))}


def test_writes_a_folder_per_class_and_a_sheet(tmp_path):
    """OUT holds LABEL/LABEL_00000.png for every class and a sheet; the last lines tell how many and where."""
    result = parts(tmp_path / "out", "--count", 2, "--size", 40)

    assert result.exit_code == 0
    labels = ("coin", "key", "nut", "paper_clip", "part_a", "part_b", "screw")
    expected = {f"{label}/{label}_{number:05d}.png" for label in labels for number in range(2)}
    assert set(contents(tmp_path / "out")) == expected | {"sheet.png"}
    with Image.open(tmp_path / "out" / "coin" / "coin_00000.png") as picture:
        assert picture.size == (40, 40)
    assert "14 pictures of 40 x 40 px" in result.output
    assert str(tmp_path / "out" / "sheet.png") in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_same_seed_same_bytes_whatever_the_count_and_the_labels(tmp_path):
    """A picture depends on seed, label and number, not on how many others were asked for."""
    parts(tmp_path / "few", "--count", 1, "--size", 40, "--labels", "nut", "--seed", 5)
    parts(tmp_path / "many", "--count", 2, "--size", 40, "--labels", "coin,nut", "--seed", 5)
    parts(tmp_path / "again", "--count", 2, "--size", 40, "--labels", "coin,nut", "--seed", 5)
    parts(tmp_path / "other", "--count", 1, "--size", 40, "--labels", "nut", "--seed", 6)

    few, many, other = (contents(tmp_path / name) for name in ("few", "many", "other"))
    assert contents(tmp_path / "again") == many
    assert few["nut/nut_00000.png"] == many["nut/nut_00000.png"]
    assert few["nut/nut_00000.png"] != other["nut/nut_00000.png"]


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path):
    """A folder that holds anything is never written into."""
    (tmp_path / "mine.txt").write_text("keep")

    result = parts(tmp_path, "--count", 1, "--size", 40)

    assert isinstance(result.exception, DataError)
    assert "expected a new or empty folder" in str(result.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    """A path below a file cannot become a folder; the error names it and says what to do."""
    (tmp_path / "file").write_text("")

    result = parts(tmp_path / "file" / "out", "--count", 1, "--size", 40)

    assert isinstance(result.exception, DataError)
    assert str(tmp_path / "file" / "out") in str(result.exception)
    assert "choose a folder you may write to" in str(result.exception)


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    """When the disk fills half-way, neither OUT nor a draft of it remains."""
    save = Image.Image.save

    def save_one(picture: Image.Image, path: Path) -> None:
        if path.name != "nut_00000.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        save(picture, path)

    monkeypatch.setattr(Image.Image, "save", save_one)

    result = parts(tmp_path / "out", "--count", 2, "--size", 40, "--labels", "nut")

    assert isinstance(result.exception, DataError)
    assert "No space left on device" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--count", 0), "--count"),
        (("--size", 8), "--size"),
        (("--seed", -1), "--seed"),
        (("--labels", "coin,cion"), "found 'cion'"),
        (("--labels", ""), "expected labels out of coin"),
    ],
)
def test_wrong_usage_writes_nothing(tmp_path, arguments, says):
    """A wrong option is a usage error, exit 2, that names it; OUT is not made."""
    result = parts(tmp_path / "out", *arguments)

    assert result.exit_code == 2
    assert says in result.output
    assert list(tmp_path.iterdir()) == []
