"""A line under way: what a real run and an emulated one do alike, once each has its world."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

from edge.belt import Belt
from edge.camera_restart import RestartingCamera, RestartRule
from edge.cameras import Camera
from edge.clocks import Clock, ManualClock
from edge.follow import followed_by_clock, followed_by_thread
from edge.gates import Gates
from edge.incidents import Incidents
from edge.journal import Journal
from edge.line import LineModel, OnOutcome, build_schedule, build_sorter, run_line
from edge.machine import Machine
from edge.notify import open_notifier
from edge.photo_eye import PhotoEye
from edge.schedule import Schedule
from edge.sorter import LineSummary

RESTARTS_WITHIN_S = 600.0


@dataclass(frozen=True)
class World:
    """What a line touches. reopen: opens the camera anew once it was lost. eye: where the machine has one in use."""

    camera: Camera
    reopen: Callable[[], Camera]
    belt: Belt
    gates: Gates
    journal: Journal
    clock: Clock
    eye: PhotoEye | None = None


def drive_line(
    machine: Machine, model: LineModel, world: World, on_outcome: OnOutcome, tell: Callable[[str], None]
) -> tuple[str, LineSummary]:
    """Sort until the line ends; return why, and how it went. `tell` hears of incidents.

    The camera is closed, the gates are at rest. Raises what run_line raises.
    """
    clock, journal, incidents = world.clock, world.journal, Incidents()
    schedule = build_schedule(machine, world.gates, world.belt, clock, incidents)
    sorter = build_sorter(
        machine,
        model,
        belt=world.belt,
        gates=world.gates,
        journal=journal,
        clock=clock,
        schedule=schedule,
        incidents=incidents,
        on_incident=lambda incident: tell(incident.sentence),
        eye=world.eye,
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
    with closing(camera), _followed(machine, schedule, clock), notifier:  # closes the camera that is open last
        because = run_line(sorter, camera, world.gates, journal, notifier.watching(on_outcome))
    return because, sorter.summary()


def _followed(machine: Machine, schedule: Schedule, clock: Clock) -> AbstractContextManager[None]:
    if machine.belt.kind == "fixed":
        return nullcontext()
    if isinstance(clock, ManualClock):
        return followed_by_clock(schedule, clock)
    return followed_by_thread(schedule)
