"""Make the bundle current again that ran before: verified, written down, done within a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from edge.line_bundles import CURRENT, HISTORY, LineBundles, name_of, now_utc
from edge.line_history import Change, set_aside
from edge.signature import open_bundle_by


@dataclass(frozen=True)
class Word:
    """Whose word a change is, and why."""

    by: str
    why: str = ""


def roll_back(line: LineBundles, word: Word, *, to: str | None = None, require_signed: Path | None = None) -> Change:
    """Go back to what ran before the current bundle, or to a kept one whose digest begins with `to`.

    Every byte of it is verified before. Its answers are not measured again: it ran here, and each start of a line
    replays its test card and golden inputs. With `to` it also mends: a damaged history is kept under another name, a
    link that leads to no bundle is replaced, and the change says so. Raises DataError, BundleError.
    """
    with line.locked():
        after = line.known(to) if to is not None else line.before()
        before, wrong = _current(line) if to is not None else (line.current_digest, [])
        damaged = to is not None and line.history_problem is not None
        if after == before and not damaged:
            raise DataError(f"{line.folder}: expected another bundle than the current one, found {name_of(after)}")
        folder = line.folder / name_of(after)
        found = open_bundle_by(folder, require_signed)
        if found.digest != after:
            raise DataError(
                f"{folder}: expected the bundle of digest {after[:16]} that ran here, found {found.digest[:16]}; "
                "go to another one with --to, or promote a bundle"
            )
        at_utc = now_utc()
        if damaged:
            aside = set_aside(line.folder / HISTORY, at_utc)
            wrong.append(f"the history was damaged: it is kept as {aside.name}, and goes on from what could be read")
        change = Change(
            action="rollback",
            before=before,
            after=after,
            at_utc=at_utc,
            by=word.by,
            why=word.why,
            forced=tuple(wrong),
        )
        line.switch(change)
        return change


def _current(line: LineBundles) -> tuple[str | None, list[str]]:
    """Return the digest of the current bundle, and what is wrong with the link if it leads to none."""
    try:
        return line.current_digest, []
    except DataError:
        return None, [f"{CURRENT} led to {(line.folder / CURRENT).readlink()}, which is no bundle of this line"]
