"""One file for transport: a plain, uncompressed tar of a bundle, the same bytes for the same bundle.

    bundle.json.sha256, bundle.json, bundle.json.sig when signed, then every other file, sorted by name;
    each a 512-byte ustar header (mode 0644, owner 0, time 0, type "0") and its contents padded to 512 bytes;
    two blocks of zeros at the end, and nothing after them

`tar tvf FILE` lists it. Nothing in it is compressed, so nothing can unfold, and a header is only accepted when it is,
byte for byte, the one that `pack` writes for that name and size: no links, devices, paths, owners, sparse files or
extended headers exist in this format. Names are those a bundle may have.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from edge.bundle import (
    DIGEST_FILE,
    FACTS_FILE,
    MODEL_FILE,
    MOST_FACTS_BYTES,
    OPTIONAL_FILES,
    SIGNATURE_FILE,
    Bundle,
    open_bundle,
)
from edge.bundle_files import MOST_FILE_BYTES, digest_line
from edge.durable import require_unused, whole_file, whole_folder
from edge.errors import BundleError
from edge.signature import SIGNATURE_BYTES, read_signature

MOST_TOTAL_BYTES = 1 << 30
_BLOCK = 512
_END = bytes(2 * _BLOCK)
_CHUNK = 1 << 20
_FIRST = (DIGEST_FILE, FACTS_FILE, SIGNATURE_FILE)
_NAMES = {*_FIRST, MODEL_FILE, *OPTIONAL_FILES}
_MOST_BYTES = {DIGEST_FILE: 1000, FACTS_FILE: MOST_FACTS_BYTES, SIGNATURE_FILE: SIGNATURE_BYTES}
_REMEDY = "copy it again or pack the bundle again with: edge-sort bundle pack"


def pack_bundle(folder: Path, file: Path) -> Bundle:
    """Write the bundle in `folder` into one file, whole or not at all. Files that are not part of it stay behind.

    Raises BundleError when it is damaged, DataError when `file` exists.
    """
    bundle = open_bundle(folder)
    with whole_file(file) as out:
        for name, data in _contents(bundle):
            out.write(_header(name, len(data)) + data + bytes(-len(data) % _BLOCK))
        out.write(_END)
    return bundle


def unpack_bundle(file: Path, folder: Path) -> Bundle:
    """Make the bundle folder that `pack_bundle` packed; it gets its name when all of it is verified.

    Raises BundleError naming what is wrong, DataError when `folder` is in use.
    """
    require_unused(folder)
    if file.is_dir():
        raise BundleError(f"{file}: expected a packed bundle, found a folder; give the file of edge-sort bundle pack")
    if not file.is_file():
        raise BundleError(f"{file}: expected a packed bundle, found no such file; make one with: edge-sort bundle pack")
    with whole_folder(folder) as draft:
        with file.open("rb") as packed:
            _extract(packed, file, draft)
        bundle = open_bundle(draft, shown=file)
        _check_members(bundle, draft, file)
    return Bundle(folder, bundle.facts, bundle.raw_facts)


def _contents(bundle: Bundle) -> Iterator[tuple[str, bytes]]:
    yield DIGEST_FILE, digest_line(FACTS_FILE, bundle.raw_facts)
    yield FACTS_FILE, bundle.raw_facts
    if (signature := read_signature(bundle.folder)) is not None:
        yield SIGNATURE_FILE, signature
    for name in sorted(bundle.facts.files):
        yield name, bundle.read(name)


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)  # a regular file of mode 0644, owner 0 without a name, time 0
    entry.size = size
    return entry.tobuf(tarfile.USTAR_FORMAT)


def _extract(packed: BinaryIO, file: Path, draft: Path) -> None:
    """Copy every member into `draft`. A header's size is a promise: what is read is counted."""
    names: list[str] = []
    total = 0
    while (block := packed.read(_BLOCK)) != _END[:_BLOCK]:
        name, size = _announced(block, file)
        total += size
        if name in names or total > MOST_TOTAL_BYTES:
            found = f"{name} twice" if name in names else f"more than {MOST_TOTAL_BYTES >> 20} MiB"
            raise BundleError(f"{file}: expected every file of one bundle once, found {found}; {_REMEDY}")
        names.append(name)
        _copy(packed, draft / name, size, f"{file}: {name}")
    if packed.read(_BLOCK + 1) != _END[_BLOCK:]:
        raise BundleError(
            f"{file}: expected nothing but its end after {', '.join(names)}, found other bytes; {_REMEDY}"
        )
    if names != [*(name for name in _FIRST if name in names), *sorted(set(names) - set(_FIRST))]:
        raise BundleError(f"{file}: expected its files in the order of edge-sort bundle pack, found another; {_REMEDY}")


def _announced(block: bytes, file: Path) -> tuple[str, int]:
    """Return the name and size in a header. Raises BundleError unless it is exactly as `pack_bundle` writes it."""
    if not block:
        raise BundleError(f"{file}: expected a whole packed bundle, found one cut short; {_REMEDY}")
    try:
        entry = tarfile.TarInfo.frombuf(block, "ascii", "strict")
        plain = entry.name in _NAMES and 0 <= entry.size <= _MOST_BYTES.get(entry.name, MOST_FILE_BYTES)
        if plain and _header(entry.name, entry.size) == block:
            return entry.name, entry.size
        found = f"{ascii(entry.name)[:80]}, {entry.size} bytes, type {entry.type!r}"
    except (tarfile.HeaderError, ValueError) as error:
        found = f"no tar header ({error})"
    raise BundleError(
        f"{file}: expected a file of a bundle as edge-sort bundle pack writes it, found {found}; {_REMEDY}"
    )


def _copy(packed: BinaryIO, path: Path, size: int, shown: str) -> None:
    left = size
    with path.open("xb") as out:
        while left:
            data = packed.read(min(left, _CHUNK))
            if not data:
                raise BundleError(f"{shown}: expected {size} bytes, found {size - left}; {_REMEDY}")
            out.write(data)
            left -= len(data)
    if packed.read(-size % _BLOCK) != bytes(-size % _BLOCK):
        raise BundleError(f"{shown}: expected zeros up to the next block, found other bytes or none; {_REMEDY}")


def _check_members(bundle: Bundle, draft: Path, file: Path) -> None:
    """Every file the archive brought must be pinned by bundle.json, or be its digest or signature."""
    for path in draft.iterdir():
        if path.name not in (*_FIRST, *bundle.facts.files):
            raise BundleError(f"{file}: expected only what bundle.json lists, found {path.name} too; {_REMEDY}")
