"""Read the files of a bundle that may come from anywhere: bounded, exact, and named when wrong."""

from __future__ import annotations

import hashlib
import json
import math
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import BundleError
from edge.model_limits import MOST_MODEL_BYTES
from edge.problems import first_problem

MOST_FILE_BYTES = MOST_MODEL_BYTES  # nothing in a bundle is larger than its model
REMEDY = "copy the bundle again or make it again with: edge-sort quantize"

_MOST_LABEL_LENGTH = 200
_MOST_SHOWN = 80

_DIRECTION_MARKS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
# a line of text that may be shown on a terminal: nothing in it moves the cursor or turns the direction of reading
ShownText = Annotated[str, Field(max_length=500, pattern=f"^[^\\x00-\\x1f\\x7f-\\x9f{_DIRECTION_MARKS}]*$")]
Facts = TypeVar("Facts", bound=BaseModel)


class FileFact(BaseModel):
    """What a file of the bundle must be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size_bytes: int = Field(ge=0, le=MOST_FILE_BYTES)


def sha256(data: bytes) -> str:
    """Return the digest in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def digest_line(name: str, data: bytes) -> bytes:
    """Return what `sha256sum NAME` says of `data`."""
    return f"{sha256(data)}  {name}\n".encode()


def read_bounded(path: Path, most_bytes: int, shown: Path) -> bytes:
    """Read a regular file, at most one byte more than expected: it must neither fill the memory nor block on a pipe.

    shown: the file's name in messages. Raises BundleError when there is none or it cannot be read.
    """
    try:
        if not path.is_file():
            raise BundleError(f"{shown}: expected a file of the bundle, found none; {REMEDY}")
        with path.open("rb") as file:
            return file.read(most_bytes + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise BundleError(f"{shown}: expected a file of the bundle, found none readable; {REMEDY}") from error


def read_exactly(path: Path, fact: FileFact, shown: Path) -> bytes:
    """Read a file and compare it with its fact. Raises BundleError, with `shown` as its name, when they differ."""
    data = read_bounded(path, fact.size_bytes, shown)
    if len(data) != fact.size_bytes:
        found = "more" if len(data) > fact.size_bytes else len(data)
        raise BundleError(f"{shown}: expected {fact.size_bytes} bytes, found {found}; {REMEDY}")
    if sha256(data) != fact.sha256:
        raise BundleError(f"{shown}: its contents changed since the bundle was made; {REMEDY}")
    return data


def parse_facts(path: Path, raw: bytes, version: int, kind: type[Facts]) -> Facts:
    """Parse a file of facts into its record. Raises BundleError, naming `path`, when it says anything else."""
    try:
        found = _strict_json(raw)
        made = found.get("format_version") if isinstance(found, dict) else None
        if type(made) is not int or made != version:
            raise BundleError(
                f"{path}: expected bundle format {version}, found {ascii(made)[:_MOST_SHOWN]}; "
                "install the edge-sort that made it, or make the bundle again with this one"
            )
        return kind.model_validate(found)
    except (ValueError, ValidationError, RecursionError) as error:
        problem = printable(first_problem(error))
        raise BundleError(f"{path}: expected the facts of a bundle, found: {problem}; {REMEDY}") from error


def _strict_json(raw: bytes) -> Any:
    """Parse UTF-8 JSON in which every key stands once and every number is finite. Raises ValueError, RecursionError."""
    return json.loads(raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite)


def printable(text: str) -> str:
    """Shorten a text that quotes a file from anywhere, and take from it what could move a terminal's cursor."""
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in text[: 2 * _MOST_SHOWN])


def label_problem(labels: Iterable[str]) -> str | None:
    """Say what is wrong with labels that people read on a screen: hidden characters, or two that look alike."""
    seen: set[str] = set()
    for label in labels:
        hidden = any(unicodedata.category(mark) in ("Cc", "Cs") or mark in _DIRECTION_MARKS for mark in label)
        if hidden or not label.strip() or len(label) > _MOST_LABEL_LENGTH:
            return f"labels: expected names that can be shown, found {label[:_MOST_LABEL_LENGTH]!a}"
        if (plain := unicodedata.normalize("NFKC", label)) in seen:
            return f"labels: expected different names, found {label!a} twice or another that looks like it"
        seen.add(plain)
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {twice[:_MOST_SHOWN]!a} twice")
    return found


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} instead of a number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:_MOST_SHOWN]}, a number beyond all bounds")
    return number
