"""The product and what it needs, as pip installs them on a 64-bit Pi with Debian 12."""

from __future__ import annotations

import configparser
import hashlib
import os
import subprocess
import sys
from pathlib import Path

from tests.emulated_pi.cache import whole_or_absent
from tests.emulated_pi.compiled import PYTHON, compiled

ROOT = Path(__file__).resolve().parents[2]
PLATFORMS = [f"manylinux_2_{minor}_aarch64" for minor in range(17, 37)]  # Debian 12 has 2.36; pip infers no older one
EXTRAS = ("pi", "mcu")
PLACE = "usr/lib/python3/dist-packages"
PIP_TIMEOUT_S = 300


def needed_packages(cache: Path) -> Path:
    """Return a folder with all that setup.cfg asks for on a Pi, fetched when that changes."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    asked = [config["options"]["install_requires"], *(config["options.extras_require"][one] for one in EXTRAS)]
    requirements = [line for text in asked for line in text.splitlines() if line and not line.startswith("#")]
    digest = hashlib.sha256("\n".join(requirements).encode()).hexdigest()[:12]
    return whole_or_absent(cache / f"python-{digest}", lambda folder: _install(folder, *requirements))


def product(folder: Path) -> Path:
    """Build the wheel of this tree and return a folder that it is installed into."""
    wheels, settings = folder / "wheels", folder / "build.cfg"
    settings.write_text(f"[build]\nbuild_base = {folder / 'build'}\n")  # what an older build left must not come along
    wheel = ("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", wheels, ROOT)
    _pip(*wheel, DIST_EXTRA_CONFIG=str(settings))
    (wheel,) = wheels.glob("edge_sort-*.whl")
    _install(folder / "product", "--no-deps", "--no-index", wheel)
    return folder / "product"


def _install(folder: Path, *what: str | Path) -> None:
    platforms = [word for one in PLATFORMS for word in ("--platform", one)]
    target = [
        "--target",
        folder / PLACE,
        "--only-binary=:all:",
        "--python-version",
        "{}.{}".format(*PYTHON),
        "--no-compile",
    ]
    _pip("install", *platforms, *target, *what)
    compiled(folder)


def _pip(*words: str | Path, **environ: str) -> None:
    command = [sys.executable, "-m", "pip", *words, "--quiet", "--disable-pip-version-check"]
    subprocess.run(command, check=True, timeout=PIP_TIMEOUT_S, capture_output=True, env={**os.environ, **environ})
