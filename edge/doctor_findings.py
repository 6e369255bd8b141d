"""What a check of `edge-sort doctor` finds: a status, what was seen, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail", "skipped"]


@dataclass(frozen=True)
class Finding:
    """mend: what to do about it, a command where there is one; None where nothing is to be done."""

    status: Status
    found: str
    mend: str | None = None


def ok(found: str) -> Finding:
    """It is as it must be."""
    return Finding("ok", found)


def warn(found: str, mend: str) -> Finding:
    """The line runs, but not as well as it could."""
    return Finding("warn", found, mend)


def fail(found: str, mend: str) -> Finding:
    """The line does not run, or not safely."""
    return Finding("fail", found, mend)


def skipped(why: str) -> Finding:
    """It cannot be looked at here, or does not concern this machine."""
    return Finding("skipped", why)
