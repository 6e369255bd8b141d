"""`edge-sort doctor` as the user sees it: aligned lines, stable JSON, an exit code."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from edge import doctor_host
from edge.cli import cli
from edge.doctor import CHECKS
from edge.machine_command import machine_text
from tests.edge.doctor_hosts import pi4


@pytest.fixture
def doctor(tmp_path, monkeypatch):
    """Run the command on a pretend computer."""
    (tmp_path / "machine.toml").write_text(machine_text(("nut",)))

    def run(*arguments, asked="", **wrong):
        computer = pi4(tmp_path / "pi", **wrong)
        monkeypatch.setattr(doctor_host, "Host", lambda: computer)
        arguments = [str(tmp_path / "machine.toml") if one == "FILE" else one for one in arguments]
        return CliRunner().invoke(cli, ["doctor", *arguments], input=asked)

    return run


def test_a_finding_is_one_line_and_its_mending_another(doctor):
    """Columns stand below each other; the last line sums up."""
    done = doctor("--machine", "FILE", closed=["/dev/media0"])
    lines = done.output.splitlines()
    assert done.exit_code == 1
    assert lines[0] == "computer"
    assert lines[1] == "  ok      board               Raspberry Pi 4 Model B Rev 1.5, aarch64"
    at = lines.index("  FAIL    group-video         pi may not open /dev/media0 (1 of 3)")
    assert lines[at + 1] == f"{'':30}mend: sudo usermod -aG video pi, then log in again"
    assert lines[-1] == "FAIL: 24 ok, 0 warn, 1 fail, 6 skipped"


def test_json_has_stable_keys(doctor):
    """One object; a row for each check."""
    done = doctor("--json", "--machine", "FILE")
    said = json.loads(done.output)
    assert done.exit_code == 0
    assert set(said) == {"ok", "counts", "checks"}
    assert said["ok"] is True
    assert set(said["counts"]) == {"ok", "warn", "fail", "skipped"}
    assert [row["name"] for row in said["checks"]] == [check.name for check in CHECKS]
    assert all(set(row) == {"name", "theme", "status", "found", "mend"} for row in said["checks"])


def test_a_warning_alone_does_not_fail(doctor):
    """The line runs."""
    assert doctor(children={"cameras": [{"model": "a"}, {"model": "b"}]}).exit_code == 0


def test_a_red_card_is_asked_for_only_when_wanted(doctor):
    """It needs the machine file, because that names the camera; the answer is not mixed into JSON."""
    assert doctor("--red-card").exit_code == 2


def test_the_red_card_is_looked_at_after_enter(doctor):
    """The question is on stderr."""
    done = doctor("--red-card", "--json", "--machine", "FILE", asked="\n")
    assert "Hold a red card" in done.stderr
    row = next(row for row in json.loads(done.stdout)["checks"] if row["name"] == "colour-order")
    assert row["status"] == "ok"
