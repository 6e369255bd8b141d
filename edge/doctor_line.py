"""Checks of what the line is made of: machine file, bundle, Edge TPU."""

from __future__ import annotations

from edge.doctor_findings import Finding, fail, ok, skipped
from edge.doctor_patient import Patient
from edge.edgetpu_devices import LIBRARY, DeviceFolders, find_nodes

_NO_EDGETPU = "no Edge TPU is asked for, and none is plugged in"
_COMPILED = "model_edgetpu.tflite"
_LIBRARY_FROM = "sudo dpkg -i libedgetpu1-std_16.0tf2.19.1*.deb, from github.com/feranick/libedgetpu/releases"


def machine_file(patient: Patient) -> Finding:
    """Read the machine file as `run` does."""
    if patient.machine_path is None:
        return skipped("not given: --machine FILE")
    if patient.machine_problem is not None:
        return fail(patient.machine_problem, f"correct it, then: edge-sort plan {patient.machine_path}")
    return ok(f"{patient.machine_path} is sound")


def bundle(patient: Patient) -> Finding:
    """Let a child process verify the bundle and replay its golden inputs, as `edge-sort check` does."""
    if patient.bundle is None:
        return skipped("not given: --bundle DIR")
    said = patient.host.ask("bundle", str(patient.bundle.resolve()))
    mend = f"copy it again from the desktop, then: edge-sort check {patient.bundle}"
    if said.problem is not None:
        return fail(said.problem, mend)
    wrong = said.value["wrong"]
    if wrong:
        return fail(f"{len(wrong)} of {said.value['looked_at']} are not as expected, first {wrong[0]}", mend)
    return ok(f"{patient.bundle} is whole and answers as where it was made ({said.value['looked_at']} looked at)")


def edgetpu_library(patient: Patient) -> Finding:
    """Let a child process load libedgetpu by itself."""
    if not _concerns(patient):
        return skipped(_NO_EDGETPU)
    said = patient.host.ask("edgetpu-library", _library(patient))
    if said.problem is not None:
        return fail(f"{_library(patient)} does not load: {said.problem}", _LIBRARY_FROM)
    return ok(f"{_library(patient)} loads")


def edgetpu_device(patient: Patient) -> Finding:
    """Look where the system lists Edge TPUs."""
    if not _concerns(patient):
        return skipped(_NO_EDGETPU)
    nodes = find_nodes(_folders(patient))
    if not nodes:
        return fail("none on USB (1a6e:089a, 18d1:9302) nor on PCIe", "plug it into a USB 3 port, then: lsusb")
    return ok(", ".join(patient.host.name(node) for node in nodes))


def edgetpu_permission(patient: Patient) -> Finding:
    """Look whether this user may open the Edge TPU."""
    if not _concerns(patient):
        return skipped(_NO_EDGETPU)
    folders, host = _folders(patient), patient.host
    nodes = find_nodes(folders)
    if not nodes:
        return skipped("there is none to open")
    closed = [node for node in nodes if not folders.may_open(node)]
    if len(closed) < len(nodes):
        return ok(f"{host.user.name} may open it")
    group = "apex" if "apex" in closed[0].name else "plugdev"
    return fail(
        f"{host.user.name} may not open {host.name(closed[0])}",
        f"sudo usermod -aG {group} {host.user.name}, then log in again",
    )


def edgetpu_model(patient: Patient) -> Finding:
    """Let a child process run the bundle's compiled model on the Edge TPU: a library that does not fit ends it."""
    asked = patient.machine.classifier if patient.machine else None
    if asked is None or asked.accelerator != "edgetpu":
        return skipped("no Edge TPU is asked for")
    if patient.bundle is None:
        return skipped("not given: --bundle DIR")
    model = patient.bundle.resolve() / _COMPILED
    if not model.is_file():
        return fail(f"the bundle has no {_COMPILED}", "on the desktop: edge-sort quantize run --out bundle --edgetpu")
    said = patient.host.ask("edgetpu", asked.library, asked.device or "", str(model))
    if said.problem is not None:
        return fail(f"it does not run there: {said.problem}", _LIBRARY_FROM)
    return ok("the bundle's compiled model runs on it")


def _concerns(patient: Patient) -> bool:
    asked = patient.machine is not None and patient.machine.classifier.accelerator == "edgetpu"
    return asked or bool(find_nodes(_folders(patient)))


def _library(patient: Patient) -> str:
    return patient.machine.classifier.library if patient.machine else LIBRARY


def _folders(patient: Patient) -> DeviceFolders:
    host = patient.host
    return DeviceFolders(host.path("/sys/bus/usb/devices"), host.path("/dev"), host.may_open)
