"""The description of a Raspberry Pi 3B that QEMU's machine needs beside what the kernel brings."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

REVISION_3B = "0xa02082"  # the firmware writes it; gpiozero asks for it
BLUETOOTH = "/soc/serial@7e201000/bluetooth"  # it would take the serial line for itself


def pi3(kernel: Path, path: Path) -> Path:
    """Write the tree of a Pi 3B whose serial line is free."""
    (found,) = (kernel / "usr/lib").glob("linux-image-*/broadcom/bcm2837-rpi-3-b.dtb")
    shutil.copyfile(found, path)
    subprocess.run(["fdtput", "-p", "-t", "x", path, "/system", "linux,revision", REVISION_3B], check=True)
    subprocess.run(["fdtput", "-r", path, BLUETOOTH], check=True)
    return path
