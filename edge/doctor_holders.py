"""Which processes hold a device open, read from /proc: those of other users are seen by root only."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from edge.doctor_host import Host


@dataclass(frozen=True)
class Holder:
    """A process. is_line: it is edge-sort itself."""

    pid: int
    name: str
    is_line: bool = False


def holders(host: Host, device: str) -> list[Holder]:
    """Return the processes that hold a device whose path starts with `device`, this one left out."""
    found = []
    for folder in host.glob("/proc/[0-9]*"):
        if int(folder.name) != os.getpid() and any(_target(link).startswith(device) for link in _links(folder)):
            found.append(_holder(host, int(folder.name)))
    return found


def _links(folder: os.PathLike[str]) -> list[str]:
    try:
        with os.scandir(os.path.join(folder, "fd")) as entries:  # noqa: PTH118 - scandir wants it so
            return [entry.path for entry in entries]
    except OSError:
        return []


def _target(link: str) -> str:
    try:
        return os.readlink(link)  # noqa: PTH115 - as text: a path of another root
    except OSError:
        return ""


def _holder(host: Host, pid: int) -> Holder:
    parent = re.search(r"^PPid:\s+(\d+)", host.text(f"/proc/{pid}/status") or "", re.M)
    family = [pid, int(parent.group(1))] if parent else [pid]  # the gate process is a child of the line
    words = " ".join(host.text(f"/proc/{one}/cmdline") or "" for one in family)
    return Holder(pid, host.text(f"/proc/{pid}/comm") or "unknown", "edge-sort" in words)
