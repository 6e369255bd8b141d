"""Make the bundle current again that ran before: verified, written down, done within a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.errors import DataError
from edge.line_bundles import LineBundles, name_of, now_utc
from edge.line_history import Change
from edge.signature import open_bundle_by


@dataclass(frozen=True)
class Word:
    """Whose word a change is, and why."""

    by: str
    why: str = ""


def roll_back(line: LineBundles, word: Word, *, to: str | None = None, require_signed: Path | None = None) -> Change:
    """Go back to what ran before the current bundle, or to a kept one whose digest begins with `to`.

    Every byte of it is verified before. Its answers are not measured again: it ran here, and each start of a line
    replays its test card and golden inputs. Raises DataError, BundleError.
    """
    with line.locked():
        after, before = line.known(to) if to is not None else line.before(), line.current_digest
        if after == before:
            raise DataError(f"{line.folder}: expected another bundle than the current one, found {name_of(after)}")
        folder = line.folder / name_of(after)
        found = open_bundle_by(folder, require_signed)
        if found.digest != after:
            raise DataError(
                f"{folder}: expected the bundle of digest {after[:16]} that ran here, found {found.digest[:16]}; "
                "go to another one with --to, or promote a bundle"
            )
        change = Change(action="rollback", before=before, after=after, at_utc=now_utc(), by=word.by, why=word.why)
        line.switch(change)
        return change
