"""The bundles of one line: a folder in which one link says which of them runs.

    LINE/
      1f0c52…        bundles, named by the first 16 digits of their digest
      current        a link to one of them: the line runs with LINE/current, and opens it once, when it starts
      history.jsonl  every change of that link (see edge.line_history)
      frozen.json    the pictures on which bundles are compared (see edge.frozen_set)

The link is the only thing that says what is current, and it is switched by a rename: cut the power at any moment, and
it leads to the old bundle or to the new one, both of them whole.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from edge.bundle import DIGEST_FILE, FACTS_FILE, SIGNATURE_FILE, Bundle, open_bundle
from edge.bundle_files import digest_line
from edge.durable import remove_drafts, switch_link, whole_folder
from edge.errors import BundleError, DataError
from edge.file_lock import lock
from edge.line_history import (
    Change,
    Entry,
    add_change,
    carried_out,
    read_entries,
    read_history,
    readable_changes,
    stack,
)
from edge.signature import read_signature

KEPT = 5  # bundles beside the current one
CURRENT, HISTORY, FROZEN, _LOCK = "current", "history.jsonl", "frozen.json", ".lock"
_NAME = re.compile("[0-9a-f]{16}")


class LineBundles:
    """What is in a line's folder. Changes are made within `locked` only."""

    def __init__(self, folder: Path) -> None:
        """Raises DataError when `folder` is a bundle, or a file."""
        self.folder = folder
        if (folder / FACTS_FILE).exists() or (folder.exists() and not folder.is_dir()):
            found = "a file" if folder.is_file() else "a bundle"
            raise DataError(
                f"{folder}: expected the folder of a line's bundles, found {found}; name another one, which is made "
                "with the first bundle"
            )

    @property
    def current(self) -> Path | None:
        """Where the link leads, also when nothing is there any more; None when there is no bundle yet."""
        link = self.folder / CURRENT
        return self.folder / link.readlink() if link.is_symlink() else None

    @property
    def current_digest(self) -> str | None:
        """The digest of the current bundle, as the history has it or as the bundle itself says.

        Raises DataError when the link leads to no bundle of this folder.
        """
        found = self.current
        if found is None:
            return None
        if found.parent == self.folder and _NAME.fullmatch(found.name):
            for change in reversed(readable_changes(self.folder / HISTORY)):
                if name_of(change.after) == found.name:
                    return change.after
            with suppress(BundleError):
                return open_bundle(found).digest
        raise DataError(
            f"{self.folder / CURRENT}: expected a link to a whole bundle in this folder, found one to "
            f"{(self.folder / CURRENT).readlink()}; name the bundle that shall run: edge-sort rollback --line "
            f"{self.folder} --to DIGEST (there are: {', '.join(self._names()) or 'none'}), or delete the link and "
            "promote a bundle"
        )

    @property
    def changes(self) -> list[Change]:
        """Every change, the first one first. Raises DataError."""
        return read_history(self.folder / HISTORY)

    @property
    def entries(self) -> list[Entry]:
        """What can be read of the history, and what of it cannot; whatever is wrong with it."""
        return read_entries(self.folder / HISTORY)

    @property
    def history_problem(self) -> str | None:
        """What is wrong with the history, None when it can be read."""
        try:
            read_history(self.folder / HISTORY)
        except DataError as error:
            return str(error)
        return None

    @contextmanager
    def locked(self, *, make: bool = False) -> Iterator[None]:
        """Within the block nobody else changes this line's bundles. What an earlier change left half done is removed.

        The lock ends with the process, whatever ends it. make: the folder too. Raises DataError when somebody else has
        the lock, or when there is no folder.
        """
        if not make and not self.folder.is_dir():
            raise DataError(
                f"{self.folder}: expected the folder of a line's bundles, found none; correct the path, or promote a "
                "first bundle"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / _LOCK).open("w") as file:
            taken = DataError(
                f"{self.folder}: expected nobody to be changing these bundles, found another promote or rollback at "
                "it; wait until it has ended"
            )
            lock(file, taken)
            remove_drafts(self.folder)
            yield

    def keep(self, bundle: Bundle) -> Bundle:
        """Put a copy of a verified bundle into the folder, onto the disk, and verify it again. Raises BundleError."""
        target = self.folder / name_of(bundle.digest)
        if target.exists():
            try:
                if open_bundle(target).digest == bundle.digest and _signed_alike(target, bundle.folder):
                    return open_bundle(target)
            except BundleError:
                pass
            shutil.rmtree(target)
        with whole_folder(target) as draft:
            (draft / DIGEST_FILE).write_bytes(digest_line(FACTS_FILE, bundle.raw_facts))
            (draft / FACTS_FILE).write_bytes(bundle.raw_facts)
            if (signature := read_signature(bundle.folder)) is not None:
                (draft / SIGNATURE_FILE).write_bytes(signature)
            for name in bundle.facts.files:
                (draft / name).write_bytes(bundle.read(name))
            open_bundle(draft, shown=target)
        return open_bundle(target)

    def switch(self, change: Change) -> None:
        """Write a change down and make its bundle the current one: it is on the disk when this returns."""
        add_change(self.folder / HISTORY, change)
        switch_link(self.folder / CURRENT, name_of(change.after))

    def prune(self) -> list[str]:
        """Remove all bundles but the current one and those that ran last. Returns the names of what was removed."""
        current = self.current_digest
        changes = self.changes
        made = [change for change, done in zip(changes, carried_out(changes, current), strict=True) if done]
        latest = dict.fromkeys(change.after for change in reversed(made))
        wanted = {name_of(digest) for digest in [*list(latest)[: KEPT + 1], *stack(changes, current)[-2:]]}
        wanted |= {found.name for found in [self.current] if found}
        removed = [one for one in self._names() if one not in wanted]
        for name in removed:
            shutil.rmtree(self.folder / name)
        return removed

    def before(self) -> str:
        """Return the digest of what ran before the current bundle. Raises DataError when nothing did."""
        found = stack(self.changes, self.current_digest)
        if len(found) < 2:
            raise DataError(
                f"{self.folder}: expected a bundle that ran before the current one, found none; "
                f"see what there is with: edge-sort promote --line {self.folder} --list"
            )
        return found[-2]

    def known(self, digest: str) -> str:
        """Return the whole digest of a kept bundle that has run here. Raises DataError.

        What a damaged history does not tell any more, the bundles do.
        """
        file = self.folder / HISTORY
        ran = {change.after for change in readable_changes(file) if (self.folder / name_of(change.after)).is_dir()}
        if self.history_problem is not None:
            ran |= set(self._digests())
        fitting = [one for one in sorted(ran) if digest and one.startswith(digest.lower())]
        if len(fitting) != 1:
            held = ", ".join(name_of(one) for one in sorted(ran)) or "none"
            found = "more than one" if fitting else "none"
            raise DataError(
                f"{self.folder}: expected one kept bundle whose digest begins with {digest!r}, found {found} "
                f"(there are: {held}); give one of these"
            )
        return fitting[0]

    def _digests(self) -> Iterator[str]:
        for name in self._names():
            with suppress(BundleError):
                yield open_bundle(self.folder / name).digest

    def _names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))


def name_of(digest: str) -> str:
    """Return the name of a bundle's folder."""
    return digest[:16]


def who() -> str:
    """Return who is logged in, as far as the system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return f"user {os.getuid()}"


def now_utc() -> str:
    """Return the moment as the history has it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _signed_alike(one: Path, other: Path) -> bool:
    return read_signature(one) == read_signature(other)
