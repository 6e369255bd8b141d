"""`edge-sort doctor`: look at everything outside the program that a line depends on. The table of checks is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edge import doctor_camera as camera
from edge import doctor_gpio as gpio
from edge import doctor_line as line
from edge import doctor_python as python
from edge import doctor_system as system
from edge.doctor_findings import Finding, Status, fail
from edge.doctor_patient import Patient


@dataclass(frozen=True)
class Check:
    """One look at one thing. name: stable, as `--json` and docs/doctor.md have it."""

    name: str
    theme: str
    look: Callable[[Patient], Finding]


CHECKS = (
    Check("board", "computer", python.board),
    Check("python", "computer", python.python_version),
    Check("bits", "computer", python.bits),
    Check("clock-source", "computer", system.clock_source),
    Check("governor", "computer", system.governor),
    Check("throttling", "computer", system.throttling),
    Check("real-time", "computer", system.real_time),
    Check("time-sync", "computer", system.time_sync),
    Check("disk", "computer", system.disk),
    Check("numpy", "runtime", python.numpy),
    Check("tflite-runtime", "runtime", python.runtime),
    Check("venv", "camera", python.venv),
    Check("picamera2", "camera", python.picamera2),
    Check("camera", "camera", camera.camera),
    Check("camera-free", "camera", camera.camera_free),
    Check("camera-memory", "camera", camera.cma),
    Check("colour-order", "camera", camera.colour_order),
    Check("group-video", "camera", camera.group_video),
    Check("gpiozero", "pins", gpio.gpiozero),
    Check("pin-factory", "pins", gpio.pin_factory),
    Check("gpio-chip", "pins", gpio.gpio_chip),
    Check("pins-free", "pins", gpio.pins_free),
    Check("group-gpio", "pins", gpio.group_gpio),
    Check("working-directory", "pins", gpio.working_directory),
    Check("pin-persistence", "pins", gpio.pin_persistence),
    Check("machine-file", "line", line.machine_file),
    Check("bundle", "line", line.bundle),
    Check("edgetpu-library", "line", line.edgetpu_library),
    Check("edgetpu-device", "line", line.edgetpu_device),
    Check("edgetpu-permission", "line", line.edgetpu_permission),
    Check("edgetpu-model", "line", line.edgetpu_model),
)


@dataclass(frozen=True)
class Result:
    """A check and what it found."""

    check: Check
    finding: Finding

    def as_dict(self) -> dict[str, Any]:
        """Return it under the names that `doctor --json` uses."""
        return {"name": self.check.name, "theme": self.check.theme, **asdict(self.finding)}


def examine(patient: Patient, checks: Sequence[Check] = CHECKS) -> Iterator[Result]:
    """Make the checks one by one."""
    for check in checks:
        yield Result(check, _looked(check, patient))


def _looked(check: Check, patient: Patient) -> Finding:
    try:
        return check.look(patient)
    except OSError as error:  # a device that went away between two looks
        return fail(f"the system refused: {error.strerror or error}", "look again: edge-sort doctor")


def counts(results: Sequence[Result]) -> dict[Status, int]:
    """Return how many findings have each status."""
    found = [result.finding.status for result in results]
    return {status: found.count(status) for status in ("ok", "warn", "fail", "skipped")}


def as_dict(results: Sequence[Result]) -> dict[str, Any]:
    """Return everything under the names that `doctor --json` uses."""
    tally = counts(results)
    return {"ok": not tally["fail"], "counts": tally, "checks": [result.as_dict() for result in results]}
