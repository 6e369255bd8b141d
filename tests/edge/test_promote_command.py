"""`edge-sort promote` and `edge-sort rollback`, as somebody types them."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge.bundle import open_bundle
from edge.cli import cli
from edge.render import PART_LABELS, render_picture
from tests.edge.other_bundles import PACKAGED, other_bundle

SHUFFLED = ("screw", "coin", "key", "nut", "paper_clip", "part_a", "part_b")


def call(*words, code=0):
    result = CliRunner().invoke(cli, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


@pytest.fixture(scope="module")
def frozen(tmp_path_factory):
    """Four rendered pictures of each class."""
    folder, rng = tmp_path_factory.mktemp("frozen"), np.random.default_rng(5)
    for label in PART_LABELS:
        (folder / label).mkdir()
        for number in range(4):
            Image.fromarray(render_picture(label, rng, 96)).save(folder / label / f"{number}.png")
    return folder


@pytest.fixture
def line(tmp_path, frozen):
    """A line with the packaged bundle on it."""
    folder = tmp_path / "bundles"
    call("promote", PACKAGED, "--line", folder, "--data", frozen, "--by", "Ada")
    return folder


def current(line: Path) -> str:
    return (line / "current").readlink().name


def test_a_bundle_that_is_as_good_is_promoted_and_rolled_back_within_a_second(line, tmp_path):
    """The history has who, why, and the figures; the way back takes less than a second."""
    first = current(line)
    good = other_bundle(tmp_path / "good")

    result = call("promote", good.folder, "--line", line, "--by", "Bob", "--why", "more pictures", "--json")
    found = json.loads(result.stdout)
    assert found["verdict"] == "promoted"
    assert found["frozen"]["mcnemar_p"] == 1.0
    assert found["frozen"]["challenger"]["accuracy"]["total"] == 28
    assert current(line) == good.digest[:16]
    started = time.perf_counter()
    assert "rolled back" in call("rollback", "--line", line, "--why", "it sheds nuts").output
    assert time.perf_counter() - started < 1.0
    assert current(line) == first

    listed = json.loads(call("promote", "--line", line, "--list", "--json").output)
    assert [(one["action"], one["by"]) for one in listed["changes"][:2]] == [("promote", "Ada"), ("promote", "Bob")]
    assert listed["changes"][1]["why"] == "more pictures"
    assert listed["changes"][1]["measured"]["frozen"]["flips"] == 0
    assert "it sheds nuts" in call("promote", "--line", line, "--list").output


def test_a_damaged_history_is_shown_as_far_as_it_can_be_read(line, tmp_path):
    """Each entry that cannot be is named, the rest is there, and the error says the way out; that way is one."""
    good = other_bundle(tmp_path / "good")
    call("promote", good.folder, "--line", line, "--by", "Bob")
    history = line / "history.jsonl"
    first, second = history.read_bytes().splitlines()
    history.write_bytes(b"\n".join([first, b"\xff{", first[:40], second]))

    listed = call("promote", "--line", line, "--list", code=1)
    for word in ("Ada", "Bob", "line 2 cannot be read", "line 3 cannot be read"):
        assert word in listed.stdout
    assert "cut short" not in listed.stdout
    assert f"edge-sort rollback --line {line} --to DIGEST" in listed.stderr
    found = json.loads(call("promote", "--line", line, "--list", "--json", code=1).stdout)
    assert [one["carried_out"] for one in found["changes"]] == [None, True]
    assert [one["where"] for one in found["damaged"]] == ["line 2", "line 3"]

    call("rollback", "--line", line, "--to", good.digest[:16])
    assert "Bob" in call("promote", "--line", line, "--list").stdout


def test_the_history_is_shown_although_the_link_leads_nowhere(line):
    """It tells which bundle to name."""
    name = current(line)
    (line / "current").unlink()
    (line / "current").symlink_to("elsewhere")

    listed = call("promote", "--line", line, "--list", code=1)
    assert f"-> {name}  Ada" in listed.stdout
    assert "current cannot be read" in listed.stdout
    assert "--to DIGEST" in listed.stderr


def test_a_worse_bundle_is_refused_reason_first_unless_forced(line, tmp_path, frozen):
    """Labels in another order: every score is as recorded, and every answer wrong. The history remembers force."""
    bad = other_bundle(tmp_path / "bad", labels=SHUFFLED)
    before = current(line)

    refused = call("promote", bad.folder, "--line", line, code=3)
    assert refused.stdout.startswith(f"refused: {bad.digest[:16]} does not become the current bundle")
    assert "it answers 0 of 28 frozen pictures right, the current bundle 28: a drop of 1.0000" in refused.stdout
    call("promote", bad.folder, "--line", tmp_path / "new", "--data", frozen, code=3)
    assert current(line) == before

    assert call("promote", bad.folder, "--line", line, "--force").stdout.startswith("forced: ")
    assert current(line) == bad.digest[:16]
    assert "forced although it answers 0 of 28" in call("promote", "--line", line, "--list").stdout


def test_a_corrupt_bundle_is_refused_by_the_name_of_its_file(line, tmp_path):
    """Force does not help."""
    bad = other_bundle(tmp_path / "bad")
    model = bad.folder / "model.tflite"
    model.write_bytes(model.read_bytes()[:-7])

    for force in ((), ("--force",)):
        refused = call("promote", bad.folder, "--line", line, *force, code=3)
        assert "refused: " in refused.output
        assert "model.tflite: expected" in refused.output


def test_the_current_bundle_is_refused(line):
    assert "is the current bundle" in call("promote", PACKAGED, "--line", line, code=3).output


def test_frozen_pictures_that_changed_are_refused_until_they_are_renewed(tmp_path, frozen):
    data, line = tmp_path / "data", tmp_path / "bundles"
    shutil.copytree(frozen, data)
    call("promote", PACKAGED, "--line", line, "--data", data)
    (data / "nut" / "0.png").unlink()
    shutil.copy(data / "key" / "1.png", data / "key" / "2.png")
    good = other_bundle(tmp_path / "good")

    told = call("promote", good.folder, "--line", line, code=1).output
    assert "found 1 missing (nut/0.png), 1 changed (key/2.png)" in told
    assert "--renew-data" in told
    result = call("promote", good.folder, "--line", line, "--renew-data")
    assert "27 frozen pictures" in result.output
    call("promote", "--line", line, other_bundle(tmp_path / "next", name="next").folder)


def test_a_dry_run_changes_nothing(line, tmp_path):
    before = sorted((one.name, one.stat().st_mtime_ns) for one in line.iterdir())
    good = other_bundle(tmp_path / "good")

    assert "nothing was changed" in call("promote", good.folder, "--line", line, "--dry-run").output
    assert [name for name, _ in before] == sorted(one.name for one in line.iterdir())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["promote", "--line", "x"], "expected the bundle to promote, or --list"),
        (["promote", "b", "--line", "x", "--recorded", "r"], "--recorded needs the --machine"),
        (["rollback"], "Missing option '--line'"),
    ],
)
def test_a_wrong_call_is_told_in_a_sentence(words, told):
    assert told in call(*words, code=2).output


def test_what_is_not_there_is_told_in_a_sentence(tmp_path):
    assert "expected a bundle folder, found none" in call("promote", "no", "--line", tmp_path / "l", code=3).output
    assert not (tmp_path / "l").exists()
    assert "expected the folder of a line's bundles" in call("rollback", "--line", tmp_path / "l", code=1).output
    assert call("promote", "--line", tmp_path / "m", "--list").output == "no bundle was ever promoted here\n"


@pytest.mark.slow
def test_bundles_are_compared_on_parts_that_rode_on_the_line(line, tmp_path):
    """The pictures a journal kept, with a person's word and without, and a recording, sorted with both."""
    machine, journal = tmp_path / "machine.toml", tmp_path / "j.sqlite"
    text = call("machine").output.replace("audit_share = 0.01", "audit_share = 1.0")
    smaller = {"px = 640": "px = 320", "px = 480": "px = 240", "per_px = 0.25": "per_px = 0.5"}
    for given, taken in {"picamera2": "emulated", "hz = 20.0": "hz = 10.0", **smaller}.items():
        text = text.replace(given, taken)
    machine.write_text(text)
    emulated = ("--emulate", "--machine", machine, "--count", 8)
    call("run", "--fast", "--rate", 20, "--journal", journal, *emulated)
    call("record", *emulated, "--out", tmp_path / "recording")
    parts = json.loads(f"[{','.join(call('journal', 'export', journal, '--format', 'jsonl').output.splitlines())}]")
    pictured = [one for one in parts if one["picture"]]
    for one in pictured[:3]:
        call("journal", "correct", journal, one["part"], one["label"])
    call("journal", "correct", journal, pictured[3]["part"], "unknown")
    shuffled = other_bundle(tmp_path / "bad", labels=SHUFFLED)

    compared = ("--machine", machine, "--journal", journal, "--recorded", tmp_path / "recording", "--json")
    found = json.loads(call("promote", shuffled.folder, "--line", line, *compared, code=3).stdout)

    assert found["kept"]["pictures"] == 4
    assert found["kept"]["champion"]["accuracy"] | {"low": 0, "high": 0} == {
        "right": 3, "total": 3, "share": 1.0, "low": 0, "high": 0,
    }  # fmt: skip
    assert found["kept"]["challenger"]["wrongly_sorted"] == 4
    unlabelled = found["kept_unlabelled"]
    assert unlabelled["flips"] == unlabelled["pictures"] == len(pictured) - 4
    assert found["recording"]["flips"] == found["recording"]["parts"] == 8
    assert sum(found["recording"]["changes"].values()) == 8
    assert found["latency_ms"]["challenger"]["classify_p50"] > 0
    assert any(clause.startswith("it answers 0 of 3 kept pictures of parts right") for clause in found["objections"])


@pytest.mark.slow
def test_a_label_that_a_gate_waits_for_is_asked_for_whatever_force_says(line, tmp_path):
    """The line would not start."""
    machine = tmp_path / "machine.toml"
    machine.write_text(call("machine").output.replace('labels = ["nut"]', 'labels = ["washer"]'))
    good = other_bundle(tmp_path / "good")

    told = call("promote", good.folder, "--line", line, "--machine", machine, "--force", code=3).output
    assert "refused: the line would not start: gates.2.labels: expected labels of the bundle" in told


@pytest.mark.slow
def test_only_what_the_right_key_signed_is_promoted(line, tmp_path):
    pytest.importorskip("cryptography", reason="signing needs cryptography")
    good = other_bundle(tmp_path / "good")
    call("bundle", "keygen", tmp_path / "key")
    signed_by = ("--require-signed", tmp_path / "key.pub")

    assert "expected a signature, found none" in call("promote", good.folder, "--line", line, *signed_by, code=3).output
    call("bundle", "sign", good.folder, "--key", tmp_path / "key")
    call("promote", good.folder, "--line", line, *signed_by)
    call("bundle", "verify", line / "current", "--key", tmp_path / "key.pub")
    assert "expected a signature" in call("rollback", "--line", line, *signed_by, code=1).output


@pytest.mark.slow
def test_the_command_killed_at_any_moment_leaves_the_old_bundle_or_the_new_one(line, tmp_path):
    """Whole processes, killed at moments spread over a promotion."""
    bundles = [other_bundle(tmp_path / name, name=name) for name in ("one", "two")]
    known = {open_bundle(PACKAGED).digest, *(one.digest for one in bundles)}
    words = [sys.executable, "-c", "from edge.cli import main; main()", "promote", "--line", str(line)]
    for turn, after_s in enumerate(np.linspace(0.05, 1.6, 8)):
        process = subprocess.Popen(
            [*words, str(bundles[turn % 2].folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            process.wait(after_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert open_bundle(line / "current").digest in known
        json.loads(call("promote", "--line", line, "--list", "--json").output)
    call("rollback", "--line", line, "--to", open_bundle(PACKAGED).digest[:16], code=0 if moved(line) else 1)


def moved(line: Path) -> bool:
    return current(line) != open_bundle(PACKAGED).digest[:16]


def test_a_first_bundle_without_pictures_is_said_to_be_measured_on_nothing(tmp_path):
    """And what the next one needs."""
    told = call("promote", PACKAGED, "--line", tmp_path / "bundles").output
    assert "nothing was measured: no labelled pictures were given" in told
    assert "--data" in told
