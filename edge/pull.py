"""Fetch what a line has gathered: its record, the pictures of doubtful parts, and photographs."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError, RemoteError
from edge.journal_merge import merge_journal
from edge.line_journal import pictures_folder
from edge.problems import first_problem
from edge.remote import Place, Remote

_SNAPSHOTS = ".far"  # what was last fetched of the record: the next time only changed blocks travel
_DRAFTS = ("--exclude=.*.partial", "--exclude=.draft.png")
Tell = Callable[[str], None]


@dataclass(frozen=True)
class PullWants:
    """Names below the folder there. None: not wanted."""

    journal: str | None = "journal.sqlite"
    captures: str | None = "captures"


@dataclass(frozen=True)
class Pulled:
    """journal: of the copy here, None when there is none there. Counts are what was new."""

    journal: Path | None
    parts: int
    pictures: int
    photographs: int


def pull(place: Place, remote: Remote, out: Path, wants: PullWants, tell: Tell) -> Pulled:
    """Bring `out` up to date. Nothing in it is removed, and what people said of the copied record stays.

    Raises RemoteError, JournalError, and DataError when `out` cannot be written to.
    """
    there = _what_is_there(place, remote, wants)
    if not there:
        wanted = " nor ".join(name for name in (wants.journal, wants.captures) if name)
        raise RemoteError(
            f"{place.host}: expected {wanted} in {place.folder}, found neither; give the folder of the line as "
            f"{place.host}:DIR (of a service: /var/lib/edge-sort)"
        )
    _make(out)
    journal, parts, pictures, photographs = None, 0, 0, 0
    if wants.journal in there:
        assert wants.journal is not None
        journal = out / Path(wants.journal).name
        tell(f"the record: {wants.journal}")
        parts = _pull_journal(place, remote, wants.journal, journal)
        folder = pictures_folder(Path(wants.journal)).as_posix()
        if folder in there:
            tell(f"pictures of doubtful parts: {folder}")
            pictures = _pull_folder(place, remote, folder, pictures_folder(journal))
    if wants.captures in there:
        assert wants.captures is not None
        tell(f"photographs: {wants.captures}")
        photographs = _pull_folder(place, remote, wants.captures, out / Path(wants.captures).name)
    return Pulled(journal, parts, pictures, photographs)


def _what_is_there(place: Place, remote: Remote, wants: PullWants) -> set[str]:
    names = [name for name in (wants.journal, wants.captures) if name]
    if wants.journal:
        names.append(pictures_folder(Path(wants.journal)).as_posix())
    tests = "; ".join(f"test -e ./{shlex.quote(name)} && echo {index}" for index, name in enumerate(names))
    reply = remote.shell(f"cd -- {shlex.quote(place.below())} || exit 3; {tests}; exit 0")
    if reply.code != 0:
        raise RemoteError(f"{place.host}: expected a folder {place.folder}, found: {reply.last_words}; correct it")
    return {names[int(line)] for line in reply.out.split() if line.isdigit() and int(line) < len(names)}


def _pull_journal(place: Place, remote: Remote, name: str, journal: Path) -> int:
    snapshot = f".{Path(name).name}.snapshot"
    local = journal.parent / _SNAPSHOTS / journal.name
    local.parent.mkdir(exist_ok=True)
    remote.edge_sort(place.below(), "journal", "snapshot", "--replace", "--", name, snapshot)
    try:
        remote.fetch(place.below(snapshot), local, "--compress", "--no-whole-file", "--ignore-times")
    finally:
        remote.shell(f"rm -f -- {shlex.quote(place.below(snapshot))}")
    return merge_journal(local, journal)


def _pull_folder(place: Place, remote: Remote, name: str, target: Path) -> int:
    _make(target)
    return remote.fetch(f"{place.below(name)}/", target, *_DRAFTS)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(
            f"{folder}: expected a folder that can be written to, found: {first_problem(error)}; choose another --out"
        ) from error
