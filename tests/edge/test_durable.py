"""A folder is there whole or not at all."""

import os
from pathlib import Path

import pytest

from edge.durable import require_unused, whole_file, whole_folder
from edge.errors import DataError


def test_a_finished_folder_appears_under_its_name(tmp_path):
    """Nothing is at the target before the end, everything after it, nothing else beside it."""
    target = tmp_path / "deep" / "out"

    with whole_folder(target) as draft:
        (draft / "sub").mkdir()
        (draft / "sub" / "a.txt").write_text("a")
        assert not target.exists()

    assert (target / "sub" / "a.txt").read_text() == "a"
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, SystemExit, OSError])
def test_nothing_is_left_after_a_failure(tmp_path, failure):
    """An error, Ctrl-C, an exit or a full disk: no target and no draft."""

    def fail():
        with whole_folder(tmp_path / "out") as draft:
            (draft / "half.txt").write_text("half")
            raise failure

    with pytest.raises(failure):
        fail()

    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused_and_left_alone(tmp_path):
    """Older results are never written over."""
    target = tmp_path / "out"
    target.mkdir()
    (target / "mine.txt").write_text("mine")

    with pytest.raises(DataError, match="found one in use"), whole_folder(target):
        pytest.fail("the block must not run")  # pragma: no cover

    assert (target / "mine.txt").read_text() == "mine"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_in_the_way_is_refused(tmp_path):
    """The name may belong to a file."""
    (tmp_path / "out").write_text("mine")

    with pytest.raises(DataError, match="found one in use"):
        require_unused(tmp_path / "out")


def test_an_empty_folder_may_be_filled(tmp_path):
    """`mkdir` beforehand does no harm."""
    target = tmp_path / "out"
    target.mkdir()

    with whole_folder(target) as draft:
        (draft / "a.txt").write_text("a")

    assert [path.name for path in target.iterdir()] == ["a.txt"]


def test_somebody_else_being_faster_loses_nothing(tmp_path):
    """When the target is filled meanwhile, theirs stays and ours is removed."""
    target = tmp_path / "out"

    def write_while_another_does():
        with whole_folder(target) as draft:
            (draft / "ours.txt").write_text("ours")
            target.mkdir()
            (target / "theirs.txt").write_text("theirs")

    with pytest.raises(OSError, match=r"(?i)not empty"):
        write_while_another_does()

    assert [path.name for path in target.iterdir()] == ["theirs.txt"]
    assert list(tmp_path.iterdir()) == [target]


def test_everything_reaches_the_disk_before_the_name_does(tmp_path, monkeypatch):
    """Files and folders are synced while still aside, the parent after the renaming."""
    target, seen, real = tmp_path / "out", [], os.fsync

    def noted(handle):
        seen.append((Path(f"/proc/self/fd/{handle}").readlink().name, target.exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with whole_folder(target) as draft:
        (draft / "a.txt").write_text("a")
        name = draft.name

    assert seen == [("a.txt", False), (name, False), (tmp_path.name, True)]


def test_a_finished_file_appears_under_its_name(tmp_path):
    """Nothing is at the target before the end; its mode is the one asked for, and never a wider one."""
    target = tmp_path / "deep" / "out.tar"

    with whole_file(target, mode=0o600) as out:
        out.write(b"whole")
        assert [path.stat().st_mode & 0o777 for path in target.parent.iterdir()] == [0o600]
        assert not target.exists()

    assert target.read_bytes() == b"whole"
    assert list(target.parent.iterdir()) == [target]
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("failure", [RuntimeError, KeyboardInterrupt, OSError])
def test_no_half_file_is_left_after_a_failure(tmp_path, failure):
    """Neither under its name nor beside it."""

    def fail():
        with whole_file(tmp_path / "out") as out:
            out.write(b"half")
            raise failure

    with pytest.raises(failure):
        fail()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("taken", [lambda path: path.write_text("mine"), lambda path: path.symlink_to("elsewhere")])
def test_a_file_that_exists_is_not_written_over(tmp_path, taken):
    """Not even a link that leads nowhere."""
    taken(tmp_path / "out")

    with pytest.raises(DataError, match="found one that exists"), whole_file(tmp_path / "out"):
        pytest.fail("the block must not run")  # pragma: no cover
