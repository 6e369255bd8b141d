"""What came of a line that lived once, or twice because something ended it before its time."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from edge.belt import Belt
from edge.emulated_belt import Fate, FedPart


@dataclass(frozen=True)
class FirstEnd:
    """When the first life ended, how many frames it was given, and how many parts were fed by then.

    broken: a sentence for each thing about it that must not be.
    """

    at: float
    frames: int
    fed: int
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Lived:
    """What came of a line that lived once, or twice. rows: of all its runs. because: why the last one ended.

    stops: how often the belt stopped, as the journal has it.
    """

    ended: Sequence[tuple[FedPart, Fate]]
    rows: Sequence[sqlite3.Row]
    moving: Belt
    because: str
    ended_at: float
    stops: int
    first_end: FirstEnd | None = None
