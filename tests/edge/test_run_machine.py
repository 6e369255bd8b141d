"""The real line on pretend pins: a camera that is lost costs seconds and an incident, not the run."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest

from edge import run_machine as module
from edge.bundle import open_bundle
from edge.clocks import MonotonicClock
from edge.control_tables import EstopTable, InputsTable, InputTable, LimitsTable, StackLightTable
from edge.emulated_world import emulated_machine, packaged_bundle
from edge.errors import CameraError, CameraLost
from edge.parts import Frame
from edge.run_machine import run_machine


class EmptyBelt:
    """Gives a few frames of an empty belt, then does what the test wants."""

    def __init__(self, at_the_end):
        self._at_the_end = at_the_end

    def frames(self):
        clock = MonotonicClock()
        for number in range(3):
            yield Frame(np.full((320, 480, 3), 150, dtype=np.uint8), clock.now(), number)
        self._at_the_end()

    def close(self):
        pass


def stall():
    raise CameraLost("it stalled")


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Run with a camera that is lost; `again` says what the next ones do."""

    def run_it(again, tables=None, *, report_errors=False, **camera):
        bundle = open_bundle(packaged_bundle())
        machine = emulated_machine(bundle.labels, speed_mm_s=150.0, tiles=False)
        table = machine.camera.model_copy(update={"kind": "folder", **camera})
        machine = machine.model_copy(update={"camera": table, **(tables or {})})
        monkeypatch.setattr(module, "open_camera", lambda *_: EmptyBelt(stall))
        monkeypatch.setattr(module, "reopener", lambda *_: lambda: EmptyBelt(again))
        told = []
        path = tmp_path / "journal.sqlite"
        watch = lambda *_: lambda *_: None  # noqa: E731
        return run_machine(bundle, machine, path, watch, tell=told.append, report_errors=report_errors), told, path

    return run_it


def test_a_lost_camera_is_started_again_and_the_run_goes_on(run):
    """What happened is told, counted in the result and kept in the journal."""
    result, told, path = run(lambda: None)
    assert result.because == "no more frames"
    assert result.incidents == {"camera": 2}
    assert [line.split(":")[0] for line in told] == ["the camera is lost", "the camera is started again (start 1 of 3)"]
    with closing(sqlite3.connect(path)) as db:
        assert [row[0] for row in db.execute("SELECT sentence FROM incidents")] == told


def test_a_camera_that_is_lost_too_often_ends_the_run(run):
    """As an error, with the gates at rest and the reason in the journal."""
    with pytest.raises(CameraError, match="after 2 starts within 10 minutes, found: it stalled"):
        run(stall, max_restarts=2)


def test_an_error_that_ends_a_run_comes_with_what_was_sorted(run):
    """For whoever asks: a report with the error in it."""
    result, _told, _path = run(stall, max_restarts=2, report_errors=True)
    assert (result.because, result.parts) == ("error", 0)
    assert "found: it stalled" in result.as_dict()["error"]


def test_a_real_line_watches_its_panel_its_e_stop_and_its_disk(run):
    """Here the e-stop's wire is open and the disk is full: the line never starts, and the journal knows why."""
    inputs = InputsTable(estop=EstopTable(pin=2), start=InputTable(pin=7))
    tables = {"inputs": inputs, "stack_light": StackLightTable(red_pin=8), "limits": LimitsTable(disk_free_mb=1e9)}
    result, told, path = run(lambda: None, tables)
    assert result.summary.states["state"] == "Aborted"
    assert result.incidents == {"camera": 2, "disk_nearly_full": 1, "estop": 1}
    assert any(line.startswith("the line goes from Idle to Aborted (abort: estop: ") for line in told)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT before, command, after FROM state_changes").fetchall() == [
            ("Idle", "abort", "Aborted")
        ]
        ((started_s, ended_s),) = db.execute("SELECT started_s, ended_s FROM runs").fetchall()
    assert started_s < ended_s
