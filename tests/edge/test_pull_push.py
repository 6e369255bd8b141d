"""Data and bundles go over a real ssh: whole or not at all, again without cost, and every trouble is one sentence."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from edge.bundle import open_bundle
from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.errors import DataError, RemoteError
from edge.journal_file import opened_to_read
from edge.journal_merge import merge_journal
from edge.journal_snapshot import snapshot_journal
from edge.remote import Place
from edge.review import answer, waiting_parts
from tests.edge.far_side import start_far_side
from tests.edge.reviewed_journals import doubtful_run


@pytest.fixture(scope="module")
def far(tmp_path_factory):
    """An sshd on loopback."""
    started = start_far_side(tmp_path_factory.mktemp("far"))
    yield started
    started.stop()


@pytest.fixture
def home(far):
    """The line's folder there, empty."""
    shutil.rmtree(far.home)
    far.home.mkdir()
    return far.home


def run(*words, config=None):
    options = ["--ssh-config", config] if config else []
    return CliRunner().invoke(cli, [*map(str, words), *map(str, options)])


def pull(far, out, *options, folder=None, config=None):
    return run("pull", f"far:{folder or far.home}", "--out", out, *options, config=config or far.config())


def parts(journal):
    with closing(sqlite3.connect(journal)) as db:
        return db.execute("SELECT count(*) FROM parts").fetchone()[0]


def corrections(journal):
    with closing(sqlite3.connect(journal)) as db:
        return db.execute("SELECT run, part, label FROM corrections ORDER BY correction").fetchall()


def photograph(folder, name="a.png"):
    """A picture's bytes do not matter here."""
    place = folder / "captures" / "nut" / "s 1"
    place.mkdir(parents=True, exist_ok=True)
    (place / name).write_bytes(os.urandom(2000))
    (place / ".session.json").write_text("{}")
    (place / ".b.png-x.partial").write_text("half")
    return place / name


def say(journal, label, number):
    with opened_to_read(journal) as db:
        one = next(part for part in waiting_parts(db, journal) if part.part == number)
        answer(db, journal, one, label)


# --- what needs no far side


@given(st.text(max_size=20))
def test_no_host_is_ever_an_option_or_a_command(text):
    """Whatever is typed, what ssh gets as a host is a plain name."""
    try:
        place = Place.parse(text)
    except RemoteError:
        return
    assert not place.host.startswith("-")
    assert not set(place.host) & set(" ;|&$`'\"\\\n\t/")
    assert not place.below("x").startswith("-")


@pytest.mark.parametrize(
    ("text", "host", "path"),
    [
        ("far", "far", "./x"),
        ("pi@far:line", "pi@far", "./line/x"),
        ("pi@[fe80::1%eth0]:/srv/a b", "pi@[fe80::1%eth0]", "/srv/a b/x"),
        ("far:~/line/", "far", "./line/x"),
        ("far:-line", "far", "./-line/x"),
        ("far:/", "far", "/x"),
    ],
)
def test_places_are_read_as_scp_reads_them(text, host, path):
    """And a folder is never taken for an option."""
    place = Place.parse(text)
    assert (place.host, place.below("x")) == (host, path)


@pytest.mark.parametrize(
    "text", ["", "-oProxyCommand=x", "a b", "a/b:c", "pi@-x", "far\n", "a;b", "far:x\ny", "ssh://far", "::1"]
)
def test_hostile_hosts_are_refused_before_ssh_sees_them(tmp_path, text):
    """With what a host looks like."""
    done = run("pull", "--out", tmp_path / "out", "--", text)
    assert done.exit_code == 1
    assert "expected HOST" in done.output
    assert not (tmp_path / "out").exists()


def test_a_snapshot_taken_while_a_line_writes_is_whole(tmp_path):
    """It holds what was committed, and nothing of what was not."""
    journal, out = doubtful_run(tmp_path / "journal.sqlite"), tmp_path / "copy.sqlite"
    with closing(sqlite3.connect(journal, isolation_level=None)) as line:
        line.execute("BEGIN IMMEDIATE")
        line.execute("DELETE FROM parts")
        assert snapshot_journal(journal, out) == 3
    assert parts(out) == 3
    assert [path.name for path in tmp_path.glob("copy*")] == ["copy.sqlite"]
    with pytest.raises(DataError, match="expected a new file"):
        snapshot_journal(journal, out)
    with pytest.raises(DataError, match="expected another file than the journal itself"):
        snapshot_journal(journal, journal, replace=True)
    assert "copy.sqlite: 3 parts" in run("journal", "snapshot", journal, out, "--replace").output


def test_a_merge_keeps_what_people_said_to_both_copies(tmp_path):
    """In the order in which it was said, so that the last word counts."""
    line = doubtful_run(tmp_path / "journal.sqlite")
    copy, snapshot = tmp_path / "copy" / "journal.sqlite", tmp_path / "snapshot.sqlite"
    copy.parent.mkdir()
    snapshot_journal(line, snapshot)
    assert merge_journal(snapshot, copy) == 3
    shutil.copytree(tmp_path / "journal-pictures", copy.parent / "journal-pictures")
    say(line, "screw", 1)
    say(copy, "nut", 2)
    say(copy, "nut", 1)
    doubtful_run(line, (1, 2))
    snapshot_journal(line, snapshot, replace=True)
    assert merge_journal(snapshot, copy) == 2
    said = [(1, 1, "screw"), (1, 2, "nut"), (1, 1, "nut")]
    assert corrections(copy) == said
    assert merge_journal(snapshot, copy) == 0
    assert corrections(copy) == said


def test_another_line_s_record_is_not_mixed_in(tmp_path):
    """Run 1 of another line is another run."""
    one, other = doubtful_run(tmp_path / "one.sqlite"), doubtful_run(tmp_path / "other.sqlite", (1, 2, 3, 4))
    with pytest.raises(DataError, match="expected the record of the same line"):
        merge_journal(other, one)
    assert parts(one) == 3


def stand_in(folder, name, script):
    """A program that says what the real one says where there is no such trouble to be had."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


NO_ROUTE = "echo 'ssh: connect to host far port 22: No route to host' >&2; exit 255"
CONFUSED = "echo 'kex_exchange_identification: Connection closed by remote host' >&2; exit 255"
NO_RSYNC = "echo 'bash: line 1: rsync: command not found' >&2; echo 'rsync error: code 12' >&2; exit 12"
FULL = "echo 'rsync: write failed: No space left on device (28)' >&2; echo 'rsync error: code 11' >&2; exit 11"


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ({"ssh": NO_ROUTE}, "found: ssh: connect to host far port 22: No route to host; see whether it is switched on"),
        (
            {"ssh": CONFUSED},
            "found: kex_exchange_identification: Connection closed by remote host; try by hand: ssh far",
        ),
        ({"rsync": NO_RSYNC}, "far: expected rsync there, found none; sudo apt install rsync, there"),
        ({"rsync": FULL}, "found: rsync: write failed: No space left on device (28); what is there is whole"),
        ({"ssh": None}, "expected ssh on this computer, found none; sudo apt install openssh-client"),
        ({"rsync": None}, "expected rsync on this computer, found none; sudo apt install rsync"),
    ],
    ids=["no-route", "confused", "no-rsync-there", "full", "no-ssh", "no-rsync"],
)
def test_trouble_on_the_way_is_one_sentence(tmp_path, monkeypatch, programs, message):
    """With what ssh or rsync said of it, and a remedy."""
    for name, script in ({"ssh": "echo 1", "rsync": "exit 0"} | programs).items():
        if script is not None:
            stand_in(tmp_path / "bin", name, script)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    done = run("pull", "far:line", "--out", tmp_path / "out")
    assert done.exit_code == 1
    assert message in done.output.splitlines()[-1]


# --- over ssh


@pytest.mark.slow
def test_pull_brings_everything_once_and_then_what_is_new(far, home, tmp_path):
    """Spaces and quotes in names there; drafts stay there; what was said of the copy stays here."""
    out = tmp_path / "out put"
    journal = doubtful_run(home / "journal.sqlite")
    photograph(home)
    first = pull(far, out)
    assert first.exit_code == 0, first.output
    assert "3 new parts, 3 new pictures of doubtful parts, 1 new photographs" in first.output
    assert not list(out.rglob("*.partial"))
    say(out / "journal.sqlite", "screw", 1)
    again = pull(far, out)
    assert "0 new parts, 0 new pictures of doubtful parts, 0 new photographs" in again.output
    doubtful_run(journal, (1,))
    photograph(home, "c.png")
    third = pull(far, out)
    assert "1 new parts, 1 new pictures of doubtful parts, 1 new photographs" in third.output
    assert corrections(out / "journal.sqlite") == [(1, 1, "screw")]
    assert parts(out / "journal.sqlite") == 4
    assert sorted(path.name for path in home.iterdir()) == ["captures", "journal-pictures", "journal.sqlite"]


@pytest.mark.slow
def test_photographs_alone_need_no_edge_sort_there(far, home, tmp_path):
    """Only the record asks for it."""
    doubtful_run(home / "journal.sqlite")
    photograph(home)
    done = pull(far, tmp_path / "out", "--no-journal", "--edge-sort", "/nowhere/edge-sort")
    assert done.exit_code == 0, done.output
    assert "0 new parts, 0 new pictures of doubtful parts, 1 new photographs" in done.output


def interrupted(words, config, programs, limit, begun):
    """Run a command with a slow rsync, and send it Ctrl-C once it has begun."""
    stand_in(programs, "rsync", f'exec {shutil.which("rsync")} --bwlimit={limit} "$@"')
    code = "from edge.cli import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words), "--ssh-config", config],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not begun() and running.poll() is None:
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGINT)
    assert running.wait(60) != 0


@pytest.mark.slow
def test_an_interrupted_pull_leaves_no_half_file_and_goes_on(far, home, tmp_path):
    """Stopped in the middle of a large picture."""
    large = photograph(home)
    large.write_bytes(os.urandom(3_000_000))
    words = ["pull", f"far:{home}", "--out", tmp_path / "out", "--no-journal"]
    target = tmp_path / "out" / "captures" / "nut" / "s 1"
    interrupted(words, far.config(), tmp_path / "slow", 400, lambda: list(target.glob(".a.png.*")))
    assert not (target / "a.png").exists()
    done = pull(far, tmp_path / "out", "--no-journal")
    assert done.exit_code == 0, done.output
    assert (target / "a.png").read_bytes() == large.read_bytes()


@pytest.mark.slow
def test_an_interrupted_push_leaves_no_bundle_and_goes_on(far, home, tmp_path):
    """What has arrived of it waits in a hidden folder."""
    incoming = home / "pushed" / ".incoming"
    words = ["push", packaged_bundle(), f"far:{home}"]
    interrupted(words, far.config(), tmp_path / "slow", 20, lambda: list(incoming.glob("**/.*.tar.*")))
    assert [path.name for path in (home / "pushed").iterdir()] == [".incoming"]
    done = run(*words, config=far.config())
    assert "verified and unpacked" in done.output


@pytest.mark.slow
def test_a_pushed_bundle_lies_beside_whatever_runs(far, home):
    """Verified there, under its digest; a second time nothing travels."""
    digest = open_bundle(packaged_bundle()).digest
    running = home / "bundle"
    shutil.copytree(packaged_bundle(), running)
    for how in ("verified and unpacked", "was there already"):
        done = run("push", packaged_bundle(), f"far:{home}", config=far.config())
        assert done.exit_code == 0, done.output
        assert how in done.output
    assert open_bundle(home / "pushed" / digest[:16]).digest == digest
    assert sorted(path.name for path in (home / "pushed").iterdir()) == [".incoming", digest[:16]]
    assert not list((home / "pushed" / ".incoming").iterdir())


@pytest.mark.slow
def test_what_the_far_side_refuses_is_told_in_its_words(far, home):
    """And what was sent does not stay there."""
    digest = open_bundle(packaged_bundle()).digest
    (home / "pushed" / digest[:16]).mkdir(parents=True)
    (home / "pushed" / digest[:16] / "mine.txt").write_text("here before")
    done = run("push", packaged_bundle(), f"far:{home}", config=far.config())
    assert done.exit_code == 1
    assert "far: " in done.output
    assert "expected a new or empty folder to write to, found one in use" in done.output
    assert (home / "pushed" / digest[:16] / "mine.txt").is_file()
    assert not list((home / "pushed" / ".incoming").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"IdentityFile": "WORK/stranger"},
            "Permission denied (publickey).; let your key in there with: ssh-copy-id far",
        ),
        (
            {"UserKnownHostsFile": "/dev/null"},
            "Host key verification failed.; connect once by hand and compare its key",
        ),
        ({"UserKnownHostsFile": "WORK/changed"}, "find out why its key is another one before you connect"),
        ({"Port": "1"}, "Connection refused; switch ssh on there"),
        ({"HostName": "nowhere.invalid"}, "Could not resolve hostname nowhere.invalid"),
    ],
    ids=["wrong-key", "unknown-host", "changed-host", "no-sshd", "no-name"],
)
def test_a_far_side_that_cannot_be_reached_is_one_sentence(far, home, tmp_path, changes, message):
    """The host's key is always checked."""
    stranger = (far.work / "stranger.pub").read_text()
    (far.work / "changed").write_text(f"[127.0.0.1]:{far.port} {stranger}")
    changed = {key: value.replace("WORK", str(far.work)) for key, value in changes.items()}
    for words in (("pull", f"far:{home}", "--out", tmp_path / "out"), ("push", packaged_bundle(), f"far:{home}")):
        done = run(*words, config=far.config("other", **changed))
        assert done.exit_code == 1
        assert "far: expected a connection by ssh, found: " in done.output
        assert message in done.output
        assert len(done.output.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--edge-sort", "/nowhere/edge-sort"), "far: expected edge-sort there, found none; install it there"),
        (("--journal", "other.sqlite", "--captures", "none"), "expected other.sqlite nor none in"),
    ],
)
def test_a_far_side_without_what_is_needed_is_one_sentence(far, home, tmp_path, options, message):
    """With the option that helps."""
    doubtful_run(home / "journal.sqlite")
    done = pull(far, tmp_path / "out", *options)
    assert done.exit_code == 1
    assert message in done.output


@pytest.mark.slow
def test_a_folder_that_is_not_there_is_one_sentence(far, home, tmp_path):
    """In the far side's words."""
    done = pull(far, tmp_path / "out", folder=home / "no such")
    assert done.exit_code == 1
    assert "expected a folder" in done.output
    assert "no such" in done.output


@pytest.mark.slow
def test_a_damaged_bundle_is_not_sent(far, home, tmp_path):
    """It is verified here first."""
    shutil.copytree(packaged_bundle(), tmp_path / "bundle")
    (tmp_path / "bundle" / "model.tflite").write_bytes(b"damaged")
    done = run("push", tmp_path / "bundle", f"far:{home}", config=far.config())
    assert done.exit_code == 1
    assert "model.tflite" in done.output
    assert not list(home.iterdir())
