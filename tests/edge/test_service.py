"""`edge-sort service`: a unit that systemd understands, written whole, taken away again, and its state told."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.children import Ran
from edge.cli import cli
from edge.emulated_world import packaged_bundle
from edge.errors import MachineError
from edge.machine_command import machine_text
from edge.real_time import PRIORITY
from edge.service_install import Target, install, uninstall
from edge.service_status import read_status
from edge.service_unit import MARK, WATCHDOG_S, Unit, command
from edge.service_user import require_user

SYSTEMD = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(SYSTEMD is None, reason="there is no systemd-analyze (Debian: systemd)")


@pytest.fixture
def system(tmp_path):
    """Another system below a folder: a user pi, a program, a machine file and a bundle in its home."""
    root = tmp_path / "card"
    home, etc = root / "home/pi", root / "etc"
    (home / "venv/bin").mkdir(parents=True)
    etc.mkdir()
    (etc / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\npi:x:1000:1000::/home/pi:/bin/bash\n")
    (etc / "group").write_text("root:x:0:\npi:x:1000:\nvideo:x:44:pi\ngpio:x:993:pi\nstaff:x:50:\n")
    (home / "venv/bin/edge-sort").write_text("#!/home/pi/venv/bin/python\n")
    shutil.copytree(packaged_bundle(), home / "bundle")
    (home / "machine.toml").write_text(machine_text(("nut", "coin")))
    return root


def service(*arguments):
    return CliRunner().invoke(cli, ["service", *map(str, arguments)])


def install_in(system, *more, machine="/home/pi/machine.toml", user="pi"):
    given = ["--root", system, "--machine", machine, "--bundle", "/home/pi/bundle", "--user", user]
    return service("install", *given, "--program", "/home/pi/venv/bin/edge-sort", *more)


def settings(text):
    """Return a unit's settings: key -> its values."""
    found = {}
    for line in text.splitlines():
        if line and line[0] not in "#[":
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_starts_the_line_and_rests_its_gates(system):
    """With the paths of the system it is for, as the user asked for, in the groups that this system has."""
    done = install_in(system)
    assert done.exit_code == 0, done.output
    unit = settings((system / "etc/systemd/system/edge-sort.service").read_text())
    program = "/home/pi/venv/bin/edge-sort"
    assert unit["ExecStart"] == [f"{program} run --bundle /home/pi/bundle --machine /home/pi/machine.toml"]
    assert unit["ExecStopPost"] == [f"{program} gate rest --machine /home/pi/machine.toml"]
    assert (unit["User"], unit["SupplementaryGroups"]) == (["pi"], ["gpio video"])
    link = system / "etc/systemd/system/multi-user.target.wants/edge-sort.service"
    assert link.resolve() == system / "etc/systemd/system/edge-sort.service"


def test_the_unit_asks_for_what_the_line_needs(system):
    """Notification, a watchdog, bounded restarts, a place to write, real time: each by name."""
    install_in(system)
    unit = settings((system / "etc/systemd/system/edge-sort.service").read_text())
    expected = {
        "Type": "notify", "NotifyAccess": "main", "WatchdogSec": str(WATCHDOG_S), "Restart": "on-failure",
        "StartLimitBurst": "5", "StartLimitIntervalSec": "600", "StateDirectory": "edge-sort",
        "WorkingDirectory": "/var/lib/edge-sort", "LimitRTPRIO": str(PRIORITY), "LimitMEMLOCK": "infinity",
        "RestrictRealtime": "no", "KillMode": "control-group", "NoNewPrivileges": "yes", "ProtectSystem": "strict",
    }  # fmt: skip
    assert {key: unit[key] for key in expected} == {key: [value] for key, value in expected.items()}
    assert "char-gpiochip rw" in unit["DeviceAllow"]
    assert "PrivateDevices" not in unit


def test_options_of_run_travel_along_and_what_they_write_to_is_writable(system):
    """A journal with a path from / on has its folder opened; one without is in the service's own."""
    (system / "data").mkdir()
    done = install_in(system, "--", "--journal", "/data/record 1.sqlite", "--require-signed", "/home/pi/line.pub")
    assert done.exit_code == 0, done.output
    unit = settings((system / "etc/systemd/system/edge-sort.service").read_text())
    assert unit["ReadWritePaths"] == ["/data"]
    assert unit["ExecStart"][0].endswith('--journal "/data/record 1.sqlite" --require-signed /home/pi/line.pub')


def test_a_dry_run_prints_the_unit_and_writes_nothing(system):
    """The unit alone is on stdout."""
    done = install_in(system, "--dry-run")
    assert done.stdout.startswith(MARK)
    assert done.stdout.endswith("WantedBy=multi-user.target\n")
    assert not (system / "etc/systemd").exists()


def test_installing_again_replaces_and_uninstalling_removes(system):
    """Twice is as good as once, and the record's folder is nobody's to remove."""
    install_in(system)
    assert install_in(system, "--", "--journal", "other.sqlite").exit_code == 0
    unit = system / "etc/systemd/system/edge-sort.service"
    assert "other.sqlite" in unit.read_text()
    assert sorted(path.name for path in unit.parent.iterdir()) == ["edge-sort.service", "multi-user.target.wants"]
    done = service("uninstall", "--root", system)
    assert (done.exit_code, "the record stays" in done.output) == (0, True)
    assert not unit.exists()
    assert not list(unit.parent.glob("*.wants/*"))
    assert "nothing to do" in service("uninstall", "--root", system).output


@pytest.mark.parametrize("action", ["install", "uninstall"])
def test_a_unit_of_somebody_else_is_left_alone(system, action):
    """It does not begin as ours do."""
    unit = system / "etc/systemd/system/edge-sort.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/true\n")
    done = install_in(system) if action == "install" else service("uninstall", "--root", system)
    assert done.exit_code == 1
    assert "expected a unit that edge-sort wrote" in done.output
    assert unit.read_text() == "[Service]\nExecStart=/bin/true\n"


def _closed(system):
    (system / "home/pi").chmod(0o700)
    (system / "etc/passwd").write_text("pi:x:1001:1001::/home/pi:/bin/bash\n")


def _edited(old, new):
    def edit(system):
        path = system / "home/pi/machine.toml"
        path.write_text(path.read_text().replace(old, new))

    return edit


REFUSED = [
    (None, {"user": "ann"}, [], "expected a user of this system, found 'ann'"),
    (None, {"machine": "machine.toml"}, [], "expected a path from / on"),
    (None, {"machine": "/home/pi/none.toml"}, [], "expected a machine file, found none"),
    (None, {}, ["--program", "/usr/bin/edge-sort"], "give its path with --program"),
    (None, {}, ["--", "--journal", "/no/such/j.sqlite"], "expected a folder for the line to write to"),
    (_edited('labels = ["nut"]', 'labels = ["bolt"]'), {}, [], "expected labels of the bundle"),
    (_edited('kind = "picamera2"', 'kind = "emulated"'), {}, [], "expected a camera that sees parts"),
    (
        _edited("[belt]", '[mqtt]\nhost = "b"\nline = "l"\nusername = "u"\npassword_file = "secret"\n[belt]'),
        {},
        [],
        "mqtt.password_file: expected a path from / on",
    ),
    (
        _edited('kind = "picamera2"', 'kind = "folder"\nfolder = "frames"'),
        {},
        [],
        "camera.folder: expected a path from / on",
    ),
    (_closed, {}, [], "is closed to pi"),
]


@pytest.mark.parametrize(("change", "given", "more", "words"), REFUSED)
def test_what_would_not_run_is_not_installed(system, change, given, more, words):
    """One sentence, exit code 1, nothing written."""
    if change is not None:
        change(system)
    done = install_in(system, *more, **given)
    assert (done.exit_code, words in done.output) == (1, True), done.output
    assert not (system / "etc/systemd").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--", "--emulate"], "a service sorts on the machine"),
        (["--", "--jurnal", "j"], "No such option"),
        (["--", "--require-signed", "line.pub"], "a path from / on"),
        (["--name", "../etc/passwd"], "no name of a service"),
        (["--root", "/no/such/folder"], "does not exist"),
    ],
)
def test_wrong_options_are_usage_errors(system, more, words):
    """Those of `run` are read as `run` reads them."""
    done = install_in(system, *more)
    assert (done.exit_code, words in done.output) == (2, True), done.output


@pytest.mark.parametrize(("sudo_user", "runs_as"), [("pi", "pi"), ("root", None), (None, None)])
def test_the_line_runs_as_who_called_sudo_and_never_as_root_unasked(system, monkeypatch, sudo_user, runs_as):
    """root is a user one has to ask for by name."""
    monkeypatch.delenv("SUDO_USER", raising=False)
    if sudo_user:
        monkeypatch.setenv("SUDO_USER", sudo_user)
    if runs_as is None:
        with pytest.raises(MachineError, match="--user NAME"):
            require_user(system, None, os.environ.get("SUDO_USER"))
        assert require_user(system, "root", None).uid == 0
    else:
        assert require_user(system, None, os.environ["SUDO_USER"]).gids == {1000, 44, 993}


ODD = Path('/tmp/a b/100%h/$HOME/it\'s/"x";/~ü')


def unit(**changes):
    given = {
        "name": "edge-sort", "user": "root", "program": Path("/bin/true"), "machine": ODD / "machine.toml",
        "arguments": ["--machine", str(ODD / "machine.toml")], "pin_factory": "lgpio", "groups": (),
    }  # fmt: skip
    return Unit(**{**given, **changes})


def test_odd_paths_stay_what_they_are():
    """Blanks, quotes, $ and % mean something to systemd; every word comes out of its rules as it went in."""
    line = command(["/bin/x y", str(ODD), "", "a\\b", "$$", "plain"])
    words = [word.replace("%%", "%") for word in shlex.split(line)]
    assert [words[0], *(word.replace("$$", "$") for word in words[1:])] == [
        "/bin/x y", str(ODD), "", "a\\b", "$$", "plain",
    ]  # fmt: skip


@pytest.mark.parametrize("path", ["/a\nExecStart=/bin/evil", "/a\x1b[2J", "/a\x00"])
def test_a_path_that_no_unit_can_hold_is_refused(path):
    """A line end in a name would begin another setting."""
    with pytest.raises(MachineError, match="a unit file can hold"):
        _ = unit(arguments=["--journal", path]).text


@pytest.mark.parametrize("name", ["it's", 'a"b', "a\\b"])
def test_a_program_that_systemd_cannot_start_is_refused(name):
    """It takes no quotes in a program's path, however they are written."""
    with pytest.raises(MachineError, match="quotes or backslashes"):
        _ = unit(program=Path("/opt") / name / "edge-sort").text


def written(tmp_path, **changes):
    path = tmp_path / "edge-sort.service"
    path.write_text(unit(**changes).text)
    return path


@needs_systemd
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path):
    """Not even with the program and the machine file in a folder with an odd name."""
    folder = tmp_path / "a b" / "100%h$HOME;x"
    folder.mkdir(parents=True)
    program = folder / "edge-sort"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = written(tmp_path, program=program, groups=("root",), writable=(folder,))
    done = subprocess.run([SYSTEMD, "verify", "--man=no", path], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if "edge-sort" in line] == []
    path.write_text(path.read_text().replace("WatchdogSec=", "WatchdogSecs="))  # it does look
    done = subprocess.run([SYSTEMD, "verify", "--man=no", path], capture_output=True, text=True, check=False)
    assert "WatchdogSecs" in done.stderr


@needs_systemd
def test_little_is_open_to_the_service(tmp_path):
    """systemd's own count of what a service could do: 10 for one without any hardening, below 3 for this one."""
    path = written(tmp_path, user="pi", machine=Path("/m.toml"))
    done = subprocess.run([SYSTEMD, "security", "--offline=yes", path], capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze cannot judge a file (it is older than 250)")
    exposure = re.search(r"Overall exposure level for edge-sort.service: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert float(exposure.group(1)) < 3.0


@pytest.mark.parametrize(("factory", "nodes"), [("lgpio", []), ("rpigpio", ["/dev/gpiomem rw"])])
def test_only_what_needs_it_may_reach_the_pins_past_the_kernel(factory, nodes):
    """RPi.GPIO writes to the chip's memory; lgpio does not."""
    allowed = settings(unit(pin_factory=factory).text)["DeviceAllow"]
    assert [node for node in allowed if "gpiomem" in node] == nodes


class Systemctl:
    """Notes what it is asked; answers as told."""

    def __init__(self, **answers):
        self.asked, self.answers = [], answers

    def __call__(self, words, timeout_s):
        self.asked.append(tuple(words))
        return self.answers.get(words[1], Ran(0))


def test_a_running_systemd_is_told(tmp_path):
    """It reads its files again after each change, and stops the line before the unit goes."""
    run = Systemctl(verify=Ran(1, err="edge-sort.service:9: Unknown key\nother.service: odd\n"))
    target = Target(tmp_path, live=True, run=run)
    assert install(target, unit())[1:] == ["Warning: edge-sort.service:9: Unknown key"]
    assert run.asked[0] == ("systemctl", "daemon-reload")
    run.asked.clear()
    uninstall(target, "edge-sort")
    assert run.asked == [("systemctl", "stop", "edge-sort"), ("systemctl", "daemon-reload")]


def test_a_systemctl_that_fails_is_one_sentence(tmp_path):
    """With what it said last."""
    target = Target(tmp_path, live=True, run=Systemctl(**{"daemon-reload": Ran(1, err="Access denied\n")}))
    with pytest.raises(MachineError, match="daemon-reload` to work, found: exit code 1: Access denied"):
        install(target, unit())


RUNNING = """ActiveState=active
SubState=running
StatusText=sorting; 12 parts, 1 rejected
Result=success
NRestarts=2
ActiveEnterTimestamp=Mon 2026-01-05 06:00:00 UTC
"""


@pytest.mark.parametrize(
    ("said", "active", "words"),
    [
        (Ran(0, RUNNING), True, "started again 2 times: sorting; 12 parts, 1 rejected"),
        (
            Ran(0, "ActiveState=failed\nResult=watchdog\n"),
            False,
            "failed, starts with the system (watchdog); see why: journalctl",
        ),
        (Ran(0, "ActiveState=inactive\n"), False, "start it with: sudo systemctl start edge-sort"),
        (Ran(1, err="System has not been booted with systemd"), False, "whether it runs cannot be asked"),
        (Ran(None, missing=True), False, "whether it runs cannot be asked"),
    ],
)
def test_the_state_is_told_with_what_to_do(tmp_path, said, active, words):
    """What the line says of itself is among it."""
    target = Target(tmp_path, live=True, run=Systemctl(show=said))
    install(target, unit())
    status = read_status(target, "edge-sort")
    assert (status.active, words in status.sentence) == (active, True), status.sentence


def test_the_state_has_an_exit_code_and_json(system):
    """3 when it does not run, as systemctl has it."""
    done = service("status", "--root", system, "--json")
    assert done.exit_code == 3
    said = json.loads(done.output)
    assert (said["installed"], said["active"], said["name"]) == (False, False, "edge-sort")


def test_this_systems_systemd_is_not_asked_about_another_system(tmp_path):
    """The card that is mounted here may have a line of the same name."""
    run = Systemctl()
    assert read_status(Target(tmp_path, run=run), "edge-sort").state == "unknown"
    assert run.asked == []
