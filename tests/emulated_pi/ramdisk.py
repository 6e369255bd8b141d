"""The emulated Pi's only disk: archives that the kernel unpacks one over the other into its memory."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

NOT_CARRIED = re.compile(r"usr/share/(doc|man|locale)|var/(cache|lib)|.*/tests(/|$)|.*WebGpuAccelerator")  # for memory


def archive(folder: Path, path: Path) -> Path:
    """Write all that a program needs of a folder as an archive that a kernel takes, owned by root."""
    names = [name for name in _names(folder) if not NOT_CARRIED.match(name)]
    with path.open("wb") as out:
        subprocess.run(
            ["cpio", "--create", "--format=newc", "--null", "--owner=+0:+0", "--quiet"],
            input="\0".join(names).encode(),
            stdout=out,
            cwd=folder,
            check=True,
        )
    return path


def joined(archives: Iterable[Path], path: Path) -> Path:
    """Write the archives into one file, in this order."""
    with path.open("wb") as out:
        for one in archives:
            with one.open("rb") as file:
                shutil.copyfileobj(file, out)
            out.write(b"\0" * (-out.tell() % 512))
    return path


def _names(folder: Path) -> list[str]:
    """Every folder before what is in it; links are not followed."""
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*"))
