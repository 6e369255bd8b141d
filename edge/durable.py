"""Write a folder, a file or a link, so that it is there whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from edge.errors import DataError

_DRAFT = ".partial"


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder beside `target`; when the block ends well it becomes `target`, else it is removed.

    Raises DataError when `target` exists and holds anything.
    """
    require_unused(target)
    parent = target.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", suffix=_DRAFT, dir=parent))
    try:
        yield draft
        publish(draft, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def publish(draft: Path, target: Path) -> None:
    """Make the folder `draft`, beside `target`, become it: first onto the disk, then under its name."""
    draft.chmod(0o755)
    for path in sorted(draft.rglob("*")):
        _sync(path)
    _sync(draft)
    draft.rename(target)
    _sync(target.absolute().parent)


@contextmanager
def whole_file(target: Path, mode: int = 0o644, *, replace: bool = False) -> Iterator[BinaryIO]:
    """Yield a file beside `target`, open for writing; when the block ends well it becomes `target`, else it is removed.

    Nobody else can read it before it has its mode. replace: it may take the place of an older file, which is there,
    whole, until that moment. Raises DataError when `target` exists and may not be replaced, or is a folder.
    """
    if not replace or target.is_dir():
        require_new_file(target)
    parent = target.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{target.name}-", suffix=_DRAFT, dir=parent)
    draft = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        draft.chmod(mode)
        _sync(draft)
        draft.rename(target)
    finally:
        draft.unlink(missing_ok=True)
    _sync(parent)


def switch_link(link: Path, target: str) -> None:
    """Make the symbolic link `link` lead to `target`, a name beside it, which is on the disk when this returns.

    At every moment it leads to the old one or to the new one. Raises DataError when something else is in its place.
    """
    if link.exists() and not link.is_symlink():
        raise DataError(f"{link}: expected a symbolic link, found something else of that name; move it away")
    draft = link.with_name(f".{link.name}-{os.getpid()}{_DRAFT}")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    try:
        draft.replace(link)
    finally:
        draft.unlink(missing_ok=True)
    _sync(link.absolute().parent)


def remove_drafts(folder: Path) -> None:
    """Remove what was being written in a folder when it was cut short. Nobody else may be writing there."""
    for draft in folder.glob(f".*{_DRAFT}"):
        if draft.is_dir() and not draft.is_symlink():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def require_new_file(target: Path) -> None:
    """Raise DataError when `target` exists."""
    if target.exists() or target.is_symlink():
        raise DataError(f"{target}: expected a new file to write, found one that exists; choose another name")


def require_name(target: Path) -> None:
    """Raise DataError when `target` has no name of its own, as '.', '..' and '/': nothing can be put in its place."""
    if target.name in ("", ".."):
        raise DataError(f"{target}: expected the name of a new folder, found none; name one, such as {target / 'out'}")


def require_unused(target: Path) -> None:
    """Raise DataError when `target` holds anything or cannot be made. Long work asks this before it starts."""
    require_name(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise DataError(f"{target}: expected a new or empty folder to write to, found one in use; choose another")
    parent = next(folder for folder in target.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise DataError(
            f"{target}: expected a place that can be written to, found that {parent} is none; "
            "choose a folder you may write to"
        )


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
