"""Pieces of C source as text: arrays, comments, names."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from importlib.resources import files

from edge.errors import DataError

_WIDTH = 116


def array(kind: str, name: str, values: Iterable[int]) -> str:
    """Return a constant array. kind: "int8_t" or another type."""
    return records_array(kind, name, [str(int(value)) for value in values])


def records_array(kind: str, name: str, records: Sequence[str]) -> str:
    """Return a constant array of records that are C already; a space within one must be after a comma."""
    rows = textwrap.wrap(", ".join(records), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"static const {kind} {name}[{len(records)}] = {{\n    " + "\n    ".join(rows) + "};\n"


def comment(text: str) -> str:
    """Return a comment; what would end it early is taken out."""
    lines = textwrap.wrap(text.replace("*/", "* /").replace("/*", "/ *"), _WIDTH)
    return "/* " + "\n   ".join(lines) + " */\n"


def quoted(text: str) -> str:
    """Return a string constant of any text, as UTF-8 in octal escapes where it is not plain ASCII."""
    plain = (chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in text.encode())
    return '"' + "".join(plain) + '"'


def kernel(name: str) -> str:
    """Return the text of one of the files in kernels/."""
    return (files("firmware_bridge") / "kernels" / name).read_text(encoding="utf-8")


def check_name(name: str) -> str:
    """Return a name that C, and a file, can have. Raises DataError for another."""
    if not (name.isascii() and name.isidentifier() and len(name) <= 40) or name in _C_WORDS or name.startswith("_"):
        raise DataError(
            f"--name: expected a name as C has them (letters, digits, underscores), found {name!r}; "
            "take another, such as parts_model"
        )
    if name in _FILES:
        raise DataError(f"--name: expected another name than those of the other files, found {name!r}")
    return name


_FILES = ("selftest", "host", "mps2", "es_settings")
_C_WORDS = frozenset(
    """auto break case char const continue default do double else enum extern float for goto if inline int long main
    register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while
    """.split()  # noqa: SIM905  # one word to a line would take a page
)
