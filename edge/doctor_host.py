"""The computer that `edge-sort doctor` looks at. All it asks goes through here, so tests give it another."""

from __future__ import annotations

import json
import os
import shutil
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.children import Ran, child_environment, run_within

Runner = Callable[[Sequence[str], float], Ran]
COMMAND_TIMEOUT_S = 10.0
CHILD_TIMEOUT_S = 60.0  # importing picamera2 from a slow card takes many seconds


@dataclass(frozen=True)
class PythonFacts:
    """The interpreter. prefix differs from base_prefix in a virtual environment. machine: as `uname -m` says it."""

    version: tuple[int, int, int]
    bits: int
    executable: str
    prefix: str
    base_prefix: str
    machine: str

    @property
    def in_venv(self) -> bool:
        """Whether this is a virtual environment."""
        return self.prefix != self.base_prefix

    @classmethod
    def here(cls) -> PythonFacts:
        """Return those of this process."""
        return cls(
            version=sys.version_info[:3],
            bits=struct.calcsize("P") * 8,
            executable=sys.executable,
            prefix=sys.prefix,
            base_prefix=sys.base_prefix,
            machine=os.uname().machine,
        )


@dataclass(frozen=True)
class UserFacts:
    """Who asks. groups: names of those this process is in. rtprio: 0 to 99; memlock: bytes, -1 for no limit."""

    name: str
    uid: int
    groups: frozenset[str]
    rtprio: int
    memlock: int

    @classmethod
    def here(cls) -> UserFacts:
        """Return those of this process."""
        import grp
        import pwd
        import resource

        names = {group.gr_gid: group.gr_name for group in grp.getgrall()}
        uid = os.geteuid()
        try:
            name = pwd.getpwuid(uid).pw_name
        except KeyError:
            name = str(uid)
        return cls(
            name=name,
            uid=uid,
            groups=frozenset(names.get(gid, str(gid)) for gid in {os.getegid(), *os.getgroups()}),
            rtprio=resource.getrlimit(resource.RLIMIT_RTPRIO)[0],
            memlock=resource.getrlimit(resource.RLIMIT_MEMLOCK)[0],
        )


@dataclass(frozen=True)
class Answer:
    """What a child process said. problem: why it said nothing that is of use, else None."""

    value: Any = None
    problem: str | None = None


def _run(command: Sequence[str], timeout_s: float) -> Ran:
    return run_within(command, timeout_s, child_environment())


def _may_open(path: Path) -> bool:
    return os.access(path, os.R_OK | os.W_OK)


def _free_bytes(path: Path) -> int:
    return shutil.disk_usage(path).free


@dataclass(frozen=True)
class Host:
    """root: what stands for / in every system path. cwd: the working directory."""

    root: Path = Path("/")
    cwd: Path = field(default_factory=Path.cwd)
    run: Runner = _run
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    python: PythonFacts = field(default_factory=PythonFacts.here)
    user: UserFacts = field(default_factory=UserFacts.here)
    may_open: Callable[[Path], bool] = _may_open
    free_bytes: Callable[[Path], int] = _free_bytes

    def path(self, name: str) -> Path:
        """Return where a system path such as /proc/meminfo is."""
        return self.root / name.lstrip("/")

    def text(self, name: str) -> str | None:
        """Return what a system file says, without the ends; None when it cannot be read."""
        try:
            return self.path(name).read_text(errors="replace").strip("\0\n ")
        except OSError:
            return None

    def glob(self, pattern: str) -> list[Path]:
        """Return the system paths that match, sorted."""
        return sorted(self.root.glob(pattern.lstrip("/")))

    def name(self, path: Path) -> str:
        """Return a path of `glob` as the user knows it."""
        return "/" + str(path.relative_to(self.root))

    def command(self, *words: str) -> Ran:
        """Run a system command, for ten seconds at most."""
        return self.run(words, COMMAND_TIMEOUT_S)

    def ask(self, *question: str, timeout_s: float = CHILD_TIMEOUT_S) -> Answer:
        """Let a child process look (edge/doctor_child.py): what crashes or hangs there is a problem told, no more."""
        ran = self.run((self.python.executable, "-P", "-m", "edge.doctor_child", *question), timeout_s)
        if ran.code != 0:
            return Answer(problem=f"{ran.how} after {timeout_s:g} s" if ran.code is None else ran.how)
        try:
            said = json.loads(ran.out.strip().splitlines()[-1])
            return Answer(said.get("answer"), said.get("problem"))
        except (ValueError, IndexError, AttributeError):
            return Answer(problem=f"its answer was lost: {ran.out.strip()[-80:]!r}")
