"""Who watches a line from outside and may ask something of it, such as the page. It never keeps the line waiting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

from edge.belt import Belt
from edge.clocks import Clock
from edge.gates import GateMove
from edge.incidents import Incident
from edge.journal import Journal
from edge.line_asked import CommandAsked
from edge.line_told import Condition
from edge.machine import Machine
from edge.parts import Frame, Reason
from edge.sorter import Outcome
from edge.track import Track


class Onlooker(Protocol):
    """Told by the sorter's thread, but for `look` and `commands`, which whoever looks after the line calls."""

    def saw(self, frame: Frame | None, outcomes: Sequence[Outcome], tracks: Sequence[Track]) -> None:
        """Take in a frame that went all the way, what was decided in it, and all parts that are known."""
        ...

    def happened(self, incident: Incident) -> None:
        """Take in an incident."""
        ...

    def moved(self, move: GateMove) -> None:
        """Take in a move of a gate."""
        ...

    def gave_up(self, part: int, reason: Reason) -> None:
        """Take in that a part which was meant for a gate goes to reject."""
        ...

    def record(self, journal: Journal) -> None:
        """Write down what people say of parts."""
        ...

    def look(self, condition: Condition) -> None:
        """Take in how the line is, a few times a second."""
        ...

    def commands(self) -> list[CommandAsked]:
        """Return what is asked of the line since the last call."""
        ...

    def answer(self, asked: CommandAsked, problem: str | None) -> None:
        """Tell what came of it; problem: why it was refused."""
        ...


class NoOnlooker:
    """Nobody watches."""

    def saw(self, frame: Frame | None, outcomes: Sequence[Outcome], tracks: Sequence[Track]) -> None:
        """Do nothing."""

    def happened(self, incident: Incident) -> None:
        """Do nothing."""

    def moved(self, move: GateMove) -> None:
        """Do nothing."""

    def gave_up(self, part: int, reason: Reason) -> None:
        """Do nothing."""

    def record(self, journal: Journal) -> None:
        """Do nothing."""

    def look(self, condition: Condition) -> None:
        """Do nothing."""

    def commands(self) -> list[CommandAsked]:
        """Return nothing."""
        return []

    def answer(self, asked: CommandAsked, problem: str | None) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class LineOpened:
    """A line that is about to run, for who wants to watch it. labels: the bundle's, in the order of all scores."""

    machine: Machine
    labels: tuple[str, ...]
    bundle_sha256: str
    belt: Belt
    clock: Clock
    journal: Journal


OpenOnlooker = Callable[[LineOpened], AbstractContextManager[Onlooker]]
"""Begins to watch a line, for as long as the block lasts."""


def nobody_looks(_line: LineOpened) -> AbstractContextManager[Onlooker]:
    """Watch nothing."""
    return nullcontext(NoOnlooker())
