"""Checks of the camera: is it there, is it free, are its colours the right way round, has it memory."""

from __future__ import annotations

import re

from edge.doctor_findings import Finding, fail, ok, skipped, warn
from edge.doctor_holders import holders
from edge.doctor_patient import Patient

_LEAST_CMA_KB = 64 * 1024  # a few full-size raw frames and some small ones
_RED_TIMES = 1.4  # as much red as blue and green in the picture of a red card, at least
_CMA_LINE = "dtoverlay=vc4-kms-v3d,cma-256"


def camera(patient: Patient) -> Finding:
    """List the cameras, or open the one the machine file names."""
    kind, table = patient.camera_kind, patient.camera
    if kind == "picamera2":
        return _pi_camera(patient)
    if table is None or kind in (None, "emulated"):
        return skipped("no camera is asked for")
    if kind == "usb":
        return _usb_camera(patient, table.device)
    path = table.file if kind == "video" else table.folder
    if path is None or not path.exists():
        return fail(f"camera.kind is {kind}, and {path} is not there", "correct the path in the machine file")
    return ok(f"{kind} at {path}")


def _pi_camera(patient: Patient) -> Finding:
    said = patient.host.ask("cameras")
    if said.problem is not None:
        return fail(f"the cameras cannot be listed: {said.problem}", "rpicam-hello --list-cameras")
    if not said.value:
        return fail(
            "no camera is connected",
            "switch off, reseat both ends of the cable, and: rpicam-hello --list-cameras",
        )
    names = ", ".join(f"{one['model']}" for one in said.value)
    if len(said.value) > 1:
        return warn(f"{len(said.value)} cameras: {names}; the line takes the first", "unplug the others")
    return ok(names)


def _usb_camera(patient: Patient, device: str) -> Finding:
    host = patient.host
    if not host.path(device).exists():
        return fail(f"{device} is not there", "v4l2-ctl --list-devices, and correct camera.device")
    if not host.may_open(host.path(device)):
        return fail(f"{device} may not be opened by {host.user.name}", _join(patient, "video"))
    said = host.ask("opencv", device)
    if said.problem is None:
        return ok(f"{device} gives frames (OpenCV {said.value['version']})")
    if "No module named" in said.problem:
        return fail(f"OpenCV is missing: {said.problem}", "pip install '.[usb]'")
    return fail(f"{device}: {said.problem}", f"end what uses it: fuser -v {device}")


def camera_free(patient: Patient) -> Finding:
    """Look for other processes that hold the camera: libcamera gives it to one at a time."""
    if patient.camera_kind not in ("picamera2", "usb"):
        return skipped("no camera is asked for")
    prefix = "/dev/media" if patient.camera_kind == "picamera2" or patient.camera is None else patient.camera.device
    found = [one for one in holders(patient.host, prefix) if one.name not in _HARMLESS]
    if not found:
        unseen = "" if patient.host.user.uid == 0 else " (processes of other users are not seen)"
        return ok(f"no other process holds it{unseen}")
    told = ", ".join(f"{one.name} ({one.pid})" for one in found)
    if any(one.is_line for one in found):
        return warn(f"the line itself runs: {told}", "edge-sort doctor sees more while the line is stopped")
    return fail(f"in use by {told}", f"kill {found[0].pid}")


# PipeWire's session manager keeps media devices open to list them, without using a camera
_HARMLESS = frozenset({"wireplumber", "pipewire"})


def colour_order(patient: Patient) -> Finding:
    """Look at a red card as the line would, when asked for: red must be red."""
    if patient.red_card is None:
        return skipped("not asked for: edge-sort doctor --machine FILE --red-card")
    if patient.machine is None or patient.machine_path is None:
        return skipped("needs --machine FILE with a camera")
    if patient.camera_kind == "emulated":
        return skipped("no camera is asked for")
    patient.red_card()
    said = patient.host.ask("red-card", str(patient.machine_path.resolve()))
    if said.problem is not None:
        return fail(f"no frame: {said.problem}", "look at the lines above about the camera")
    red, green, blue = said.value
    told = f"the middle of the picture is red {red:.0f}, green {green:.0f}, blue {blue:.0f}"
    if red > _RED_TIMES * max(green, blue):
        return ok(told)
    if blue > _RED_TIMES * max(red, green):
        return fail(f"{told}: red and blue are swapped", "sudo apt update && sudo apt full-upgrade, then start again")
    return warn(f"{told}: that is no red card", "more light, the card over the whole picture, and once more")


def cma(patient: Patient) -> Finding:
    """Compare the memory that is kept for the camera's buffers with what a few frames need."""
    if patient.camera_kind != "picamera2" or patient.board is None:
        return skipped("no Pi camera is asked for")
    sizes = {key: int(kb) for key, kb in re.findall(r"^(Cma\w+):\s+(\d+) kB", patient.host.text(_MEMINFO) or "", re.M)}
    if "CmaTotal" not in sizes or "CmaFree" not in sizes:
        return skipped("this kernel keeps no memory aside")
    told = f"{sizes['CmaFree'] // 1024} of {sizes['CmaTotal'] // 1024} MB kept for the camera are free"
    mend = f"write {_CMA_LINE} into /boot/firmware/config.txt in place of dtoverlay=vc4-kms-v3d, and reboot"
    if sizes["CmaTotal"] < _LEAST_CMA_KB:
        return fail(told, mend)
    if sizes["CmaFree"] < _LEAST_CMA_KB:
        return warn(told, mend)
    return ok(told)


_MEMINFO = "/proc/meminfo"


def group_video(patient: Patient) -> Finding:
    """Look whether this user may open the camera's devices."""
    if patient.camera_kind not in ("picamera2", "usb"):
        return skipped("no camera is asked for")
    host = patient.host
    nodes = [node for pattern in ("/dev/media*", "/dev/video*", "/dev/dma_heap/*") for node in host.glob(pattern)]
    if not nodes:
        return skipped("no camera devices under /dev")
    closed = [host.name(node) for node in nodes if not host.may_open(node)]
    if not closed:
        return ok(f"{host.user.name} may open all {len(nodes)} camera devices")
    return fail(f"{host.user.name} may not open {closed[0]} ({len(closed)} of {len(nodes)})", _join(patient, "video"))


def _join(patient: Patient, group: str) -> str:
    return f"sudo usermod -aG {group} {patient.host.user.name}, then log in again"
