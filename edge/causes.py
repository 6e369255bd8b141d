"""What an error began with, in one line."""

from __future__ import annotations


def in_a_line(error: BaseException) -> str:
    """Return the first line of what an error says.

    A library that cannot be loaded is named by the error below: numpy puts a page of advice over it.
    """
    while isinstance(error, ImportError) and error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
