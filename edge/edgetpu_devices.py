"""Why an Edge TPU does not open: the delegate says nothing, so look where the system lists devices."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "libedgetpu.so.1"
# A USB accelerator changes its identity when the runtime has loaded its firmware, at the first use.
USB_IDS = frozenset({("1a6e", "089a"), ("18d1", "9302")})


def _may_open(node: Path) -> bool:
    return os.access(node, os.R_OK | os.W_OK)


@dataclass(frozen=True)
class DeviceFolders:
    """Where the system lists its devices, and how to ask whether this user may open one."""

    usb: Path = Path("/sys/bus/usb/devices")
    dev: Path = Path("/dev")
    may_open: Callable[[Path], bool] = _may_open


def find_nodes(folders: DeviceFolders) -> list[Path]:
    """Return the device nodes of every Edge TPU that is plugged in, USB first, then PCIe."""
    usb = [node for entry in sorted(folders.usb.glob("*")) if (node := _usb_node(entry, folders.dev)) is not None]
    return usb + sorted(folders.dev.glob("apex_*"))


def why_not_opened(folders: DeviceFolders) -> str:
    """Say what was found of Edge TPUs and what to do, as the end of a sentence."""
    nodes = find_nodes(folders)
    if not nodes:
        return (
            "found none on USB (1a6e:089a or 18d1:9302 in lsusb) nor on PCIe (/dev/apex_0); "
            "plug it in, a USB one with its own cable and into a USB 3 port"
        )
    forbidden = [node for node in nodes if not folders.may_open(node)]
    if len(forbidden) == len(nodes):
        return (
            f"found one at {forbidden[0]} that this user may not open; install the udev rules that come with "
            "libedgetpu, add the user to the group plugdev (apex for PCIe), and log in again"
        )
    allowed = next(node for node in nodes if node not in forbidden)
    return (
        f"found one at {allowed} that does not open; end the other program that uses it, "
        "or unplug it and plug it in again"
    )


def _usb_node(entry: Path, dev: Path) -> Path | None:
    if (_line(entry / "idVendor"), _line(entry / "idProduct")) not in USB_IDS:
        return None
    bus, device = _line(entry / "busnum"), _line(entry / "devnum")
    if not (bus.isdecimal() and device.isdecimal()):
        return None
    return dev / "bus" / "usb" / f"{int(bus):03d}" / f"{int(device):03d}"


def _line(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
