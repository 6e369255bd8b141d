"""Checks of Python, its libraries and the TFLite runtime."""

from __future__ import annotations

from pathlib import Path

from edge.doctor_findings import Finding, fail, ok, skipped, warn
from edge.doctor_patient import Patient

_OLDEST, _NEWEST = (3, 11), (3, 13)
_VENV_AGAIN = "/usr/bin/python3 -m venv --system-site-packages venv && venv/bin/pip install '.[pi]'"
_CLASH_WORDS = ("numpy", "_ARRAY_API", "multiarray")


def board(patient: Patient) -> Finding:
    """Say which Raspberry Pi this is."""
    if patient.board is None:
        return skipped(f"no Raspberry Pi: {patient.host.python.machine} Linux")
    return ok(f"{patient.board}, {patient.host.python.machine}")


def python_version(patient: Patient) -> Finding:
    """Compare Python's version with those the project is tested on."""
    python = patient.host.python
    told = ".".join(map(str, python.version)) + f" at {python.executable}"
    if python.version[:2] < _OLDEST:
        return fail(f"{told}; expected 3.11 or later", "install Raspberry Pi OS Bookworm or later")
    if python.version[:2] > _NEWEST:
        return warn(f"{told}; tested up to 3.13", "/usr/bin/python3 -m venv --system-site-packages venv")
    return ok(told)


def bits(patient: Patient) -> Finding:
    """Look for a 32-bit Python: the default runtime does not exist there."""
    python = patient.host.python
    if python.bits == 64:
        return ok(f"64 bit on {python.machine}")
    kernel = ", though the kernel has 64" if "64" in python.machine else ""
    found = f"{python.bits} bit{kernel}: the default TFLite runtime exists for 64 only"
    if patient.host.ask("runtime").problem is None:
        return warn(f"{found}; another one works here", "install the 64-bit Raspberry Pi OS")
    return fail(found, "install the 64-bit Raspberry Pi OS")


def runtime(patient: Patient) -> Finding:
    """Let a child process load the packaged model with the runtime that `run` would take, and run it."""
    said = patient.host.ask("runtime")
    if said.problem is not None:
        return fail(f"a model does not run here: {said.problem}", "pip install --force-reinstall ai-edge-litert")
    found = f"{said.value['runtime']} {said.value['version']} ran the packaged model"
    if said.value["runtime"] == "tensorflow":
        return warn(f"{found}; it takes half a gigabyte of memory", "pip install ai-edge-litert")
    return ok(found)


def numpy(patient: Patient) -> Finding:
    """Let a child process load numpy, and what was compiled against some version of it."""
    said = patient.host.ask("numpy")
    if said.problem is not None:
        return fail(f"numpy does not load: {said.problem}", "pip install --force-reinstall 'numpy>=1.26'")
    version, where = said.value["version"], _whose(said.value["file"], patient)
    clashes = said.value["clashes"]
    if clashes:
        name, problem = next(iter(clashes.items()))
        return _clash(patient, f"numpy {version} ({where}), but {name} does not load: {problem}", version)
    return ok(f"numpy {version} ({where})")


def _whose(file: str, patient: Patient) -> str:
    python = patient.host.python
    if python.in_venv and Path(file).is_relative_to(python.prefix):
        return "of the virtual environment"
    return "of the system"


def _clash(patient: Patient, found: str, version: str = "") -> Finding:
    """Say that two parts of the installation were compiled for different numpys, and which way out there is."""
    if version.startswith("1."):
        return fail(found, "pip install --upgrade 'numpy>=2'")
    return fail(found, "pip install 'numpy<2'" if patient.host.python.in_venv else "pip uninstall numpy")


def venv(patient: Patient) -> Finding:
    """Look whether the virtual environment sees what apt installs: picamera2 comes from nowhere else."""
    python = patient.host.python
    if patient.camera_kind != "picamera2":
        return skipped("no Pi camera is asked for")
    if not python.in_venv:
        return ok("no virtual environment: apt's packages are seen")
    if python.base_prefix != "/usr":
        return fail(
            f"the virtual environment was made from the Python in {python.base_prefix}, and apt's picamera2 belongs to "
            "/usr/bin/python3",
            _VENV_AGAIN,
        )
    config = Path(python.prefix) / "pyvenv.cfg"
    try:
        lines = config.read_text(errors="replace").lower().replace(" ", "").splitlines()
    except OSError as error:
        return fail(f"{config} cannot be read: {error.strerror}", _VENV_AGAIN)
    if "include-system-site-packages=true" in lines:
        return ok("the virtual environment sees apt's packages")
    return fail(
        "the virtual environment does not see apt's packages, and so no picamera2",
        f"sed -i 's/^include-system-site-packages.*/include-system-site-packages = true/' {config}",
    )


def picamera2(patient: Patient) -> Finding:
    """Let a child process import picamera2: a clash of numpys shows here, and can end the process."""
    if patient.camera_kind != "picamera2":
        return skipped("no Pi camera is asked for")
    said = patient.host.ask("picamera2")
    if said.problem is None:
        return ok(f"picamera2 {said.value['version']} at {said.value['file']}")
    if "No module named" in said.problem:
        return fail(f"picamera2 cannot be loaded: {said.problem}", "sudo apt install python3-picamera2")
    if any(word in said.problem for word in _CLASH_WORDS):
        return _clash(patient, f"picamera2 was compiled for another numpy: {said.problem}")
    return fail(
        f"picamera2 cannot be loaded: {said.problem}", "sudo apt update && sudo apt full-upgrade, then start again"
    )
