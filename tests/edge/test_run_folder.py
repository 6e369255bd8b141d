"""What a run keeps only as long as it lasts goes with it, or with the next one when it was killed."""

from __future__ import annotations

import os
import tempfile

import pytest

from edge.run_folder import PREFIX, run_folder


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_of_a_process_that_is_gone_is_taken_away(temporary):
    """Nobody has it locked; one of another name is not ours."""
    for name in (f"{PREFIX}killed", "edge-sort-other"):
        (temporary / name).mkdir()
        (temporary / name / "journal.sqlite").touch()
        os.utime(temporary / name, (0, 0))
    with run_folder() as folder:
        assert set(temporary.iterdir()) == {folder, temporary / "edge-sort-other"}
    assert not folder.exists()


def test_a_folder_in_use_or_just_made_is_left_alone(temporary):
    """Another run may be under way, or about to begin."""
    (temporary / f"{PREFIX}new").mkdir()
    with run_folder() as first:
        os.utime(first, (0, 0))
        with run_folder() as second:
            assert set(temporary.iterdir()) == {first, second, temporary / f"{PREFIX}new"}


def test_a_link_is_not_followed(temporary, tmp_path_factory):
    """Everybody may put one into the folder of all temporary files."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    os.utime(elsewhere, (0, 0))
    (temporary / f"{PREFIX}link").symlink_to(elsewhere)
    with run_folder():
        assert elsewhere.exists()
