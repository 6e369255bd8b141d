"""How a line ends before its time: its process is killed, or the disk that its journal is on is full.

Both are drawn from a seed: a moment, and how many calls through the line's seams later. A killed process reaches
nothing any more: every later call through a seam ends the same way. What it leaves is what the world sees: its journal
as the file stands, and gates that rest because their pipe has ended. A full disk is SQLite's own: the file may get no
more pages.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.cameras import Camera
from edge.clocks import Clock
from edge.faults import EndingKind
from edge.gate_limits import Window
from edge.gates import GateMove, Gates, WrappedGates
from edge.parts import Frame, Reason
from edge.sorter import Scorer

MOST_CALLS = 60  # after the moment drawn: it may hit in the middle of a frame
FIRST_SHARE, LAST_SHARE = 0.1, 0.9  # of the time that all parts take


class Killed(BaseException):
    """The process is gone."""


class Ending:
    """Waits for its moment. kind: what it then does. recorded: the parts whose row was promised to be on the disk."""

    def __init__(self, kind: EndingKind, clock: Clock, lasts_s: float, seed: int) -> None:
        rng = np.random.default_rng([seed, 11])
        self.kind, self._clock = kind, clock
        self._at = clock.now() + lasts_s * float(rng.uniform(FIRST_SHARE, LAST_SHARE))
        self._calls = int(rng.integers(MOST_CALLS))
        self.killed_at: float | None = None
        self.recorded: set[int] = set()
        self.on_kill: Callable[[], None] = lambda: None  # what the world does about it

    def touch(self) -> None:
        """Every call through a seam asks this before and after. Raises Killed."""
        if self.killed_at is None and self.kind == "process_killed" and self._is_time():
            self.killed_at = self._clock.now()
            self.on_kill()
        if self.killed_at is not None:
            raise Killed

    def connection(self) -> type[sqlite3.Connection]:
        """Return what SQLite shall make the journal's connection of."""
        ending = self

        class MortalConnection(sqlite3.Connection):
            """Ends with its process, and knows a full disk."""

            def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
                ending.touch()
                if ending.kind == "disk_full" and ending._is_time():
                    pages = super().execute("PRAGMA page_count").fetchone()[0]
                    super().execute(f"PRAGMA max_page_count = {pages}")
                done = super().execute(sql, parameters)
                ending.touch()
                if sql.startswith("INSERT INTO parts "):
                    ending.recorded.add(parameters[1])
                return done

        return MortalConnection

    def _is_time(self) -> bool:
        self._calls -= (due := self._clock.now() >= self._at)
        return due and self._calls < 0


def copy_journal(journal: Path, folder: Path) -> Path:
    """Copy a journal as the file stands, which is what a killed process leaves; return the copy."""
    for suffix in ("", "-wal"):
        part = journal.with_name(journal.name + suffix)
        if part.exists():
            shutil.copy(part, folder / part.name)
    return folder / journal.name


class MortalCamera:
    """A camera whose frames a dead process does not see."""

    def __init__(self, camera: Camera, ending: Ending) -> None:
        self._camera, self._ending = camera, ending

    def frames(self) -> Iterator[Frame]:
        """Yield the camera's frames."""
        for frame in self._camera.frames():
            self._ending.touch()
            yield frame

    def close(self) -> None:
        """Let the camera go."""
        self._camera.close()


class MortalScorer:
    """A scorer in which a process may die."""

    def __init__(self, scorer: Scorer, ending: Ending) -> None:
        self._scorer, self._ending = scorer, ending

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score a picture."""
        self._ending.touch()
        scores = self._scorer.scores(image)
        self._ending.touch()
        return scores


class MortalGates(WrappedGates):
    """Gates that a dead process cannot reach."""

    def __init__(self, gates: Gates, ending: Ending) -> None:
        super().__init__(gates)
        self._ending = ending

    def move_at(self, gate: str, window: Window, part: int, *, hold: bool) -> None:
        """Plan an opening for a part. Raises MoveRefused."""
        self._ending.touch()
        super().move_at(gate, window, part, hold=hold)
        self._ending.touch()

    def replan(self, gate: str, windows: Mapping[int, Window]) -> dict[int, Reason]:
        """Move the windows of parts already planned."""
        self._ending.touch()
        return super().replan(gate, windows)

    def poll(self, *, alive: bool = True) -> list[GateMove]:
        """Return the moves made since the last call."""
        self._ending.touch()
        return super().poll(alive=alive)

    def rest(self) -> None:
        """Bring every gate to rest now."""
        self._ending.touch()
        super().rest()
