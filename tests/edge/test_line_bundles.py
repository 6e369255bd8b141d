"""The bundles of a line: one link says which runs, and whatever is cut short leaves the old one or the new one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from edge import durable
from edge.bundle import open_bundle
from edge.errors import DataError
from edge.line_bundles import KEPT, LineBundles, name_of
from edge.line_history import Change, carried_out, stack
from edge.promote_run import put_on_line
from edge.rollback import Word, roll_back
from tests.edge.other_bundles import PACKAGED, other_bundle

SCRIPT = Path(__file__).with_name("killed_changes.py")
WORD = Word("Ada", "a test")


def put(line: LineBundles, bundle) -> None:
    with line.locked(make=True):
        change = Change(action="promote", before=line.current_digest, after=bundle.digest, at_utc="t", by="Ada")
        put_on_line(line, bundle, change, None)


@pytest.fixture
def line(tmp_path):
    return LineBundles(tmp_path / "bundles")


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """Three bundles of other digests."""
    folder = tmp_path_factory.mktemp("three")
    return [other_bundle(folder / name, name=name) for name in "abc"]


def test_the_current_bundle_opens_by_the_link_and_is_a_copy(line, three):
    """What it was promoted from may go."""
    put(line, three[0])

    assert open_bundle(line.folder / "current").digest == three[0].digest
    assert line.current == line.folder / name_of(three[0].digest)


def test_rollback_goes_back_to_what_ran_before(line, three):
    for bundle in three:
        put(line, bundle)

    change = roll_back(line, WORD)

    assert (change.before, change.after) == (three[2].digest, three[1].digest)
    assert open_bundle(line.folder / "current").digest == three[1].digest
    assert (line.changes[-1].by, line.changes[-1].why) == ("Ada", "a test")


def test_a_second_rollback_goes_further_back_and_never_to_what_was_rolled_back_from(line, three):
    for bundle in three:
        put(line, bundle)

    roll_back(line, WORD)
    assert roll_back(line, WORD).after == three[0].digest
    with pytest.raises(DataError, match="expected a bundle that ran before the current one, found none"):
        roll_back(line, WORD)


def test_rollback_to_a_kept_bundle_goes_anywhere(line, three):
    """Also forth again: what a rollback left is kept."""
    for bundle in three:
        put(line, bundle)
    roll_back(line, WORD)

    assert roll_back(line, WORD, to=three[2].digest[:10]).after == three[2].digest
    with pytest.raises(DataError, match="whose digest begins with '', found none"):
        roll_back(line, WORD, to="")
    with pytest.raises(DataError, match="expected another bundle than the current one"):
        roll_back(line, WORD, to=three[2].digest)


def test_a_damaged_bundle_is_not_rolled_back_to(line, three):
    """And the current one stays."""
    put(line, three[0])
    put(line, three[1])
    model = line.folder / name_of(three[0].digest) / "model.tflite"
    model.write_bytes(model.read_bytes()[:-1])

    with pytest.raises(Exception, match=r"model\.tflite: expected \d+ bytes"):
        roll_back(line, WORD)
    assert line.current_digest == three[1].digest
    assert len(line.changes) == 2


def test_a_damaged_copy_is_made_anew(line, three):
    put(line, three[0])
    put(line, three[1])
    (line.folder / name_of(three[0].digest) / "bundle.json").write_text("{}")

    put(line, three[0])

    assert open_bundle(line.folder / "current").digest == three[0].digest


def test_only_the_last_bundles_are_kept(line, tmp_path):
    """The current one, those that ran before it, and no others; files of other names are left alone."""
    (line.folder).mkdir()
    (line.folder / "notes.txt").write_text("mine")
    for number in range(KEPT + 3):
        put(line, other_bundle(tmp_path / str(number), name=str(number)))

    kept = [one.name for one in line.folder.iterdir() if one.is_dir() and not one.is_symlink()]
    latest = [name_of(change.after) for change in line.changes[-KEPT - 1 :]]
    assert sorted(kept) == sorted(latest)
    assert (line.folder / "notes.txt").read_text() == "mine"


def test_nobody_else_changes_a_line_at_the_same_time(line, three):
    with (
        line.locked(make=True),
        pytest.raises(DataError, match="another promote or rollback"),
        LineBundles(line.folder).locked(),
    ):
        pass


@pytest.mark.parametrize("kind", ["bundle", "file"])
def test_a_bundle_is_no_folder_of_bundles(kind, tmp_path):
    place = Path(shutil.copytree(PACKAGED, tmp_path / "b")) if kind == "bundle" else tmp_path / "file"
    place.touch()
    with pytest.raises(DataError, match="expected the folder of a line's bundles"):
        LineBundles(place)


def test_a_history_that_is_none_is_told_with_its_line(line, three):
    put(line, three[0])
    (line.folder / "history.jsonl").write_text('{"action": "promote"}\n')

    with pytest.raises(DataError, match=r"history\.jsonl: expected the history of a line's bundles, found: line 1 "):
        roll_back(line, WORD)


def test_a_change_that_was_cut_short_is_known_by_what_the_next_one_began_from():
    """It is no step of the way back."""
    a, b, c = ("a" * 64, "b" * 64, "c" * 64)
    told = [(None, a), (a, b), (a, c)]
    changes = [Change(action="promote", before=one, after=other, at_utc="t", by="x") for one, other in told]

    assert carried_out(changes, c) == [True, False, True]
    assert stack(changes, c) == [a, c]
    assert carried_out(changes, a) == [True, False, False]


def test_all_of_a_bundle_is_on_the_disk_before_the_link_is_switched(line, three, monkeypatch):
    """Files, then their folder, then the history, then the link, then the folder that holds it."""
    put(line, three[0])
    steps: list[str] = []
    sync, replace = durable._sync, Path.replace

    def noted_sync(path: Path) -> None:
        sync(path)
        steps.append(f"sync {path.name}")

    def noted_replace(path: Path, target: Path) -> Path:
        steps.append(f"switch {Path(target).name}")
        return replace(path, target)

    monkeypatch.setattr(durable, "_sync", noted_sync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    put(line, three[1])

    switched = steps.index("switch current")
    files = [f"sync {name}" for name in [*three[1].facts.files, "bundle.json", "bundle.json.sha256"]]
    assert set(files) <= set(steps[:switched])
    history = next(index for index, step in enumerate(steps) if step.startswith("sync .history.jsonl-"))
    assert max(map(steps.index, files)) < history < switched
    assert f"sync {line.folder.name}" in steps[switched:]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["promote", "rollback"])
def test_killed_at_any_step_the_current_bundle_is_the_old_one_or_the_new_one(kind, tmp_path, request):
    """The next change works, nothing half done is left, and the history tells what was made."""
    old, new = (other_bundle(tmp_path / name, name=name, bare=True) for name in ("old", "new"))
    memory = Path("/dev/shm")  # a kill loses nothing there, and nothing waits for a disk
    place = Path(tempfile.mkdtemp(dir=memory if memory.is_dir() else tmp_path))
    request.addfinalizer(lambda: shutil.rmtree(place))
    arguments = [kind, str(place / "line"), str(old.folder), str(new.folder)]
    ran = subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    results = json.loads(ran.stdout)
    before, after = (old, new) if kind == "promote" else (new, old)

    currents = [one["current"] for one in results]
    assert set(currents) == {before.digest, after.digest}
    assert currents == sorted(currents, key=[before.digest, after.digest].index), "never forth and back"
    assert len(results) > (20 if kind == "promote" else 5)
    assert not results[-1]["killed"]
    allowed = {".lock", "current", "history.jsonl", name_of(old.digest), name_of(new.digest)}
    for one in results:
        assert "error" not in one, one
        assert one["after"] != one["current"], one
        assert set(one["left"]) <= allowed, one
        assert all(one["carried_out"][:-1]), one
        written = one["changes"] > min(one["changes"] for one in results)
        assert one["carried_out"][-1] == (one["current"] == after.digest or not written), one


@pytest.mark.parametrize("damage", ["gone", "damaged"])
def test_a_line_whose_current_bundle_is_no_longer_whole_is_rolled_back_or_promoted_all_the_same(line, three, damage):
    """What is wrong with it must not keep anybody from taking it off the line."""
    for bundle in three[:2]:
        put(line, bundle)
    if damage == "gone":
        shutil.rmtree(line.current)
    else:
        (line.current / "model.tflite").write_bytes(b"")

    assert roll_back(line, WORD).after == three[0].digest
    put(line, three[1])
    assert open_bundle(line.folder / "current").digest == three[1].digest


def test_a_damaged_history_is_set_aside_by_naming_a_bundle_and_the_rest_of_it_stays(line, three):
    """Also by naming the current one; the message of everything else says so."""
    for bundle in three:
        put(line, bundle)
    history = line.folder / "history.jsonl"
    garbage = history.read_bytes() + b"garbage \xff\n"
    history.write_bytes(garbage)

    for refused in (lambda: line.changes, lambda: roll_back(line, WORD)):
        with pytest.raises(DataError, match=r"line 4 cannot be read") as found:
            refused()
        assert f"edge-sort rollback --line {line.folder} --to DIGEST" in str(found.value)
    assert roll_back(line, WORD, to=three[2].digest[:8]).after == three[2].digest

    (aside,) = line.folder.glob("history-damaged-*.jsonl")
    assert aside.read_bytes() == garbage
    assert [change.after for change in line.changes] == [bundle.digest for bundle in (*three, three[2])]
    assert aside.name in line.changes[-1].forced[0]
    assert roll_back(line, WORD).after == three[1].digest


@pytest.mark.parametrize("history", ["", "nonsense\n"])
def test_a_bundle_is_found_by_its_digest_when_the_history_tells_nothing(line, three, history):
    """The folder of every kept bundle is named by it."""
    put(line, three[0])
    put(line, three[1])
    (line.folder / "history.jsonl").write_text(history or "\x00")

    change = roll_back(line, WORD, to=name_of(three[0].digest))

    assert (change.before, line.current_digest) == (three[1].digest, three[0].digest)
    assert [one.after for one in line.changes] == [three[0].digest]


@pytest.mark.parametrize("target", ["/etc", "../elsewhere", "0123456789abcdef"])
def test_a_link_that_leads_to_no_bundle_of_the_line_is_told_and_replaced(line, three, target):
    """Nothing that it leads to is touched, or asked to be mended."""
    put(line, three[0])
    put(line, three[1])
    link = line.folder / "current"
    link.unlink()
    link.symlink_to(target)

    with pytest.raises(DataError, match=f"expected a link to a whole bundle in this folder, found one to {target}"):
        roll_back(line, WORD)
    change = roll_back(line, WORD, to=three[0].digest[:8])

    assert target in change.forced[0]
    assert link.readlink() == Path(name_of(three[0].digest))
    assert line.changes[-1] == change
    assert carried_out(line.changes, line.current_digest) == [True, True, True]
