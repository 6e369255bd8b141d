"""Who a service runs as, and what that user may read: looked up in the files of the system it is for."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from edge.errors import MachineError


@dataclass(frozen=True)
class ServiceUser:
    """gids: of its own group and of those it is listed in. known_groups: every group of the system."""

    name: str
    uid: int
    gids: frozenset[int]
    known_groups: frozenset[str]

    def require_readable(self, root: Path, path: Path) -> None:
        """Raise MachineError when this user may not read a file, or list a folder, or get there, below `root`."""
        ways = {path.absolute()} | ({path.resolve()} if root == Path("/") else set())
        for way in ways:
            steps = [step for step in reversed(way.parents) if step.is_relative_to(root)]
            for step in (*steps, way):
                if not self._may(step.stat(), look=step == way, enter=step.is_dir()):
                    raise MachineError(
                        f"{path}: expected something that {self.name} can read, found that {step} is closed to "
                        f"{self.name}; put it where {self.name} can read it, such as into that user's home"
                    )

    def _may(self, found: os.stat_result, *, look: bool, enter: bool) -> bool:
        if self.uid == 0:
            return True
        shift = 6 if found.st_uid == self.uid else 3 if found.st_gid in self.gids else 0
        needed = (stat.S_IROTH if look else 0) | (stat.S_IXOTH if enter else 0)
        return (found.st_mode >> shift) & needed == needed


def require_user(root: Path, name: str | None, sudo_user: str | None) -> ServiceUser:
    """Return who the line runs as: the one given, else who called sudo. Raises MachineError."""
    wanted = name or sudo_user
    if not wanted or (name is None and wanted == "root"):
        raise MachineError("expected the user the line runs as, found none; give one that is not root: --user NAME")
    groups = _rows(root / "etc/group")
    for row in _rows(root / "etc/passwd"):
        if row[0] == wanted:
            listed = {int(group[2]) for group in groups if wanted in group[3].split(",")}
            names = frozenset(group[0] for group in groups)
            return ServiceUser(wanted, int(row[2]), frozenset({_number(row[3]), *listed}), names)
    raise MachineError(
        f"expected a user of this system, found {wanted!r}; correct --user, or make it with: sudo adduser {wanted}"
    )


def _rows(file: Path) -> list[list[str]]:
    """Return the rows of /etc/passwd or /etc/group; a line that is none is left out."""
    try:
        lines = file.read_text(errors="replace").splitlines()
    except OSError:
        return []
    rows = [line.split(":") for line in lines]
    return [row for row in rows if len(row) > 3 and row[2].isdecimal()]


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else -1
