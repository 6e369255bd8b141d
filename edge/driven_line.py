"""A line under way: what a real run and an emulated one do alike, once each has its world."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing
from dataclasses import dataclass, field, replace

from edge.belt import Belt
from edge.camera_restart import RestartingCamera, RestartRule
from edge.cameras import Camera
from edge.clocks import Clock, ManualClock
from edge.control import Control
from edge.drift import DriftWatch
from edge.drift_baseline import baseline_file
from edge.errors import EdgeSortError
from edge.follow import BELT_EVERY_S, LINE_EVERY_S, Followed, followed_by_clock, followed_by_thread
from edge.gates import Gates
from edge.incidents import Incident, Incidents
from edge.journal import Journal
from edge.line import LineModel, OnOutcome, build_schedule, build_sorter, run_line
from edge.line_summary import LineSummary
from edge.machine import Machine
from edge.notify import open_notifier
from edge.onlooker import NoOnlooker, Onlooker
from edge.panel import Panel
from edge.parts import Frame
from edge.photo_eye import PhotoEye
from edge.schedule import Schedule
from edge.sorter import Outcome, Sorter
from edge.watcher import Surroundings, Watcher

RESTARTS_WITHIN_S = 600.0


@dataclass(frozen=True)
class World:
    """What a line touches. reopen: opens the camera anew once it was lost. eye: where the machine has one in use.

    panel: its buttons, switches and lamps. around: what else is looked at while it runs. onlooker: who watches it.
    """

    camera: Camera
    reopen: Callable[[], Camera]
    belt: Belt
    gates: Gates
    journal: Journal
    clock: Clock
    eye: PhotoEye | None = None
    panel: Panel = field(default_factory=Panel)
    around: Surroundings = field(default_factory=Surroundings)
    onlooker: Onlooker = field(default_factory=NoOnlooker)


@dataclass(frozen=True)
class Ended:
    """Why a line has ended, and how it went until then. error: what ended it, where that was one."""

    because: str
    summary: LineSummary
    error: EdgeSortError | None = None

    def whole(self) -> Ended:
        """Return it as it is. Raises the error that ended it."""
        if self.error is not None:
            raise self.error
        return self


def drive_line(
    machine: Machine, model: LineModel, world: World, on_outcome: OnOutcome, tell: Callable[[str], None]
) -> Ended:
    """Sort until the line ends; return why, and how it went. `tell` hears of incidents and of the line's states.

    The camera is closed, the gates are at rest. A user's error that ends the sorting is returned with what was sorted.
    """
    clock, journal, incidents = world.clock, world.journal, Incidents()
    schedule = build_schedule(machine, world.gates, world.belt, clock, incidents)
    control = _control(machine, world, schedule, incidents, tell)

    def happened(incident: Incident) -> None:
        tell(incident.sentence)
        world.onlooker.happened(incident)

    sorter = build_sorter(
        machine,
        model,
        belt=world.belt,
        gates=world.gates,
        journal=journal,
        clock=clock,
        schedule=schedule,
        incidents=incidents,
        on_incident=happened,
        eye=world.eye,
        overseer=control,
    )

    notifier = open_notifier(clock)

    def camera_incident(sentence: str) -> None:
        tell(sentence)
        notifier.alive(sentence)
        journal.incident(clock.now(), "camera", sentence)

    camera = RestartingCamera(
        world.camera,
        world.reopen,
        clock,
        RestartRule(machine.camera.max_restarts, RESTARTS_WITHIN_S),
        tell=camera_incident,
        alive=sorter.note_moves,
    )
    with closing(camera), notifier, ExitStack() as following:  # closes the camera that is open last
        control.begin()
        following.enter_context(_followed(control, clock, LINE_EVERY_S, "line"))
        if machine.belt.kind != "fixed":
            following.enter_context(_followed(schedule, clock, BELT_EVERY_S, "belt"))
        watched = notifier.watching(_watched(world.onlooker, sorter, on_outcome))
        because, failure = "error", None
        try:
            because = run_line(sorter, camera, world.gates, journal, watched)
        except EdgeSortError as error:
            failure = error
    summary = sorter.summary(failed=failure is not None)
    return Ended(because, replace(summary, states=control.summary()), failure)


def _control(
    machine: Machine, world: World, schedule: Schedule, incidents: Incidents, tell: Callable[[str], None]
) -> Control:
    return Control(
        rules=machine.rules,
        panel=world.panel,
        schedule=schedule,
        watcher=Watcher(machine, incidents, world.around, world.clock.now()),
        incidents=incidents,
        clock=world.clock,
        eye=world.eye,
        onlooker=world.onlooker,
        drift=DriftWatch(machine.drift, world.around.baseline or baseline_file(None, "", machine, tell), tell),
        tell=tell,
    )


def _watched(onlooker: Onlooker, sorter: Sorter, on_outcome: OnOutcome) -> OnOutcome:
    def watch(frame: Frame | None, outcomes: list[Outcome]) -> None:
        on_outcome(frame, outcomes)
        onlooker.saw(frame, outcomes, sorter.tracks)

    return watch


def _followed(followed: Followed, clock: Clock, every_s: float, name: str) -> AbstractContextManager[None]:
    if isinstance(clock, ManualClock):
        return followed_by_clock(followed, clock, every_s)
    return followed_by_thread(followed, every_s, name)
