"""What `edge-sort doctor` was asked to look at: a computer, and a machine file and a bundle where they were given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from edge.causes import in_a_line
from edge.doctor_host import Host
from edge.errors import MachineError

if TYPE_CHECKING:
    from edge.camera_tables import CameraTable
    from edge.machine import Machine

DEFAULT_FACTORY = "lgpio"


@dataclass(frozen=True)
class Patient:
    """red_card: asks the user to hold a red card before the camera; None where that was not wanted.

    machine_problem: why the machine file given cannot be read.
    """

    host: Host = field(default_factory=Host)
    machine_path: Path | None = None
    machine: Machine | None = None
    machine_problem: str | None = None
    bundle: Path | None = None
    red_card: Callable[[], None] | None = None

    @cached_property
    def board(self) -> str | None:
        """The Raspberry Pi this is, as it calls itself; None on another computer."""
        model = self.host.text("/proc/device-tree/model") or ""
        return model if "Raspberry Pi" in model else None

    @property
    def is_pi5(self) -> bool:
        """Whether the pins are those of a Raspberry Pi 5, behind its RP1 chip."""
        return self.board is not None and any(name in self.board for name in ("Pi 5", "Compute Module 5", "Pi 500"))

    @property
    def camera(self) -> CameraTable | None:
        """The [camera] table of the machine file, if there is one."""
        return self.machine.camera if self.machine else None

    @property
    def camera_kind(self) -> str | None:
        """The kind of camera to expect: the machine file's, else a Pi's own on a Pi."""
        if self.machine is not None:
            return self.machine.camera.kind
        return "picamera2" if self.board else None

    @property
    def pin_factory(self) -> str | None:
        """The pin factory to expect: the machine file's, else lgpio on a Pi."""
        if self.machine is not None:
            return self.machine.gpio.pin_factory
        return DEFAULT_FACTORY if self.board else None

    @property
    def drives_pins(self) -> bool:
        """Whether real pins are to be driven here."""
        return self.pin_factory not in (None, "mock")

    @property
    def pins(self) -> dict[int, str]:
        """BCM number -> what the machine file uses that pin for."""
        if self.machine is None:
            return {}
        used = {gate.pin: f"gate {gate.name}" for gate in self.machine.gates}
        belt, eye = self.machine.belt, self.machine.eye_in_use
        if belt.kind != "fixed":
            used |= {pin: "belt" for pin in (belt.pin, belt.pin_b) if pin is not None}
        if eye is not None:
            used[eye.pin] = "eye"
        return used


def admit(
    host: Host, machine_path: Path | None, bundle: Path | None, red_card: Callable[[], None] | None = None
) -> Patient:
    """Read the machine file, if one is given; one that cannot be read is a finding, not an error."""
    machine, problem = None, None
    if machine_path is not None:
        try:
            from edge.machine import read_machine

            machine = read_machine(machine_path)
        except (MachineError, OSError) as error:
            problem = str(error)
        except ImportError as error:  # of numpy, most likely, which is looked at by itself
            problem = f"it cannot be read before this is mended: {in_a_line(error)}"
    return Patient(host, machine_path, machine, problem, bundle, red_card)
