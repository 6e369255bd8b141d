"""Checks of the pins: the library, the chip, who holds what, and what becomes of a pin when its process dies."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge.doctor_findings import Finding, fail, ok, skipped, warn
from edge.doctor_holders import holders
from edge.doctor_patient import Patient

_GPIOZERO = "2.0.1.post3"  # knows both numberings of a Pi 5's chips
_NO_MACHINE = "no pins are to be driven (give --machine FILE)"
_MOCK = "the machine file's pins are mock ones, on no chip"
_NONE = "the machine file uses no pin of this computer"
_NO_CHIP = "no /dev/gpiochip* here"
_ON_PI5 = frozenset({"lgpio", "mock"})
_CHIP_LABELS = re.compile(r"pinctrl-(bcm2\d+|rp1)")


def gpiozero(patient: Patient) -> Finding:
    """Compare gpiozero's version with the oldest that knows the Pi 5's chips."""
    if patient.pin_factory is None:
        return skipped(_no_pins(patient))
    try:
        found = version("gpiozero")
    except PackageNotFoundError:
        return fail("gpiozero is missing", f"pip install 'gpiozero>={_GPIOZERO}'")
    if _numbers(found) < _numbers(_GPIOZERO):
        return fail(
            f"gpiozero {found}; expected {_GPIOZERO} or later", f"pip install --upgrade 'gpiozero>={_GPIOZERO}'"
        )
    return ok(f"gpiozero {found}")


def _no_pins(patient: Patient) -> str:
    if patient.machine is None:
        return _NO_MACHINE
    return _MOCK if patient.pin_factory == "mock" else _NONE


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def pin_factory(patient: Patient) -> Finding:
    """Let a child process open the pin factory the machine file asks for. No pin is claimed."""
    name, environ = patient.pin_factory, patient.host.environ.get("GPIOZERO_PIN_FACTORY")
    if name is None:
        return skipped(_no_pins(patient))
    if patient.is_pi5 and name not in _ON_PI5:
        return fail(
            f"gpio.pin_factory is {name}, which does not know a Raspberry Pi 5",
            'write pin_factory = "lgpio" into [gpio] of the machine file',
        )
    said = patient.host.ask("pin-factory", name)
    if said.problem is not None:
        return fail(said.problem, _install(name))
    if name == "mock":
        return warn("mock: no real pin moves", 'write pin_factory = "lgpio" into [gpio] of the machine file')
    aside = f" (GPIOZERO_PIN_FACTORY={environ} does not count here)" if environ not in (None, name) else ""
    return ok(f"{name} works{aside}")


def _install(name: str) -> str:
    return "pip install '.[pi]'" if name == "lgpio" else f'pip install {name}, or pin_factory = "lgpio" in [gpio]'


def gpio_chip(patient: Patient) -> Finding:
    """Look which chip the header's pins are on: 0, and on some kernels 4 on a Pi 5."""
    if not patient.drives_pins:
        return skipped(_no_pins(patient))
    number = chip_number(patient)
    if number is None:
        return fail(_NO_CHIP, 'use a Raspberry Pi, or pin_factory = "mock" in [gpio]')
    chip, problem = _read_chip(patient, number)
    if chip is None:
        return skipped(f"/dev/gpiochip{number} is there, but cannot be asked: {problem}")
    label = chip["label"]
    if patient.board is not None and not _CHIP_LABELS.search(label):
        return fail(
            f"pins are looked for on /dev/gpiochip{number}, which is {label!r} and not the header",
            "sudo apt update && sudo apt full-upgrade, and reboot",
        )
    return ok(f"/dev/gpiochip{number} is {label}")


def chip_number(patient: Patient) -> int | None:
    """Return the number of the chip that gpiozero opens for the header's pins; None where there is none."""
    numbers = {int(node.name.removeprefix("gpiochip")) for node in patient.host.glob("/dev/gpiochip[0-9]*")}
    wanted = 4 if patient.is_pi5 and 4 in numbers else 0
    return wanted if wanted in numbers else None


def _read_chip(patient: Patient, number: int) -> tuple[dict[str, Any] | None, str]:
    said = patient.host.ask("pins", str(number))
    if said.problem is not None:
        return None, said.problem
    (chip,) = said.value
    return (None, chip["problem"]) if "problem" in chip else (chip, "")


def pins_free(patient: Patient) -> Finding:
    """Look whether the machine file's pins are free, and who uses those that are not."""
    number = chip_number(patient)
    if not patient.drives_pins or not patient.pins:
        return skipped(_no_pins(patient))
    if number is None:
        return skipped(_NO_CHIP)
    used, problem = _used_lines(patient, number)
    if used is None:
        return skipped(f"it cannot be seen who uses which pin: {problem}")
    busy = {pin: use for pin, use in patient.pins.items() if str(pin) in used}
    if not busy:
        return ok(f"pins {', '.join(map(str, sorted(patient.pins)))} are free")
    lines = ", ".join(f"pin {pin} ({use}) by {used[str(pin)]}" for pin, use in sorted(busy.items()))
    processes = holders(patient.host, f"/dev/gpiochip{number}")
    told = f"{lines} in use" + "".join(f"; {one.name} ({one.pid}) holds the chip" for one in processes)
    if any(one.is_line for one in processes):
        return warn(f"the line itself runs: {told}", "edge-sort doctor sees more while the line is stopped")
    if processes:
        return fail(told, f"kill {processes[0].pid}")
    return fail(told, "take the overlay that uses it out of /boot/firmware/config.txt, or give the gate another pin")


def _used_lines(patient: Patient, number: int) -> tuple[dict[str, str] | None, str]:
    """Return the lines in use, offset -> user: lgpio's word, else the kernel's table that root may read."""
    chip, problem = _read_chip(patient, number)
    if chip is not None:
        return dict(chip["used"]), ""
    table = patient.host.text("/sys/kernel/debug/gpio")
    return (_from_table(table, number), "") if table else (None, problem)


def _from_table(table: str, number: int) -> dict[str, str]:
    """Read the kernel's table: ` gpio-529 (GPIO17              |lg                  ) out lo`."""
    chips = re.split(r"^gpiochip", table, flags=re.M)
    for chip in chips:
        head = re.match(rf"{number}: GPIOs (\d+)-", chip)
        if head:
            lines = re.findall(r"gpio-(\d+)\s*\([^|)]*\|([^)]*?)\s*\)", chip)
            return {str(int(line) - int(head.group(1))): user.strip() for line, user in lines if user.strip()}
    return {}


def group_gpio(patient: Patient) -> Finding:
    """Look whether this user may open the pins' chip."""
    number = chip_number(patient)
    if not patient.drives_pins:
        return skipped(_no_pins(patient))
    if number is None:
        return skipped(_NO_CHIP)
    host, node = patient.host, f"/dev/gpiochip{number}"
    if host.may_open(host.path(node)):
        return ok(f"{host.user.name} may open {node}")
    listed = re.search(r"^gpio:[^:]*:\d+:(.*)$", host.text("/etc/group") or "", re.M)
    if listed and host.user.name in listed.group(1).split(","):
        return fail(f"{host.user.name} is in the group gpio, but not in this session", "log in again")
    return fail(f"{host.user.name} may not open {node}", f"sudo usermod -aG gpio {host.user.name}, then log in again")


def working_directory(patient: Patient) -> Finding:
    """Look whether lgpio can write its pipe (.lgd-nfy): into LG_WD, else into the working directory."""
    folder = Path(patient.host.environ.get("LG_WD") or patient.host.cwd)
    if patient.pin_factory != "lgpio":
        return skipped("lgpio is not used")
    if folder.is_dir() and patient.host.may_open(folder):
        return ok(f"{folder} can be written to")
    return fail(f"{folder} cannot be written to, and lgpio needs to", "cd to a folder of your own, such as: cd ~")


def pin_persistence(patient: Patient) -> Finding:
    """Look what the kernel does with a driven pin whose process is gone: keep its level, or let it go."""
    if not patient.drives_pins:
        return skipped(_no_pins(patient))
    for file in patient.host.glob("/sys/module/pinctrl_*/parameters/persist_gpio_outputs"):
        value = patient.host.text(patient.host.name(file)) or ""
        if value.upper() in ("Y", "1"):
            return warn(
                "a gate that is away stays away when the gate process is killed: the kernel keeps the pin's level",
                "write dtparam=strict_gpiod into /boot/firmware/config.txt, reboot, and wire a pull-down to every gate",
            )
        return ok("the kernel lets a pin go when its process is killed; the pull-down outside does the rest")
    return skipped("this kernel has no such setting")
