"""`edge-sort doctor` finds every trap it knows on pretend computers, and never ends in a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edge.children import Ran
from edge.doctor import CHECKS, examine
from edge.doctor_host import PythonFacts
from edge.doctor_patient import admit
from edge.machine_command import machine_text
from tests.edge.doctor_hosts import CHILDREN, SOUND, host, pi4, pi5
from tests.edge.doctor_traps import CHIP, TRAPS

ROOT = Path(__file__).resolve().parents[2]
USB = {"/sys/bus/usb/devices/1-1/" + name: text for name, text in {"busnum": "1", "devnum": "5"}.items()}
EDGETPU = {**USB, "/sys/bus/usb/devices/1-1/idVendor": "18d1", "/sys/bus/usb/devices/1-1/idProduct": "9302"}
HOLDER = {"/proc/77/comm": "python3\n", "/proc/77/cmdline": "python3\0blink.py\0", "/proc/77/status": "PPid:\t1\n"}


@pytest.fixture
def machine_file(tmp_path):
    def write(**replaced):
        text = machine_text(("nut", "coin"))
        for old, new in replaced.items():
            text = re.sub(rf"^{old} = .*$", f"{old} = {new}", text, flags=re.M)
        path = tmp_path / "machine.toml"
        path.write_text(text)
        return path

    return write


def findings(host, machine=None, bundle=None, red_card=None):
    patient = admit(host, machine, bundle, red_card)
    return {result.check.name: result.finding for result in examine(patient)}


def open_device(host, pid, device):
    """Let a process hold a device."""
    folder = host.path(f"/proc/{pid}/fd")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "3").symlink_to(device)


@pytest.mark.parametrize("build", [pi4, pi5, lambda path: pi5(path, chip=4)])
def test_a_sound_pi_has_nothing_to_mend(tmp_path, machine_file, build):
    """Every check that concerns a line with a Pi camera says ok, on either numbering of a Pi 5's chips."""
    found = findings(build(tmp_path), machine_file(), tmp_path, lambda: None)
    skipped = {name for name, one in found.items() if one.status == "skipped"}
    assert {name: one for name, one in found.items() if one.status in ("warn", "fail")} == {}
    assert skipped == {"edgetpu-library", "edgetpu-device", "edgetpu-permission", "edgetpu-model"}


def test_another_computer_is_not_asked_for_a_pis_things(tmp_path):
    """Without a machine file, a desktop has no camera, no pins and no flags of a Pi to look at."""
    plain = PythonFacts((3, 12, 3), 64, "/usr/bin/python3", "/usr", "/usr", "x86_64")
    found = findings(host(tmp_path, None, python=plain))
    assert {name for name, one in found.items() if one.status not in ("ok", "skipped")} == set()
    for name in ("board", "picamera2", "camera", "pin-factory", "pins-free", "pin-persistence"):
        assert found[name].status == "skipped", name


@pytest.mark.parametrize(("check", "wrong", "status", "found", "mend"), TRAPS)
def test_every_trap_is_found_and_its_mending_told(tmp_path, machine_file, check, wrong, status, found, mend):
    """One thing is broken on a sound Pi 4; the check that looks there says so, and what to do."""
    told = findings(pi4(tmp_path, **wrong), machine_file(), tmp_path, lambda: None)[check]
    assert (told.status, found in told.found) == (status, True), told
    assert (told.mend is None) if mend is None else (mend in told.mend), told


def test_the_virtual_environment_that_hides_apts_packages_is_found(tmp_path, machine_file):
    """The command that mends it names the very file."""
    computer = pi4(tmp_path)
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\n")
    told = findings(computer, machine_file())["venv"]
    assert told.status == "fail"
    assert str(tmp_path / "venv" / "pyvenv.cfg") in told.mend


def test_a_pi_5_needs_lgpio(tmp_path, machine_file):
    """The other factories do not know its chip; they are refused before one is tried."""
    computer = pi5(tmp_path)
    told = findings(computer, machine_file(pin_factory='"rpigpio"'))["pin-factory"]
    assert (told.status, 'pin_factory = "lgpio"' in told.mend) == ("fail", True)
    assert not any("pin-factory" in call for call in computer.run.calls)


@pytest.mark.parametrize(("installed", "status"), [("2.0.1.post3", "ok"), ("2.0.2", "ok"), ("2.0.1", "fail")])
def test_an_old_gpiozero_is_found(tmp_path, machine_file, monkeypatch, installed, status):
    """It opens the wrong chip on a Pi 5."""
    monkeypatch.setattr("edge.doctor_gpio.version", lambda _name: installed)
    told = findings(pi5(tmp_path), machine_file())["gpiozero"]
    assert (told.status, installed in told.found) == (status, True)


def test_gpiozeros_own_variable_is_told_to_count_for_nothing(tmp_path, machine_file):
    """The machine file decides; somebody who set the variable may believe otherwise."""
    told = findings(pi4(tmp_path, environ={"GPIOZERO_PIN_FACTORY": "pigpio"}), machine_file())["pin-factory"]
    assert (told.status, told.found) == ("ok", "lgpio works (GPIOZERO_PIN_FACTORY=pigpio does not count here)")


def test_pretend_pins_are_told(tmp_path, machine_file):
    """A line on mock pins runs and moves nothing: somebody may have forgotten."""
    found = findings(pi4(tmp_path), machine_file(pin_factory='"mock"'))
    assert found["pin-factory"].status == "warn"
    assert found["pin-persistence"].found == "the machine file's pins are mock ones, on no chip"


@pytest.mark.parametrize(
    ("cmdline", "status", "words"),
    [("python3\0blink.py\0", "fail", "kill 77"), ("venv/bin/edge-sort\0run\0", "warn", "while the line is stopped")],
)
def test_who_holds_a_busy_pin_is_named(tmp_path, machine_file, cmdline, status, words):
    """Another program is to be ended; the line itself is none, nor is its gate process."""
    files = {**HOLDER, "/proc/77/cmdline": cmdline, "/proc/78/comm": "python3", "/proc/78/status": "PPid:\t77\n"}
    computer = pi4(tmp_path, files, children={"pins": [CHIP]})
    open_device(computer, 77, "/dev/gpiochip0")
    told = findings(computer, machine_file())["pins-free"]
    assert (told.status, words in told.mend) == (status, True)
    assert "pin 17 (gate nut) by lg" in told.found
    assert "python3 (77) holds the chip" in told.found


def test_busy_pins_are_found_in_the_kernels_table_too(tmp_path, machine_file):
    """Root can read it where lgpio is missing; its numbers start anywhere."""
    table = (
        "gpiochip10: GPIOs 570-601, parent: platform/x, brcmstb:\n"
        " gpio-587 (-                   |other               ) in\n"
        "gpiochip0: GPIOs 512-569, parent: platform/fe200000.gpio, pinctrl-bcm2711:\n"
        " gpio-512 (ID_SDA              )\n gpio-529 (GPIO17              |relay               ) out lo\n"
    )
    computer = pi4(tmp_path, {"/sys/kernel/debug/gpio": table}, children={"pins": ImportError("no lgpio")})
    told = findings(computer, machine_file())["pins-free"]
    assert told.status == "fail"
    assert "pin 17 (gate nut) by relay in use" in told.found


@pytest.mark.parametrize(("name", "status"), [("rpicam-vid", "fail"), ("wireplumber", "ok")])
def test_who_holds_the_camera_is_named(tmp_path, machine_file, name, status):
    """PipeWire's manager lists cameras without using one."""
    computer = pi4(tmp_path, {"/proc/81/comm": name, "/proc/81/cmdline": name})
    open_device(computer, 81, "/dev/media0")
    told = findings(computer, machine_file())["camera-free"]
    assert told.status == status
    assert (told.mend == "kill 81") is (status == "fail")


@pytest.mark.parametrize(
    ("wrong", "status", "words"),
    [
        ({}, "ok", "/dev/video0 gives frames"),
        ({"files": {"/dev/video0": None}}, "fail", "/dev/video0 is not there"),
        ({"closed": ["/dev/video0"]}, "fail", "may not be opened by pi"),
        ({"children": {"opencv": ImportError("No module named 'cv2'")}}, "fail", "OpenCV is missing"),
        ({"children": {"opencv": ValueError("it opens, but gives no frame")}}, "fail", "no frame"),
    ],
)
def test_a_webcam_is_looked_at_in_its_own_way(tmp_path, machine_file, wrong, status, words):
    """Present, allowed, and giving frames; picamera2 is then of no interest."""
    path = machine_file()
    path.write_text(path.read_text().replace('"picamera2"', '"usb"'))
    found = findings(pi4(tmp_path, **wrong), path)
    assert (found["camera"].status, words in found["camera"].found) == (status, True)
    assert found["picamera2"].status == "skipped"


EDGETPU_TRAPS = [
    ("edgetpu-library", {"children": {"edgetpu-library": OSError("cannot open shared object file")}}, "does not load"),
    ("edgetpu-device", {"files": {}}, "none on USB"),
    ("edgetpu-permission", {"closed": ["/dev/bus/usb/001/005"]}, "pi may not open /dev/bus/usb/001/005"),
    ("edgetpu-model", {"children": {"edgetpu": Ran(-11)}}, "ended by SIGSEGV"),
]


@pytest.mark.parametrize(("check", "wrong", "words"), EDGETPU_TRAPS)
def test_each_step_to_an_edge_tpu_is_looked_at(tmp_path, machine_file, check, wrong, words):
    """Library, device, permission, and a compiled model that runs: the stock library ends the process there."""
    (tmp_path / "model_edgetpu.tflite").write_bytes(b"compiled")
    machine = machine_file(accelerator='"edgetpu"')
    sound = findings(pi4(tmp_path / "sound", EDGETPU), machine, tmp_path)
    assert {sound[name].status for name, _, _ in EDGETPU_TRAPS} == {"ok"}
    told = findings(pi4(tmp_path / "broken", **{"files": EDGETPU, **wrong}), machine, tmp_path)[check]
    assert (told.status, words in told.found, told.mend is not None) == ("fail", True, True), told


def test_a_machine_file_that_cannot_be_read_is_one_finding(tmp_path):
    """The other checks go on as without it."""
    (tmp_path / "machine.toml").write_text("[belt]\nspeed = 3\n")
    for path in (tmp_path / "machine.toml", tmp_path / "none.toml", tmp_path):
        found = findings(pi4(tmp_path / f"pi{path.name}"), path)
        assert found["machine-file"].status == "fail"
        assert {name for name, one in found.items() if one.status == "fail"} == {"machine-file"}


@pytest.mark.parametrize("content", ["", "\0\n", "garbage of any kind (|)", "-1", "9" * 40, "/ / / /\n: : :"])
def test_files_that_say_something_else_are_no_traceback(tmp_path, machine_file, content):
    """Whatever a kernel writes there, and whatever children and commands end with, each check has its finding."""
    children = dict.fromkeys(CHILDREN, Ran(0, content))
    computer = pi4(tmp_path, dict.fromkeys(SOUND, content), children=children)
    found = findings(computer, machine_file(), tmp_path, lambda: None)
    assert list(found) == [check.name for check in CHECKS]
    assert all(one.found for one in found.values())


def test_nothing_of_the_camera_or_the_pins_is_loaded_here(tmp_path, machine_file, monkeypatch):
    """Whatever crashes, crashes in a child: this process asks for none of these modules."""
    import sys

    for name in ("picamera2", "libcamera", "lgpio", "ai_edge_litert", "cv2"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it would raise
    found = findings(pi4(tmp_path), machine_file(), tmp_path, lambda: None)
    assert not [name for name, one in found.items() if one.status == "fail"]


def test_the_page_of_the_doctor_lists_every_check():
    """docs/doctor.md has a row for each check of the table, in its order, and no other."""
    page = (ROOT / "docs" / "doctor.md").read_text()
    assert re.findall(r"^\| `([\w-]+)` \|", page, re.M) == [check.name for check in CHECKS]
