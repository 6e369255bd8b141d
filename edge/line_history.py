"""Which bundle ran on a line, since when, by whose word and on what figures: a file with a line for each change.

A change is written down before it is made. So one that was cut short in between is there too, and known by this: the
next one begins from another bundle than it would have led to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, starmap
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.durable import whole_file
from edge.errors import DataError
from edge.problems import first_problem

_Digest = Field(pattern="^[0-9a-f]{64}$")


class Change(BaseModel):
    """One change of a line's bundle. before and after: digests of bundles; before is None for the first one.

    forced: what spoke against it, and was overruled. measured: the figures it was decided on, as `promote --json` has
    them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    action: Literal["promote", "rollback"]
    before: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    after: str = _Digest
    at_utc: str
    by: str
    why: str = ""
    forced: tuple[str, ...] = ()
    measured: dict[str, Any] = Field(default_factory=dict)


@dataclass(frozen=True)
class Damaged:
    """What cannot be read. where: 'line 3' of the history, 'the history' or 'current'."""

    where: str
    problem: str

    @property
    def sentence(self) -> str:
        """Say it for a person."""
        return f"{self.where} cannot be read: {self.problem}"


Entry = Change | Damaged


def read_entries(path: Path) -> list[Entry]:
    """Return every change, the first one first, and between them what cannot be read; nothing when there is no file."""
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return []
    except OSError as error:
        return [Damaged("the history", first_problem(error))]
    return [_entry(number, line) for number, line in enumerate(lines, start=1)]


def _entry(number: int, line: bytes) -> Entry:
    try:
        return Change.model_validate_json(line)
    except ValidationError as error:
        return Damaged(f"line {number}", first_problem(error))


def read_history(path: Path) -> list[Change]:
    """Return every change, the first one first; none when there is no file. Raises DataError naming the line."""
    changes = []
    for entry in read_entries(path):
        if isinstance(entry, Damaged):
            raise _unreadable(path, entry.sentence)
        changes.append(entry)
    return changes


def readable_changes(path: Path) -> list[Change]:
    """Return the changes that can be read, whatever is damaged between them."""
    return [entry for entry in read_entries(path) if isinstance(entry, Change)]


def set_aside(path: Path, at_utc: str) -> Path:
    """Keep a damaged history under another name, which is returned; what can be read of it stays. Raises DataError."""
    stamp = "".join(letter for letter in at_utc[:19] if letter.isalnum())
    names = (path.with_name(f"history-damaged-{stamp}{more}.jsonl") for more in ("", *range(2, 1000)))
    aside = next(one for one in names if not one.exists())
    left = readable_changes(path)
    try:
        path.rename(aside)
    except OSError as error:
        raise _unreadable(path, first_problem(error)) from error
    if left:
        _write(path, left)
    return aside


def add_change(path: Path, change: Change) -> None:
    """Write a change down. The file is the old one or the new one, whole, whenever the power is cut."""
    _write(path, [*read_history(path), change])


def carried_out(changes: Sequence[Change], current: str | None) -> list[bool]:
    """Say of each change whether it was made. current: the digest of the bundle that is current now."""
    befores = [*starmap(_began_from, pairwise(changes)), current] if changes else []
    return [change.after == begun_from for change, begun_from in zip(changes, befores, strict=True)]


def _began_from(earlier: Change, later: Change) -> str | None:
    """A rollback from nothing that is known was one from a link that led elsewhere, and says nothing of the earlier."""
    return earlier.after if later.before is None and later.action == "rollback" else later.before


def with_outcome(entries: Sequence[Entry], current: str | None) -> Iterator[tuple[Entry, bool | None]]:
    """Give each entry with whether that change was made; None where what follows it, and would tell, is damaged."""
    made = iter(carried_out([one for one in entries if isinstance(one, Change)], current))
    for entry, following in zip(entries, [*entries[1:], None], strict=True):
        done = next(made) if isinstance(entry, Change) else None
        yield entry, None if isinstance(following, Damaged) else done


def stack(changes: Sequence[Change], current: str | None) -> list[str]:
    """Return the digests that led to the current one, which is the last.

    A promotion puts one on top; a rollback takes away what it left. So what was rolled back from does not come back by
    a second rollback, which goes one further.
    """
    found: list[str] = []
    for change, made in zip(changes, carried_out(changes, current), strict=True):
        if not made:
            continue
        if change.action == "rollback" and change.after in found:
            del found[found.index(change.after) + 1 :]
        elif found[-1:] != [change.after]:
            found.append(change.after)
    return found


def as_object(entries: Sequence[Entry], current: str | None) -> dict[str, Any]:
    """Return all of it under the names that `promote --list --json` uses."""
    changes = [
        {**json.loads(entry.model_dump_json(exclude={"format_version"})), "carried_out": done}
        for entry, done in with_outcome(entries, current)
        if isinstance(entry, Change)
    ]
    damaged = [vars(entry) for entry in entries if isinstance(entry, Damaged)]
    return {"current": current, "changes": changes, "damaged": damaged}


def _write(path: Path, changes: Sequence[Change]) -> None:
    lines = [one.model_dump_json() for one in changes]
    with whole_file(path, replace=True) as out:
        out.write(("\n".join(lines) + "\n").encode())


def _unreadable(path: Path, problem: str) -> DataError:
    return DataError(
        f"{path}: expected the history of a line's bundles, found: {problem}; put back a copy of it, or name the "
        f"bundle that shall run (the folders beside it are named by their digests): edge-sort rollback --line "
        f"{path.parent} --to DIGEST, which keeps the damaged file under another name and goes on from what can be read"
    )
