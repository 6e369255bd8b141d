"""`edge-sort run --web`, from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from edge.cli import cli
from edge.emulated_world import packaged_bundle

ROOT = Path(__file__).resolve().parents[2]


def edge_sort(*arguments):
    return CliRunner().invoke(cli, list(arguments))


def test_a_port_that_is_taken_is_one_sentence_before_anything_moves(tmp_path, monkeypatch):
    """It names the port and another one."""
    monkeypatch.chdir(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = edge_sort("run", "--emulate", "--web", f":{taken.getsockname()[1]}")
    assert done.exit_code == 1
    assert "address already in use" in done.output
    assert "part " not in done.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--emulate", "--web", "--fast"], "leave out --fast"),
        (["--emulate", "--web", "0.0.0.0:0"], "edge-sort web token"),
        (["--emulate", "--web", "nonsense:x"], "expected HOST"),
        (["--web"], "expected --bundle and --machine"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_one_sentence(tmp_path, monkeypatch, arguments, words):
    """Before anything moves."""
    monkeypatch.chdir(tmp_path)
    done = edge_sort("run", *arguments)
    assert done.exit_code != 0
    assert words in done.output
    assert "Traceback" not in done.output


def test_an_unknown_key_of_the_web_table_is_named(tmp_path):
    """As in every table of the machine file."""
    path = tmp_path / "machine.toml"
    path.write_text(edge_sort("machine").output + "\n[web]\nprot = 80\n")
    done = edge_sort("plan", str(path))
    assert "unknown key 'web.prot'" in done.output


def test_tokens_are_made_listed_and_taken_away(tmp_path, monkeypatch):
    """A token is shown once; a name has one token."""
    monkeypatch.chdir(tmp_path)
    made = edge_sort("web", "token", "--role", "operator", "--name", "ada")
    assert re.match(r"([a-z2-7]{4}-){5}[a-z2-7]{4}\n", made.output)
    assert "found a token of 'ada'" in edge_sort("web", "token", "--role", "viewer", "--name", "ada").output
    assert "ada" in edge_sort("web", "list").output
    assert edge_sort("web", "revoke", "ada").exit_code == 0
    assert "found 'ada'" in edge_sort("web", "revoke", "ada").output


def test_a_run_without_a_page_loads_no_server():
    """Start and memory of `run` stay what they were."""
    code = (
        "import sys; from click.testing import CliRunner; from edge.cli import cli;"
        "done = CliRunner().invoke(cli, ['run', '--emulate', '--fast', '--count', '1']);"
        "assert done.exit_code == 0, done.output;"
        "print([name for name in ('fastapi', 'starlette', 'uvicorn', 'h11') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@contextmanager
def running(folder, *arguments):
    """Run `edge-sort run` in a folder until its page has an address; yield the process and that address."""
    # a shell that runs the tests in the background has its children ignore Ctrl-C
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    program = [sys.executable, "-c", f"{heed}; from edge.cli import main; main()"]
    command = [*program, "run", *arguments, "--web", "127.0.0.1:0", "--json"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as line:
        try:
            told = []
            while not (found := re.search(r"http://\S+", "".join(told))):
                told.append(line.stderr.readline())
                assert told[-1], f"ended early: {told}"
            yield line, found[0]
        finally:
            line.kill()


def shown(address):
    """What the page says of the line."""
    with urllib.request.urlopen(f"{address}api/line", timeout=30) as answer:
        return json.load(answer)


def ended(line, address, number):
    """End a line; return what it reports. Its page is gone then."""
    line.send_signal(number)
    out, err = line.communicate(timeout=30)
    assert line.returncode == 0, err
    assert "Traceback" not in err
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"{address}api/line", timeout=2)
    return json.loads(out)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "because"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_an_emulated_line_runs_until_somebody_ends_it_and_then_reports(tmp_path, number, because):
    """The page answers meanwhile, and its process is gone afterwards."""
    with running(tmp_path, "--emulate") as (line, address):
        assert shown(address)["facts"]["camera"] == "emulated"
        assert ended(line, address, number)["ended_because"] == because


def frames_of_passing_blocks(folder, passes):
    """Write a camera's folder: an empty belt, then one block after the other, as the same few files again and again."""
    folder.mkdir()
    for number in range(40 * passes):
        path = folder / f"{number:05d}.png"
        if number >= 40:
            path.hardlink_to(folder / f"{number % 40:05d}.png")
            continue
        image = np.full((120, 160, 3), 120, np.uint8)
        left = 10 * number - 140
        image[45:75, max(0, left) : max(0, left + 30)] = (200, 190, 60)
        Image.fromarray(image).save(path)


@pytest.mark.slow
def test_a_machine_s_line_is_shown_and_its_page_ends_with_it(tmp_path):
    """With a machine file: frames from a folder, gates on pretend pins in a process of their own."""
    table = {
        'kind = "picamera2"': 'kind = "folder"\nfolder = "frames"',
        "width_px = 640": "width_px = 160",
        "height_px = 480": "height_px = 120",
        "mm_per_px = 0.25": "mm_per_px = 1.0",
        "frame_rate_hz = 20.0": "frame_rate_hz = 10.0",
        'pin_factory = "lgpio"': 'pin_factory = "mock"',
    }
    text = edge_sort("machine").output
    for before, after in table.items():
        assert before in text
        text = text.replace(before, after)
    (tmp_path / "machine.toml").write_text(text)
    frames_of_passing_blocks(tmp_path / "frames", passes=60)

    with running(tmp_path, "--bundle", str(packaged_bundle()), "--machine", "machine.toml") as (line, address):
        assert shown(address)["facts"]["camera"] == "folder"
        until = time.monotonic() + 60
        while not (now := shown(address)["now"])["parts"]:
            assert time.monotonic() < until
            time.sleep(0.1)
        assert now["state"] == "Execute"
        report = ended(line, address, signal.SIGTERM)
    assert report["ended_because"] == "terminated"
    assert report["parts"] >= now["parts"]
    assert (tmp_path / "journal.sqlite").exists()
