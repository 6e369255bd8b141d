"""`edge-sort run --web`, from the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import cli

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


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_emulated_line_runs_until_somebody_ends_it_and_then_reports(tmp_path, number):
    """The page answers meanwhile, and its process is gone afterwards."""
    program = [sys.executable, "-c", "from edge.cli import main; main()"]
    command = [*program, "run", "--emulate", "--web", "127.0.0.1:0", "--json"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as line:
        try:
            told = ""
            while "http://" not in told:
                told = line.stderr.readline()
                assert told, "ended early"
            address = re.search(r"http://\S+", told)[0]
            with urllib.request.urlopen(f"{address}api/line", timeout=30) as answer:
                assert json.load(answer)["facts"]["camera"] == "emulated"
            line.send_signal(number)
            out, err = line.communicate(timeout=30)
        finally:
            line.kill()
    assert line.returncode == 0
    assert json.loads(out)["ended_because"] == ("interrupted" if number == signal.SIGINT else "terminated")
    assert "Traceback" not in err
    with pytest.raises(urllib.error.URLError, match="refused"):
        urllib.request.urlopen(f"{address}api/line", timeout=2)
