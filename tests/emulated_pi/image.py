"""All that an emulated Pi boots from, put together from what is in its own module each."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.emulated_pi import debian, device_tree, python_packages, ramdisk
from tests.emulated_pi.machine import QEMU, Image

CACHE = python_packages.ROOT / ".cache" / "emulated_pi"
TOOLS = {QEMU: "qemu-system-arm", "mmdebstrap": "mmdebstrap", "fdtput": "device-tree-compiler", "cpio": "cpio"}
SYSTEM = ("python3", "mount", "libstdc++6")
INIT = Path(__file__).with_name("guest_init.py")
COMMAND = """\
#!/usr/bin/python3
import sys
from edge.cli import main
if __name__ == "__main__":
    sys.exit(main())
"""  # as pip writes it; pip would have named the Python that installed it


def missing() -> str | None:
    """Say what this computer lacks for an emulated Pi, None when it has all."""
    lacking = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if lacking:
        return f"needs an emulated Raspberry Pi: apt install {' '.join(lacking)}"
    return None if debian.mirror() else "needs a mirror of Debian among the sources of apt"


def build(work: Path, product: Path, carried: Sequence[Path]) -> Image:
    """Fetch what is not there yet, and lay the product of this tree and then all that is `carried` over it."""
    kernel = debian.packages(CACHE, "kernel", debian.KERNEL_SUITE, "linux-image-arm64")
    system = debian.packages(CACHE, "system", debian.SYSTEM_SUITE, *SYSTEM)
    python = python_packages.needed_packages(CACHE)
    layers = [system, python, product, _own(work / "own"), *carried]
    archives = [ramdisk.archive(layer, work / f"{number}.cpio") for number, layer in enumerate(layers)]
    (linux,) = (kernel / "boot").glob("vmlinuz-*")
    return Image(linux, device_tree.pi3(kernel, work / "pi3.dtb"), ramdisk.joined(archives, work / "ramdisk"))


def _own(folder: Path) -> Path:
    """The first process, the command, and a home."""
    (folder / "root").mkdir(parents=True)
    (folder / "usr/bin").mkdir(parents=True)
    shutil.copyfile(INIT, folder / "init")
    (folder / "usr/bin/edge-sort").write_text(COMMAND)
    for one in (folder / "init", folder / "usr/bin/edge-sort"):
        one.chmod(0o755)
    return folder
