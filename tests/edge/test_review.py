"""A person's word on doubtful and audited parts is in the journal at once, and its picture is trained on once."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cli import cli
from edge.errors import DataError
from edge.journal_file import JournalError, opened_to_read
from edge.journal_read import Period, read_runs
from edge.journal_report import shift_report
from edge.labelled import labelled_folder
from edge.line_journal import pictures_folder
from edge.parts import Reason
from edge.pictures import read_picture
from edge.review import ReviewPart, answer, waiting_parts
from edge.review_dialog import LABEL_KEYS, Dialog, meaning
from edge.review_export import PROVENANCE_FILE, export_reviewed
from edge.review_pictures import half_blocks, write_sheet
from tests.edge.reviewed_journals import crop, doubtful_run, write_run
from training.groups import group_by_name


def part(number=1, labels=("nut", "screw"), label="nut"):
    scores = tuple(0.5 for _ in labels)
    return ReviewPart(1, number, "", label, 0.5, labels, scores, "reject", "unknown", False, Path("x.png"))


def dialog(words, said):
    """A dialog that reads these words and collects what is said of which part."""
    told = []
    reader = iter([*words, None])
    return Dialog(
        lambda *_: None, lambda _: next(reader), lambda one, label: said.append((one.part, label)), told.append
    ), told


def waiting(path, kind="all", **period):
    with opened_to_read(path) as db:
        return [(one.run, one.part) for one in waiting_parts(db, path, kind, Period(**period))]


def run(*arguments, words=""):
    return CliRunner().invoke(cli, ["review", *map(str, arguments)], input=words)


def say(path, words):
    """part -> label, None for what the line thought."""
    with opened_to_read(path) as db:
        for one in list(waiting_parts(db, path)):
            if one.part in words:
                answer(db, path, one, words[one.part], "Ada")


def exported(path, out, **options):
    with opened_to_read(path) as db:
        return export_reviewed(db, path, out, Period(), **options)


def test_audited_parts_come_before_doubtful_ones_and_nothing_else_waits(tmp_path):
    """Purity is counted from the audited ones alone; a part that was sure and not drawn has no picture."""
    path = tmp_path / "journal.sqlite"
    doubtful_run(path, (1, 2))
    write_run(path, {1: ("nut", Reason.SORTED), 2: ("screw", Reason.UNKNOWN)}, audit_share=1.0)
    write_run(path, {1: ("nut", Reason.SORTED)})
    assert waiting(path) == [(2, 1), (2, 2), (1, 1), (1, 2)]
    assert waiting(path, "audited") == [(2, 1), (2, 2)]
    assert waiting(path, "doubtful") == [(1, 1), (1, 2)]
    assert waiting(path, runs=(1,)) == [(1, 1), (1, 2)]


def test_what_was_answered_or_has_no_picture_any_more_does_not_wait(tmp_path):
    """The oldest pictures make room for new ones."""
    path = doubtful_run(tmp_path / "journal.sqlite")
    say(path, {1: "screw"})
    next(pictures_folder(path).glob("*part2.png")).unlink()
    assert waiting(path) == [(1, 3)]


def test_pictures_that_were_not_copied_along_are_told(tmp_path):
    """Else a record without its pictures would look as if there was nothing to do."""
    path = doubtful_run(tmp_path / "journal.sqlite")
    pictures_folder(path).rename(tmp_path / "elsewhere")
    done = run(path)
    assert "no part waits" in done.output
    assert "3 more had a picture, which is not in" in done.output


def test_every_answer_is_in_the_journal_at_once(tmp_path):
    """Read by another connection while the dialog goes on."""
    path = doubtful_run(tmp_path / "journal.sqlite")
    with opened_to_read(path) as db:
        for one in list(waiting_parts(db, path)):
            answer(db, path, one, None if one.part == 1 else "screw", "Ada")
            with closing(sqlite3.connect(path)) as other:
                assert other.execute("SELECT count(*) FROM corrections").fetchone()[0] == one.part
        rows = db.execute("SELECT part, label, corrected_by FROM corrections").fetchall()
        assert [tuple(row) for row in rows] == [(1, "nut", "Ada"), (2, "screw", "Ada"), (3, "screw", "Ada")]


def test_a_label_that_the_bundle_did_not_know_is_refused(tmp_path):
    """A typing error would be a class of its own in the next training."""
    path = doubtful_run(tmp_path / "journal.sqlite", (1,))
    with opened_to_read(path) as db, pytest.raises(JournalError, match="expected one of the labels nut, screw"):
        answer(db, path, next(waiting_parts(db, path)), "nutt")


def test_right_means_nothing_where_the_line_thought_nothing(tmp_path):
    """An unclassified part has no label to be right."""
    path = write_run(tmp_path / "journal.sqlite", {1: ("", Reason.UNCLASSIFIED)})
    assert meaning("y", part(label="")) is None
    with opened_to_read(path) as db, pytest.raises(DataError, match="expected a label for part 1 of run 1"):
        answer(db, path, next(waiting_parts(db, path)), None)


def test_keys_name_labels_and_back_takes_the_last_word():
    """Skipped parts wait for another time; what was said before quitting counts."""
    said = []
    asked, told = dialog(["y", "2", "b", "u", "?", "s", "screw", "q"], said)
    done = asked.go_through([part(number) for number in range(1, 7)])
    assert said == [(1, None), (2, "screw"), (2, "unknown"), (4, "screw")]
    assert (done.said, done.right, done.skipped) == ({"nut": 1, "unknown": 1, "screw": 1}, 1, 1)
    assert "found '?'" in told[0]


@settings(max_examples=30)
@given(st.lists(st.text(max_size=3), max_size=30))
def test_whatever_is_typed_never_says_a_label_that_does_not_exist(words):
    """And never ends in an error."""
    said = []
    asked, _ = dialog(words, said)
    asked.go_through([part(number) for number in range(1, 4)])
    assert {label for _, label in said} <= {None, "nut", "screw", "unknown"}


def test_with_more_labels_than_keys_the_rest_is_named():
    """35 have a key, none of which is one of the words."""
    labels = tuple(f"part_{number}" for number in range(40))
    many = part(labels=labels, label="part_0")
    assert [meaning(key, many) for key in LABEL_KEYS] == list(labels[:35])
    assert meaning("part_39", many) == "part_39"
    assert not set(LABEL_KEYS) & set("yusbq")


def test_a_class_named_like_a_word_can_still_be_named():
    """Its own name comes first."""
    assert meaning("skip", part(labels=("skip", "nut"), label="nut")) == "skip"


def test_pictures_go_where_training_finds_them_and_run_twice_add_nothing(tmp_path):
    """To the pixel, in one session of the run; `unknown` is no class."""
    path, out = doubtful_run(tmp_path / "journal.sqlite", (1, 2, 3, 4)), tmp_path / "data"
    say(path, {1: None, 2: "screw", 3: "unknown"})
    assert not out.exists()
    first, again = exported(path, out), exported(path, out)
    assert (first.added, first.unknown) == ({"nut": 1, "screw": 1}, 1)
    assert (again.added, again.there) == ({}, 2)
    found = {one.label: one.path for one in labelled_folder(out)}
    assert np.array_equal(read_picture(found["nut"]), crop(1))
    assert np.array_equal(read_picture(found["screw"]), crop(2))
    assert found["nut"].parent.name == found["screw"].parent.name


def test_all_parts_of_a_run_stay_on_one_side_of_a_split(tmp_path):
    """`train` takes a run for a session, beside other pictures of the class."""
    path, out = doubtful_run(tmp_path / "journal.sqlite"), tmp_path / "data"
    say(path, {1: None, 2: None, 3: None})
    exported(path, out)
    (out / "nut" / "20260105T060000Z").mkdir()
    (out / "nut" / "20260105T060000Z" / "a.png").write_bytes(b"")
    names = [(one.label, one.path.relative_to(out).as_posix()) for one in labelled_folder(out, 1)]
    groups, _ = group_by_name(names)
    assert len(set(groups)) == 2


def test_a_picture_follows_a_later_word_into_another_class(tmp_path):
    """It must not be an example of both; an emptied class folder would keep `train` from starting."""
    path, out = doubtful_run(tmp_path / "journal.sqlite"), tmp_path / "data"
    say(path, {1: None, 2: "screw"})
    exported(path, out)
    with opened_to_read(path) as db:
        answer(db, path, part(1), "screw")
    moved = exported(path, out)
    assert moved.moved == 1
    assert sorted(one.label for one in labelled_folder(out, 1)) == ["screw", "screw"]
    assert not (out / "nut").exists()


def test_a_picture_whose_original_made_room_stays_exported(tmp_path):
    """What was copied once is the user's."""
    path, out = doubtful_run(tmp_path / "journal.sqlite", (1, 2)), tmp_path / "data"
    say(path, {1: None})
    exported(path, out)
    say(path, {2: None})
    for picture in pictures_folder(path).iterdir():
        picture.unlink()
    again = exported(path, out)
    assert (again.there, again.without_picture) == (1, 1)


def test_each_exported_picture_says_where_it_comes_from(tmp_path):
    """In a hidden file, so that no training takes it for a picture."""
    path, out = doubtful_run(tmp_path / "journal.sqlite", (1,)), tmp_path / "data"
    say(path, {1: "screw"})
    exported(path, out)
    (file,) = out.glob(f"screw/*/{PROVENANCE_FILE}")
    line = json.loads(file.read_text())
    assert (line["part"], line["label"], line["true_label"], line["corrected_by"]) == (1, "nut", "screw", "Ada")
    assert line["bundle_sha256"] == "b" * 64
    assert (file.parent / line["file"]).is_file()


def test_audited_parts_can_be_left_for_measuring(tmp_path):
    """What was trained on flatters whoever is measured on it."""
    path, out = tmp_path / "journal.sqlite", tmp_path / "data"
    write_run(path, {1: ("nut", Reason.SORTED)}, audit_share=1.0)
    doubtful_run(path, (1,))
    with opened_to_read(path) as db:
        for one in list(waiting_parts(db, path)):
            answer(db, path, one, None)
    assert exported(path, out, audited=False).added == {"nut": 1}
    assert exported(path, out).added == {"nut": 1}


def test_somebody_else_s_picture_is_not_written_over(tmp_path):
    """Only what was exported is ever replaced."""
    path, out = doubtful_run(tmp_path / "journal.sqlite", (1,)), tmp_path / "data"
    say(path, {1: None})
    exported(path, out)
    (picture,) = out.glob("nut/*/*.png")
    (picture.parent / PROVENANCE_FILE).unlink()
    with pytest.raises(DataError, match="expected no such picture yet"):
        exported(path, out)


def test_a_run_reviewed_in_the_terminal_counts_in_the_report(tmp_path):
    """From the numbered sheet, one line for each part; the end of the input ends."""
    path = tmp_path / "journal.sqlite"
    write_run(path, {1: ("nut", Reason.SORTED), 2: ("nut", Reason.SORTED)}, audit_share=1.0)
    done = run(path, "--by", "Ada", words="y\nscrew\n")
    assert done.exit_code == 0, done.output
    assert "2 parts reviewed (nut 1, screw 1), 1 of them as the line had thought; 2 had been drawn" in done.output
    assert (tmp_path / "journal-review.png").is_file()
    with opened_to_read(path) as db:
        purity = shift_report(db, read_runs(db), Period()).purity["nut"]
    assert (purity.right, purity.total) == (1, 2)
    assert "no part waits for a person" in run(path).output


def test_pictures_are_shown_in_the_terminal_and_on_a_sheet(tmp_path):
    """A damaged one is grey, and stops nobody."""
    path = doubtful_run(tmp_path / "journal.sqlite", (1, 2))
    with opened_to_read(path) as db:
        parts = list(waiting_parts(db, path))
    parts[1].picture.write_bytes(b"no picture")
    write_sheet(parts, tmp_path / "sheet.png")
    assert read_picture(tmp_path / "sheet.png").shape == (206, 352, 3)
    assert len(half_blocks(parts[0].picture, 20).splitlines()) == 10
    blocks = run(path, "--show", "blocks", words="q\n")
    assert blocks.exit_code == 0
    assert "\u2580" in blocks.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.sqlite",), "nowhere.sqlite: expected a journal, found none"),
        (("nowhere.sqlite", "--export", "out"), "nowhere.sqlite: expected a journal, found none"),
        (("JOURNAL", "--run", "9"), "expected run 9, found runs 1 to 1"),
        (("JOURNAL", "--export", "JOURNAL/x"), "expected to write a picture there"),
    ],
)
def test_wrong_input_is_one_sentence(tmp_path, arguments, message):
    """And no traceback."""
    path = doubtful_run(tmp_path / "journal.sqlite", (1,))
    say(path, {1: None})
    done = run(*(argument.replace("JOURNAL", str(path)) for argument in arguments))
    assert done.exit_code == 1
    assert message in done.output


def test_a_file_in_the_place_of_the_exported_folder_is_told_also_when_nothing_is_due(tmp_path):
    """And the file stays as it is."""
    path = write_run(tmp_path / "j.sqlite", {1: ("nut", Reason.SORTED)})
    out = tmp_path / "out"
    out.write_text("mine")
    with pytest.raises(DataError, match="out: expected a folder, found a file"):
        exported(path, out)
    assert out.read_text() == "mine"
