"""An emulated line that ends before its time and is started again on the same belt, with the same journal.

The first life ends as edge/endings.py draws it. Nobody feeds parts then; what is on the belt rides out past gates at
rest, and the line is started again once nothing is under the camera, as a person would do it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from edge.assumed_latency import AssumedLatency
from edge.between import Between
from edge.cameras import Camera
from edge.clocks import ManualClock
from edge.driven_line import World, drive_line
from edge.emulated_belt import fates, first_mark
from edge.emulated_camera import EmulatedCamera
from edge.emulated_world import EmulateOptions, belts, emulated_belt, known_belt, learnt_at
from edge.endings import Ending, Killed, MortalCamera, MortalGates, MortalScorer, copy_journal
from edge.faults import EndingKind, Faults
from edge.incidents import IncidentKind
from edge.journal import Journal, JournalError
from edge.journal_file import open_database
from edge.line import LineModel, pin_specs
from edge.line_journal import line_journal
from edge.lived import FirstEnd, Lived
from edge.machine import Machine
from edge.part_sources import PartSource
from edge.parts import Frame
from edge.pin_gates import LocalGates
from edge.sorter import Outcome
from edge.watched_gates import WatchedGates

DOWN_S = (1.0, 5.0)  # from the end of one life, and an empty picture, to the start of the next
_ROWS = "SELECT * FROM parts ORDER BY run, part"
_STOPS = "SELECT count(*) FROM incidents WHERE kind = ?"


class _Stage:
    """The world of both lives, and what both are made of."""

    def __init__(
        self, options: EmulateOptions, machine: Machine, model: LineModel, source: PartSource, between: Between
    ) -> None:
        self.machine, self.between, self.clock, self._seed = machine, between, ManualClock(), options.seed
        slowed = AssumedLatency(model.scorer, self.clock, options.latency_ms / 1000, options.seed)
        self.model = replace(model, scorer=between.scorer(slowed, self.clock))
        self.moving, self.belt = belts(options, machine, self.clock, between)
        self.emulated = emulated_belt(options, machine, self.moving, source, self.clock.now())

    def camera(self) -> Camera:
        """Open the camera, again and again."""
        camera = EmulatedCamera(self.emulated, frame_rate_hz=self.machine.camera.frame_rate_hz, clock=self.clock)
        return self.between.camera(camera, self.clock)

    def gates(self) -> WatchedGates:
        """Take the pins."""
        gates = LocalGates(pin_specs(self.machine), self.clock, self.between.pins(self.clock))
        return WatchedGates(gates, self.emulated, self.clock)

    def journal(self, path: Path, digest: str, factory: type[sqlite3.Connection] = sqlite3.Connection) -> Journal:
        """Start a run in the journal."""
        return line_journal(
            path,
            self.machine,
            self.model.labels,
            bundle_sha256=digest,
            clock="manual",
            started_s=self.clock.now(),
            factory=factory,
        )

    def clear_belt(self) -> None:
        """Let everything ride out of the picture, and some time pass; only then feed again."""
        empty_mm = self.emulated.last_rear_mm + self.machine.camera.view_mm / 2 + self.machine.decision.guard_mm
        down_s = float(np.random.default_rng([self._seed, 12]).uniform(*DOWN_S))
        self.clock.sleep_until(max(self.clock.now(), self.moving.time_when(empty_mm)) + down_s)
        learnt = learnt_at(self.machine, self.clock.now())
        self.emulated.put_off(first_mark(learnt, self.machine, self.moving))
        self.belt = known_belt(self.machine, self.moving, self.clock, self.between)


def run_two_lives(
    options: EmulateOptions,
    machine: Machine,
    model: LineModel,
    source: PartSource,
    bundle_sha256: str,
    kind: EndingKind,
    faults: Faults,
    between: Between,
) -> Lived:
    """Run the line on the manual clock until it ends as drawn, and once more until every part has passed.

    options.journal says where the first journal is. Raises what a line raises that breaks off otherwise.
    """
    assert options.journal is not None, "a journal in memory ends with its process"
    assert options.count is not None, "who ends it must know how long it lasts"
    stage = _Stage(options, machine, model, source, between)
    ending = Ending(kind, stage.clock, options.count / options.rate_per_min * 60, options.seed)
    path, broken, because = _first_life(stage, ending, options.journal, bundle_sha256)
    if because is not None:
        return _single_life(stage, path, because)
    broken += broken_promises(path, ending)
    first = FirstEnd(stage.clock.now(), len(faults.frames_at), len(stage.emulated.fed), tuple(broken))
    faults.counts[kind] += 1
    faults.frames_seen = 0  # the next life learns its belt undisturbed too
    stage.clear_belt()
    with closing(stage.journal(path, bundle_sha256)) as journal, closing(stage.gates()) as gates:
        world = World(stage.camera(), stage.camera, stage.belt, between.gates(gates), journal, stage.clock)
        because = drive_line(machine, stage.model, world, _unwatched, _untold).whole().because
        return _lived(stage, journal.database, because, first)


def _single_life(stage: _Stage, path: Path, because: str) -> Lived:
    """Return what came of a line whose parts had all passed before its ending was due."""
    with closing(open_database(path)) as db:
        return _lived(stage, db, because)


def _lived(stage: _Stage, db: sqlite3.Connection, because: str, first: FirstEnd | None = None) -> Lived:
    rows, stops = db.execute(_ROWS).fetchall(), db.execute(_STOPS, (str(IncidentKind.BELT_STOPPED),)).fetchone()[0]
    now = stage.clock.now()
    return Lived(fates(stage.emulated, now), rows, stage.moving, because, now, int(stops), first)


def _first_life(stage: _Stage, ending: Ending, path: Path, digest: str) -> tuple[Path, list[str], str | None]:
    """Run until the ending. Returns the journal it left, what is wrong about how it ended, and why if it came first."""
    left, gates, because = path, stage.gates(), None

    def killed() -> None:
        nonlocal left
        gates.rest()  # their process sees its pipe end
        gates.poll()
        folder = path.parent / "left"
        folder.mkdir()
        left = copy_journal(path, folder)

    ending.on_kill = killed
    mortal = replace(stage.model, scorer=MortalScorer(stage.model.scorer, ending))
    between = stage.between

    def camera() -> Camera:
        return MortalCamera(stage.camera(), ending)

    journal = stage.journal(path, digest, ending.connection())
    world = World(camera(), camera, stage.belt, MortalGates(between.gates(gates), ending), journal, stage.clock)
    wrong: list[str] = []
    try:
        because = drive_line(stage.machine, mortal, world, _unwatched, _untold).whole().because
    except Killed:
        pass
    except JournalError as error:
        full = ending.kind == "disk_full" and "full" in str(error)
        wrong = [] if full else [f"expected the journal to fail because the disk is full, found: {error}"]
    finally:
        gates.poll()
        away = [gate for gate, kind in gates.last.items() if kind == "opened"]
        wrong += [f"gate {gate!r} was away from rest when the line had ended" for gate in away]
        journal.close()
        gates.close()
    return left, wrong, because


def broken_promises(path: Path, ending: Ending) -> list[str]:
    """Open the journal that an ended line left, and say what of its promises it does not keep."""
    with closing(open_database(path)) as db:
        state = db.execute("PRAGMA integrity_check").fetchone()[0]
        found = {int(row["part"]) for row in db.execute("SELECT part FROM parts")}
    broken = [] if state == "ok" else [f"expected the journal to be whole, found: {state}"]
    lost, more = ending.recorded - found, found - ending.recorded
    if lost:
        broken.append(f"parts {sorted(lost)} were promised to be on the disk and are not in the journal")
    if len(more) > 1:
        broken.append(f"parts {sorted(more)} are in the journal and nobody was told")
    return broken


def _unwatched(_frame: Frame | None, _outcomes: list[Outcome]) -> None:
    """Nobody is watching."""


def _untold(_line: str) -> None:
    """Nobody is listening."""
