"""The command line: quick, without TensorFlow, and every error one sentence."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edge import cli as cli_module
from edge.cli import COMMANDS, cli
from edge.errors import BundleError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def command(monkeypatch):
    """Put a command of the test's own into the table."""

    def put(action):
        @click.command("probe")
        def probe():
            action()

        monkeypatch.setattr(cli_module, "probe_command", probe, raising=False)
        monkeypatch.setitem(COMMANDS, "probe", ("edge.cli:probe_command", "Probe."))
        return CliRunner().invoke(cli, ["probe"])

    return put


def test_help_lists_every_command_without_loading_one():
    """`edge-sort --help` imports neither TensorFlow nor NumPy nor any command."""
    script = (
        "import sys; from click.testing import CliRunner; from edge.cli import cli, COMMANDS\n"
        "shown = CliRunner().invoke(cli, ['--help']).output\n"
        "assert all(name in shown for name in COMMANDS), shown\n"
        "print([name for name in ('tensorflow', 'keras', 'numpy', 'PIL', 'gpiozero') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_explains_itself_without_tensorflow(name):
    """--help of each command works where the desktop extra is missing."""
    script = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'sklearn', 'matplotlib', 'jinja2', 'rich'): sys.modules[name] = None\n"
        "from click.testing import CliRunner; from edge.cli import cli\n"
        f"done = CliRunner().invoke(cli, [{name!r}, '--help'])\n"
        "assert done.exit_code == 0 and 'Usage' in done.output, done.output\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def fail(error):
    raise error


def test_an_error_of_ours_is_one_sentence_and_exit_code_1(command):
    """No traceback, and the message as it was written."""
    done = command(lambda: fail(BundleError("expected this, found that; do so")))
    assert done.exit_code == 1
    assert done.output == "Error: expected this, found that; do so\n"


def test_a_full_disk_is_said(command):
    """An error of the system names the path and the remedy."""
    done = command(lambda: fail(OSError(errno.ENOSPC, "No space left on device", "out/model.tflite")))
    assert done.exit_code == 1
    assert "the disk is full at out/model.tflite" in done.output


def test_an_unknown_command_is_a_usage_error():
    """Exit code 2, as for every wrong call."""
    assert CliRunner().invoke(cli, ["sortt"]).exit_code == 2


def test_sigterm_leaves_nothing_half_written(tmp_path):
    """A command that is ended in the middle of its work takes its draft away, says so, and exits as the signal says."""
    command = [sys.executable, "-c", "from edge.cli import main; main()", "parts", "out", "--count", "100000"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        for _ in range(2000):
            if any(tmp_path.glob(".out-*.partial/*/*.png")):
                break
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGTERM
        assert process.stderr is not None
        assert process.stderr.read().endswith(b"\nEnded by SIGTERM.\n")
    assert list(tmp_path.iterdir()) == []
