"""Put the unit of a line where systemd finds it, or take it away."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.children import Ran, run_within
from edge.durable import whole_file
from edge.errors import MachineError
from edge.machine import Machine
from edge.mqtt_table import MQTT_FILES
from edge.service_unit import MARK, Unit

UNIT_FOLDER = "etc/systemd/system"
_WANTED_BY = f"{UNIT_FOLDER}/multi-user.target.wants"
_TIMEOUT_S = 90.0
Run = Callable[[Sequence[str], float], Ran]


def _run(words: Sequence[str], timeout_s: float) -> Ran:
    return run_within(words, timeout_s)


@dataclass(frozen=True)
class Target:
    """The system a unit goes to. root: its /, this very system's or that of an image. live: systemd can be told of it.

    run: what runs commands.
    """

    root: Path
    live: bool = False
    run: Run = _run

    @classmethod
    def of(cls, root: Path) -> Target:
        """Return the system below `root`; it is live when it is this one, and systemd runs it."""
        return cls(root, root == Path("/") and Path("/run/systemd/system").is_dir())

    def inside(self, path: Path) -> Path:
        """Return where a file of that system is to be found from here. Raises MachineError."""
        if self.root == Path("/"):
            return path.absolute()
        if not path.is_absolute():
            raise MachineError(f"{path}: expected a path from / on, as the system in {self.root} has it; give it so")
        return self.root / path.relative_to("/")

    def unit(self, name: str) -> Path:
        """Return where a unit file belongs."""
        return self.root / UNIT_FOLDER / f"{name}.service"

    def link(self, name: str) -> Path:
        """Return the link that starts a unit with the system."""
        return self.root / _WANTED_BY / f"{name}.service"

    def systemctl(self, *words: str) -> None:
        """Run systemctl. Raises MachineError when it fails."""
        ran = self.run(("systemctl", *words), _TIMEOUT_S)
        if ran.code != 0:
            raise MachineError(
                f"expected `systemctl {' '.join(words)}` to work, found: {ran.how}; run it by hand and see why"
            )


def find_program(target: Target, given: Path | None) -> Path:
    """Return the command `edge-sort` of the system that the unit is for. Raises MachineError."""
    beside = Path(sys.executable).parent / "edge-sort"
    path = given or (beside if beside.exists() else Path(shutil.which("edge-sort") or "/no/edge-sort"))
    path = path.absolute()  # not resolved: a virtual environment is found by the path that leads to it
    if not target.inside(path).is_file():
        raise MachineError(
            f"{path}: expected the command edge-sort of the system the service is for, found none; "
            "install edge-sort there with pip, and give its path with --program"
        )
    return path


def require_fit_for_service(machine: Machine, path: Path) -> None:
    """Refuse what works from a terminal only. Raises MachineError."""
    camera = machine.camera
    if camera.kind == "emulated":
        raise MachineError(
            f"{path}: camera.kind: expected a camera that sees parts, found 'emulated'; use another kind"
        )
    paths = {"camera.file": camera.file, "camera.folder": camera.folder}
    if machine.mqtt is not None:
        paths |= {f"mqtt.{name}": getattr(machine.mqtt, name) for name in MQTT_FILES}
    for key, value in paths.items():
        if value is not None and not value.is_absolute():
            raise MachineError(
                f"{path}: {key}: expected a path from / on, as a service has it, found {value}; correct it"
            )


def writable_folders(target: Target, paths: Sequence[Path]) -> list[Path]:
    """Return the folders beside its own that the line writes to: of paths from / on. Raises MachineError."""
    folders = sorted({path.parent for path in paths if path.is_absolute()})
    for folder in folders:
        if not target.inside(folder).is_dir():
            raise MachineError(f"{folder}: expected a folder for the line to write to, found none; make it first")
    return folders


def install(target: Target, unit: Unit) -> list[str]:
    """Write the unit and let it start with the system. Returns what was done, in sentences. Raises MachineError."""
    path, link = target.unit(unit.name), target.link(unit.name)
    _require_ours(path)
    with whole_file(path, replace=True) as out:
        out.write(unit.text.encode())
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(f"../{unit.name}.service")
    done = [f"{path} is written, and starts with the system"]
    if target.live:
        target.systemctl("daemon-reload")
    return done + _complaints(target, path)


def _complaints(target: Target, path: Path) -> list[str]:
    """Return what systemd itself has to say of the unit, where it can be asked."""
    ran = target.run(("systemd-analyze", "verify", "--man=no", str(path)), _TIMEOUT_S)
    ours = [line for line in ran.err.splitlines() if path.name in line]
    return [f"Warning: {line}" for line in ours]


def uninstall(target: Target, name: str) -> list[str]:
    """Stop the line and take its unit away. Returns what was done, in sentences. Raises MachineError."""
    path, link = target.unit(name), target.link(name)
    if not path.exists() and not link.is_symlink():
        return [f"{path} is not there: nothing to do"]
    _require_ours(path)
    if target.live:
        target.systemctl("stop", name)
    link.unlink(missing_ok=True)
    path.unlink(missing_ok=True)
    if target.live:
        target.systemctl("daemon-reload")
    return [f"{path} is removed; the record stays in {target.root / 'var/lib' / name}"]


def _require_ours(path: Path) -> None:
    if path.exists() and MARK not in path.read_text(errors="replace").splitlines()[:1]:
        raise MachineError(
            f"{path}: expected a unit that edge-sort wrote, found another one; choose another --name, or move it away"
        )
