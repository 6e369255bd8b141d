"""scripts/install-pi.sh: sound shell, and nothing is changed before everything it needs to know is known."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "install-pi.sh"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="there is no shellcheck (Debian: shellcheck)")
def test_shellcheck_has_nothing_to_say():
    """Not even a hint."""
    done = subprocess.run(["shellcheck", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.fixture
def install(tmp_path):
    """Run the script on a computer whose commands only note that they were called."""
    commands = {
        "id": 'case $1 in -u) echo "${ASKED_UID:-1000}";; -un) echo pi;; *) echo "pi gpio";; esac',
        "dpkg": 'echo "${ARCH:-arm64}"',
        "df": 'printf "head\\n/dev/x 1 1 ${FREE:-9000} 1%% /\\n"',
        "sudo": 'echo "sudo $*" >> "$NOTES"; exit 1',
        "apt-get": "exit 1",
    }
    for name, body in commands.items():
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    notes = tmp_path / "notes"

    def run(*arguments, asked="", **variables):
        given = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), "NOTES": str(notes), **variables}
        done = subprocess.run(
            ["sh", SCRIPT, *arguments],
            input=asked,
            capture_output=True,
            text=True,
            check=False,
            env=given,
            cwd=tmp_path,
        )
        return done, notes.read_text() if notes.exists() else ""

    return run


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        (["--venvv"], {}, "expected an option, found '--venvv'"),
        (["--venv"], {}, "--venv needs a value"),
        (["--machine", "/etc/hosts"], {}, "both --machine FILE and --bundle DIR"),
        (["--machine", "none.toml", "--bundle", "/etc"], {}, "expected none.toml to be there"),
        ([], {"ASKED_UID": "0"}, "found root; run it without sudo"),
        ([], {"ARCH": "armhf"}, "expected a 64-bit system, found armhf"),
        ([], {"FREE": "200"}, "expected 1500 MB free"),
        ([], {}, "nothing was changed"),
    ],
)
def test_a_wrong_start_is_one_sentence_and_changes_nothing(install, arguments, variables, words):
    """Options, user, system and disk are looked at first, and then a person is asked."""
    done, notes = install(*arguments, **variables)
    assert (done.returncode, done.stderr.count("Error:"), words in done.stderr) == (1, 1, True), done.stderr
    assert notes == ""


def test_it_begins_when_a_person_says_yes(install):
    """With the package lists; when that fails the script ends there."""
    done, notes = install(asked="y\n")
    assert done.returncode != 0
    assert notes.splitlines() == ["sudo apt-get update -q"]


def test_it_explains_itself(install):
    """--help prints the head of the file."""
    done, _ = install("--help")
    assert done.returncode == 0
    assert "sh scripts/install-pi.sh --machine machine.toml --bundle bundle" in done.stdout
    assert "#" not in done.stdout.replace("# install", "").replace("# then", "")
    assert os.access(SCRIPT, os.R_OK)
