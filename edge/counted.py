"""How many of what, as people say it."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Return "1 part", or "2 parts"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
