"""Debian packages for 64-bit Arm as a folder of files, fetched by the mirror that this computer's own apt uses."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from tests.emulated_pi.cache import whole_or_absent
from tests.emulated_pi.compiled import compiled

KERNEL_SUITE = "trixie"  # the first kernel that has pinctrl_bcm2835.persist_gpio_outputs
SYSTEM_SUITE = "bookworm"  # Python 3.11, the one that PyPI has lgpio for
FETCH_TIMEOUT_S = 300
USER_EMULATOR = "qemu-aarch64"  # static, so it runs on any system


def mirror() -> str | None:
    """Return the Debian mirror that apt is set to here, None on another system."""
    if shutil.which("apt-get") is None:
        return None
    listed = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Identifier: Packages", "Label: Debian"],
        capture_output=True,
        text=True,
        check=True,
    )
    return next(iter(sorted(set(listed.stdout.split()))), None)


def packages(cache: Path, name: str, suite: str, *include: str) -> Path:
    """Return a folder that these packages and what they need are unpacked into; no script of theirs runs."""

    def fetch(folder: Path) -> None:
        _unpack(folder, "arm64", suite, *include)
        compiled(folder)

    return whole_or_absent(cache / f"{name}-{suite}", fetch)


def user_emulator(cache: Path) -> Path:
    """Return the program that runs programs for 64-bit Arm here: QEMU 10, for LiteRT ends the 7.2 of Debian 12."""

    def fetch(folder: Path) -> None:
        folder.mkdir()
        with tempfile.TemporaryDirectory(dir=folder) as all_of_them:
            own = subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True)
            _unpack(Path(all_of_them), own.stdout.strip(), KERNEL_SUITE, "qemu-user")
            shutil.copy(Path(all_of_them, "usr/bin", USER_EMULATOR), folder)

    return whole_or_absent(cache / f"qemu-user-{KERNEL_SUITE}", fetch) / USER_EMULATOR


def _unpack(folder: Path, arch: str, suite: str, *include: str) -> None:
    command = ["mmdebstrap", "--quiet", f"--arch={arch}", "--variant=extract", f"--include={','.join(include)}"]
    subprocess.run(
        [*command, suite, folder, mirror()], check=True, timeout=FETCH_TIMEOUT_S, capture_output=True, text=True
    )
