"""Say what is wrong with a file that was read, or what the system refused."""

from __future__ import annotations

import errno
import re
from collections.abc import Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

UNKNOWN_KEY = ("extra_forbidden", "unexpected_keyword_argument")
_NO_TABLE = ("model_type", "model_attributes_type", "dict_type", "dataclass_type")


def first_problem(error: Exception) -> str:
    """Return what a reader of JSON, a check of its contents, or the system found, in a few words and one line."""
    if isinstance(error, ValidationError):
        first = most_telling(error.errors())
        where = ".".join(str(key) for key in first["loc"])
        return f"{where}: {without_classes(first['msg'])}" if where else without_classes(first["msg"])
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)


def without_classes(message: str) -> str:
    """Return pydantic's words with the members of an enum as people write them: 'stop', not <Command.STOP: 'stop'>."""
    return re.sub(r"<[\w.]+: ('[^']*')>", r"\1", message)


def most_telling(errors: Sequence[ErrorDetails]) -> ErrorDetails:
    """Return the unknown key among them, where there is one: a slip in its name explains the one that is missing."""
    return next((each for each in errors if each["type"] in UNKNOWN_KEY), errors[0])


def key_problem(key: str, problem: ErrorDetails) -> str:
    """Say what is wrong with a key that people write, and what to do."""
    if problem["type"] in UNKNOWN_KEY:
        return f"unknown key {key!r}; delete it or correct its spelling"
    if problem["type"] == "missing":
        return f"expected a key {key!r}, found none; add it"
    if problem["type"] in _NO_TABLE:
        return f"{key}: expected a table of keys, found {problem['input']!r}; correct it"
    if problem["type"] == "too_short":
        return f"{key}: expected at least {problem['ctx']['min_length']}, found {problem['input']!r}; add more"
    if problem["type"] == "tuple_type":
        return f"{key}: expected a list, found {problem['input']!r}; correct it"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {message[0].lower()}{message[1:]}, found {problem['input']!r}; correct it"


def system_problem(error: OSError) -> str:
    """Say what the system refused, and what to do."""
    where = f" at {error.filename}" if error.filename else ""
    if error.errno == errno.ENOSPC:
        return f"the disk is full{where}; free some space and run the command again"
    return f"the system refused{where}: {error.strerror or error}; check the path and its permissions"
