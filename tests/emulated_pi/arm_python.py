"""The emulated Pi's Python and packages without the Pi: program by program, on this computer's kernel (QEMU user mode).

It can be any core that QEMU knows, also those of a Pi 4 and 5, whose instructions the runtime's kernels choose by.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.emulated_pi import debian, python_packages
from tests.emulated_pi.image import CACHE, SYSTEM

TIMEOUT_S = 300
PYTHON = """\
#!/bin/sh
exec {emulator} -cpu "$CORE" -L {system} -0 "$0" {system}/usr/bin/python3 "$@"
"""  # what it takes for its own name is this, so its child processes are emulated, too


@dataclass(frozen=True)
class ArmPython:
    """python: a program that stands for it. environ: what it must find. command: `edge-sort`, which it is to run."""

    python: Path
    environ: dict[str, str]
    command: Path

    def run(self, core: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `edge-sort` with these words on a core of this name to its end."""
        environ = {**os.environ, **self.environ, "CORE": core}
        argv = [self.python, self.command, *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=TIMEOUT_S, check=False, env=environ)


def arm_python(work: Path, product: Path, command: str) -> ArmPython:
    """Put it together. product: where this tree's wheel was installed into. command: the text of `edge-sort`."""
    system = debian.packages(CACHE, "system", debian.SYSTEM_SUITE, *SYSTEM)
    packages = [folder / python_packages.PLACE for folder in (product, python_packages.needed_packages(CACHE))]
    python, script = work / "python3", work / "edge-sort"
    python.write_text(PYTHON.format(emulator=debian.user_emulator(CACHE), system=system))
    python.chmod(0o755)
    script.write_text(command)
    found = {"PYTHONHOME": str(system / "usr"), "PYTHONPATH": os.pathsep.join(map(str, packages))}
    return ArmPython(python, found, script)
