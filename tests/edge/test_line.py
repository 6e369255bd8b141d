"""However a run ends, the gates are at rest, and its record says why it ended."""

from __future__ import annotations

import os
import signal
import sqlite3
from contextlib import closing, suppress

import numpy as np
import pytest
from gpiozero.pins.mock import MockFactory

from edge.belt import FixedSpeedBelt
from edge.clocks import ManualClock
from edge.end_signals import Stopped
from edge.errors import CameraError, GateError, MachineError
from edge.gate_limits import Window
from edge.gates import WrappedGates
from edge.journal import Journal, Planned
from edge.line import build_sorter, check_labels, gate_specs, run_line
from edge.parts import Decision, Frame, Reason
from edge.pin_gates import LocalGates
from edge.track import Track
from edge.transit import GatePlace


class ScriptedCamera:
    """Gives empty frames, then does what the test wants."""

    def __init__(self, at_the_end):
        self._at_the_end = at_the_end

    def frames(self):
        for number in range(3):
            yield Frame(np.full((320, 480, 3), 200, dtype=np.uint8), number * 0.1, number)
        self._at_the_end()

    def close(self):
        pass


def interrupt():
    raise KeyboardInterrupt


def terminate():
    os.kill(os.getpid(), signal.SIGTERM)


def hang_up():
    os.kill(os.getpid(), signal.SIGHUP)


def stall():
    raise CameraError("no frame")


def crash():
    raise ZeroDivisionError


@pytest.mark.parametrize(
    ("ending", "because", "raises"),
    [
        (lambda: None, "no more frames", None),
        (interrupt, "interrupted", None),
        (terminate, "terminated", None),
        (hang_up, "terminated", None),
        (stall, "error", CameraError),
        (crash, "error", ZeroDivisionError),
    ],
)
def test_gates_are_at_rest_however_a_run_ends(machine, color_model, tmp_path, ending, because, raises):
    """End of frames, signals, a camera error, a bug: an open gate is closed, and the journal says why."""
    clock, factory, path = ManualClock(), MockFactory(), tmp_path / "journal.sqlite"
    gates = LocalGates(gate_specs(machine), clock, factory)
    gates.move_at("red", Window(1.0, 2.0), part=1, hold=True)
    clock.sleep_until(1.5)
    pin = factory.pin(machine.gates[0].pin)
    assert pin.state
    with closing(Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        sorter = build_sorter(
            machine, color_model, belt=FixedSpeedBelt(150.0), gates=gates, journal=journal, clock=clock
        )
        arguments = (sorter, ScriptedCamera(ending), gates, journal, lambda frame, outcomes: None)
        if raises:
            with pytest.raises(raises):
                run_line(*arguments)
        else:
            assert run_line(*arguments) == because
    assert not pin.state
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT ended_because FROM runs").fetchone() == (because,)


@pytest.mark.parametrize("first", [interrupt, terminate, lambda: None])
def test_signals_while_the_line_ends_break_nothing(machine, color_model, first):
    """However many come while the gates are brought to rest: they rest, and the record is ended."""
    done = []

    class Impatient(WrappedGates):
        def rest(self):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                os.kill(os.getpid(), number)
            super().rest()
            done.append("at rest")

    class Noted(Journal):
        def ended(self, because, at):
            os.kill(os.getpid(), signal.SIGINT)
            super().ended(because, at)
            done.append(because)

    clock = ManualClock()
    gates = Impatient(LocalGates(gate_specs(machine), clock, MockFactory()))
    with closing(Noted(None, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        sorter = build_sorter(
            machine, color_model, belt=FixedSpeedBelt(150.0), gates=gates, journal=journal, clock=clock
        )
        because = run_line(sorter, ScriptedCamera(first), gates, journal, lambda frame, outcomes: None)
    assert done == ["at rest", because]


def test_a_signal_that_something_swallows_ends_the_line_at_the_next_frame(machine, color_model):
    """As a finalizer does in which Python happens to be when it comes: nothing raised there reaches the line."""
    clock, seen = ManualClock(), []
    gates = LocalGates(gate_specs(machine), clock, MockFactory())

    def swallow(frame, _outcomes):
        seen.append(frame)
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

    with closing(Journal(None, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        sorter = build_sorter(
            machine, color_model, belt=FixedSpeedBelt(150.0), gates=gates, journal=journal, clock=clock
        )
        because = run_line(sorter, ScriptedCamera(lambda: None), gates, journal, swallow)
    assert (because, len(seen)) == ("interrupted", 1)


def test_a_signal_in_the_middle_of_the_record_loses_no_move(machine, color_model):
    """What was taken from the gates and not written yet is written at the end."""
    clock = ManualClock()
    gates = LocalGates(gate_specs(machine), clock, MockFactory())
    gates.move_at("red", Window(0.05, 0.1), part=1, hold=True)
    written = []

    class SlowDisk(Journal):
        def moved(self, move):
            if not written:
                written.append("interrupted")
                raise Stopped
            written.append((move.kind, move.at))

    def wait():
        clock.sleep_until(1.0)
        sorter.note_moves()

    with closing(SlowDisk(None, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        sorter = build_sorter(
            machine, color_model, belt=FixedSpeedBelt(150.0), gates=gates, journal=journal, clock=clock
        )
        because = run_line(sorter, ScriptedCamera(wait), gates, journal, lambda frame, outcomes: None)
    assert because == "terminated"
    assert written == ["interrupted", ("opened", 0.05), ("closed", 0.1)]


@pytest.mark.parametrize("ending", [interrupt, terminate, lambda: None, stall])
@pytest.mark.parametrize(
    ("ends_at", "recorded"),
    [(1.0, ("reject", "line_stopped", None)), (1.95, ("reject", "gate_cut", 1.88)), (2.05, ("red", "sorted", 1.88))],
)
def test_a_part_that_no_gate_will_move_for_any_more_is_recorded_as_rejected(
    machine, color_model, tmp_path, ending, ends_at, recorded
):
    """On its way to its gate, right at it, and past it when the line ends: its centre is there at 2 s."""
    clock = ManualClock()

    def end():
        clock.sleep_until(ends_at)
        ending()

    gates = LocalGates(gate_specs(machine), clock, MockFactory())
    found = record_of_one_part(machine, color_model, tmp_path, clock, gates, end)
    assert found == (*recorded[:2], pytest.approx(recorded[2], abs=0.01) if recorded[2] else None)


def test_a_part_whose_gates_went_before_its_moment_is_recorded_as_rejected(machine, color_model, tmp_path):
    """The sorter stood still for so long that the gates rested without it; its part has ridden past them."""
    clock = ManualClock()
    gates = GatesThatGo(gate_specs(machine), clock, MockFactory())

    def stand_still():
        gates.go()
        clock.sleep_until(8.0)

    assert record_of_one_part(machine, color_model, tmp_path, clock, gates, stand_still) == ("reject", "gate_cut", None)


class GatesThatGo(LocalGates):
    """Gates that can be told to rest and to be gone, as the gate process of a sorter that hangs."""

    gone = False

    def go(self):
        super().rest()
        self.gone = True

    def poll(self, *, alive=True):
        if self.gone:
            raise GateError("gone")
        return super().poll(alive=alive)

    def rest(self):
        self.poll()
        super().rest()


def record_of_one_part(machine, color_model, tmp_path, clock, gates, end):
    """Return bin, reason and opening of a part at its gate at 2 s; `end` is called during the line's only frame."""
    path = tmp_path / "journal.sqlite"
    with closing(Journal(path, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        sorter = build_sorter(
            machine, color_model, belt=FixedSpeedBelt(150.0), gates=gates, journal=journal, clock=clock
        )
        place = GatePlace("red", travel_mm=300.0, lag_s=0.02, half_mm=15.0)
        _, window = sorter._schedule.plan(1, 0.0, [place], None)
        track = Track(1, 0.0, 0.0, 20.0, 20.0, first_seen_at=0.0, last_seen_at=0.4)
        journal.decided(track, Decision("red", Reason.SORTED, "red", 0.9, (0.9, 0.1)), 0.5, Planned("red", window))
        with suppress(CameraError, GateError):
            run_line(sorter, ScriptedCamera(end), gates, journal, lambda frame, outcomes: None)
    with closing(sqlite3.connect(path)) as db:
        (found,) = db.execute("SELECT bin, reason, opened_s FROM parts")
    return found


def test_the_last_moves_of_gates_that_have_gone_are_in_the_record(machine, color_model):
    """A gate process that took the sorter for hung has told how its gates came to rest; then every call fails."""
    clock = ManualClock()
    written = []

    class Gone(WrappedGates):
        def rest(self):
            raise GateError("gone")

        def poll(self, *, alive=True):
            if written:
                raise GateError("gone")
            return super().poll(alive=alive)

    class Noted(Journal):
        def moved(self, move):
            written.append((move.kind, move.at))

    def crash():
        clock.sleep_until(1.0)
        raise GateError("gone")

    gates = LocalGates(gate_specs(machine), clock, MockFactory())
    gates.move_at("red", Window(0.05, 0.1), part=1, hold=True)
    gone = Gone(gates)
    with closing(Noted(None, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        sorter = build_sorter(
            machine, color_model, belt=FixedSpeedBelt(150.0), gates=gone, journal=journal, clock=clock
        )
        with pytest.raises(GateError):
            run_line(sorter, ScriptedCamera(crash), gone, journal, lambda frame, outcomes: None)
    assert written == [("opened", 0.05), ("closed", 0.1)]


def test_the_handler_of_sigterm_is_given_back(machine, color_model):
    """A run leaves the process's signal handling as it found it."""
    before = signal.getsignal(signal.SIGTERM)
    clock = ManualClock()
    gates = LocalGates(gate_specs(machine), clock, MockFactory())
    with closing(Journal(None, bundle_sha256="b", machine_sha256="m", clock="manual")) as journal:
        sorter = build_sorter(
            machine, color_model, belt=FixedSpeedBelt(150.0), gates=gates, journal=journal, clock=clock
        )
        run_line(sorter, ScriptedCamera(lambda: None), gates, journal, lambda frame, outcomes: None)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_machine_for_another_bundle_is_refused(machine):
    """A gate that waits for a label the bundle cannot give is named."""
    with pytest.raises(MachineError, match=r"gates\.1\.labels.*found 'green'"):
        check_labels(machine, ("red", "blue"))
