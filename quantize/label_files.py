"""Read the labels of a model in whatever form its maker wrote them.

One per line; numbered ("0 cat", "0: cat", "0,cat", tabs) as Teachable Machine and Coral do; or JSON: a list, an object
with the list under "labels", an object from number to label or from label to number.
"""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import DataError

MOST_BYTES = 10_000_000

_MOST_LENGTH = 200
_NUMBERED = re.compile(r"(\d{1,9})(?:\s*[:,;=]\s*|\s+)(\S.*)")
_REMEDY = "give a text file with one label per line, in the order of the model's outputs"


@dataclass(frozen=True)
class Labels:
    """The labels in output order, and what had to be done to get there, a sentence each."""

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_labels(path: Path) -> Labels:
    """Read a label file. Raises DataError when it holds no list of labels."""
    try:
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"{path}: expected a file of labels, found none ({error.strerror}); check the path") from error
    return parse_labels(raw, str(path))


def parse_labels(raw: bytes, where: str) -> Labels:
    """Read the contents of a label file; `where` names it in errors. Raises DataError."""
    text = _decoded(raw, where)
    names, notes = _from_json(text, where) if text.lstrip()[:1] in ("[", "{") else _from_lines(text, where)
    names = [" ".join(unicodedata.normalize("NFKC", name).split()) for name in names]  # as a bundle wants them
    if len(names) < 2:
        raise DataError(f"{where}: expected at least two labels, found {len(names)}; {_REMEDY}")
    for number, name in enumerate(names):
        if not name.isprintable() or not 0 < len(name) <= _MOST_LENGTH:
            raise DataError(f"{where}: expected a name for label {number}, found {name[:_MOST_LENGTH]!r}; {_REMEDY}")
    unique, repeated = _told_apart(names)
    return Labels(tuple(unique), (*notes, *repeated))


def _decoded(raw: bytes, where: str) -> str:
    if len(raw) > MOST_BYTES:
        raise DataError(f"{where}: expected a file of labels, found more than {MOST_BYTES // 10**6} MB; {_REMEDY}")
    wide = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return raw.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{where}: expected text in UTF-8, found {error.reason} at byte {error.start}; save it as UTF-8"
        ) from (error)


def _from_lines(text: str, where: str) -> tuple[list[str], list[str]]:
    lines = [line.strip() for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    numbered = [_NUMBERED.fullmatch(line) for line in lines if line]
    pairs = [(int(match[1]), match[2]) for match in numbered if match]
    if pairs and len(pairs) == len(numbered) and (found := _in_order(pairs)):
        return found
    if "" in lines:
        raise DataError(
            f"{where}: expected a label in every line, found line {lines.index('') + 1} empty, which would move all "
            "labels after it to another output; delete the line or name the label"
        )
    return lines, []


def _in_order(pairs: Sequence[tuple[int, str]]) -> tuple[list[str], list[str]] | None:
    """Return the labels by their numbers, if those count from 0 or 1 without a gap; else they belong to the names."""
    numbers = sorted(number for number, _ in pairs)
    first = numbers[0]
    names = [name for _, name in sorted(pairs, key=lambda pair: pair[0])]
    if first > 1 or numbers != list(range(first, first + len(pairs))):
        return None
    if first == 1 and len(set(names)) < len(names):  # "1 mm bolt", "2 mm bolt"
        return None
    return names, [f"the labels are numbered from {first}; the numbers were taken off"]


def _from_json(text: str, where: str) -> tuple[list[str], list[str]]:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: expected labels as JSON, found: {error}; {_REMEDY}") from error
    if isinstance(found, dict) and "labels" in found and isinstance(found["labels"], list | dict):
        found = found["labels"]
    if isinstance(found, list) and all(isinstance(name, str) for name in found):
        return found, []
    if isinstance(found, dict):
        pairs = [_pair(key, value) for key, value in found.items()]
        numbers = sorted(pair[0] for pair in pairs if pair)
        if pairs and numbers == list(range(len(pairs))):
            return [name for _, name in sorted(pair for pair in pairs if pair)], []
    raise DataError(f"{where}: expected a JSON list of labels, or an object that numbers them from 0; {_REMEDY}")


def _pair(key: str, value: Any) -> tuple[int, str] | None:
    if isinstance(value, str) and key.isdecimal() and len(key) < 10:
        return int(key), value
    if isinstance(value, int) and not isinstance(value, bool):
        return value, key
    return None


def _told_apart(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Number the labels that occur more than once: a bundle's labels are names of bins."""
    repeated = {name for name, count in Counter(names).items() if count > 1}
    unique: list[str] = []
    taken = set(names)
    for name in names:
        new, number = name, 1
        if name in repeated:
            while new in unique or (number > 1 and new in taken):
                number += 1
                new = f"{name} ({number})"
        unique.append(new)
    notes = [f"labels that occur more than once were numbered: {', '.join(sorted(repeated))}"] if repeated else []
    return unique, notes
