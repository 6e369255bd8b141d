"""A whole emulated line some of whose gates are moved by a board: the firmware's own core, compiled here."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from edge.between import Between
from edge.emulate import emulate_line
from edge.emulated_world import EmulateOptions
from edge.errors import MachineError
from edge.machine import Machine
from edge.machine_checks import check_machine
from firmware_bridge import open_board
from firmware_bridge.host_board import HostBoard


@pytest.fixture
def boards(core, monkeypatch):
    """The boards that were plugged in, 60 ppm slow."""
    plugged = []

    def plug(clock):
        plugged.append(HostBoard(clock, program=core, ppm=-60.0))
        return plugged[-1]

    monkeypatch.setitem(open_board.EMULATED, "emulated", plug)
    yield plugged
    for board in plugged:
        board.close()


@pytest.fixture
def on_board(table):
    """A machine whose first two gates a board moves, on pins that other things have on the Pi."""
    table["camera"]["height_px"] = 160
    for gate, pin in zip(table["gates"][:2], (5, 6), strict=True):
        gate.update(kind="mcu", pin=pin)
    table["mcu"] = {"port": "emulated", "heartbeat_ms": 500}
    table["inputs"] = {"start": {"pin": 5}, "reset": {"pin": 6}}
    return table


def run(table, model, source, tmp_path, script=None, count=24):
    """Run the line and return what came of it, and its changes of state."""
    machine = Machine.model_validate(table)
    check_machine(machine)

    def hands(contacts, clock):
        contacts.press("start", 0.5)
        if script is not None:
            script(contacts, clock)

    options = EmulateOptions(fast=True, count=count, seed=3, journal=tmp_path / "journal.sqlite")
    done = emulate_line(options, machine, model, source, "", between=Between(hands=hands))
    with closing(sqlite3.connect(options.journal)) as db:
        changes = db.execute("SELECT before, command, after FROM state_changes ORDER BY change").fetchall()
    report = done.report
    assert (report.wrong_by_runtime, report.strays, report.ghosts, report.on_belt) == (0, 0, 0, 0)
    assert report.fed == report.sorted_right + report.sorted_wrong + sum(report.rejected.values()) == len(done.rows)
    return done, changes


@pytest.mark.slow
def test_gates_on_pins_and_on_a_board_sort_as_one(on_board, color_model, colored_parts, tmp_path, boards):
    """No part ends in a wrong bin, and the board's gates keep their moments although its clock goes wrong."""
    done, _changes = run(on_board, color_model, colored_parts, tmp_path)
    assert done.report.sorted_right >= 20
    bins = {row["bin"] for row in done.rows}
    assert {gate["bin"] for gate in on_board["gates"]} <= bins
    assert {one.pin for one in boards[0].pins} == {5, 6}
    assert done.gate_error["max"] < 5


def test_a_board_that_is_unplugged_aborts_the_line_until_reset_and_start(
    on_board, color_model, colored_parts, tmp_path, boards
):
    """All gates rest, those on pins too; every part has one record; with another board the line goes on."""

    def unplug(contacts, clock):
        clock.call_at(8.0, lambda: boards[0].unplug())
        contacts.press("start", 10.0)  # refused: it was not reset
        contacts.press("reset", 12.0)
        contacts.press("start", 13.0)

    done, changes = run(on_board, color_model, colored_parts, tmp_path, unplug)
    assert changes == [
        ("Idle", "start", "Execute"),
        ("Execute", "abort", "Aborted"),
        ("Aborted", "reset", "Idle"),
        ("Idle", "start", "Execute"),
    ]
    assert done.summary.incidents["link_lost"] == 1
    assert len(boards) == 2
    assert done.report.sorted_right >= 5
    decided_late = [row for row in done.rows if row["decided_s"] > 14.0]
    assert any(row["bin"] != "reject" for row in decided_late)


def test_a_board_and_its_gates_need_each_other(on_board):
    """A machine file with one and not the other says which is missing."""
    del on_board["mcu"], on_board["inputs"]
    with pytest.raises(MachineError, match=r"gates\.0\.kind: 'mcu' needs a board, found no table \[mcu\]"):
        check_machine(Machine.model_validate(on_board))
    on_board["mcu"] = {"port": "emulated"}
    for gate in on_board["gates"]:
        gate.update(kind="output")
    with pytest.raises(MachineError, match="mcu: expected a gate of kind 'mcu'"):
        check_machine(Machine.model_validate(on_board))


def test_a_heartbeat_is_not_shorter_than_what_frames_allow(on_board):
    """Each frame brings one, and a frame may be dropped: a board that expects them sooner would stop at once."""
    on_board["camera"]["frame_rate_hz"] = 10.0
    on_board["mcu"] = {"port": "emulated", "heartbeat_ms": 200}
    check_machine(Machine.model_validate(on_board))
    on_board["mcu"]["heartbeat_ms"] = 199
    with pytest.raises(MachineError, match=r"mcu\.heartbeat_ms: expected at least 200, because .* found 199; raise"):
        check_machine(Machine.model_validate(on_board))


def test_a_pin_of_the_board_is_not_a_pin_of_the_pi(on_board):
    """Both may have the same number; two gates of the board may not."""
    check_machine(Machine.model_validate(on_board))
    on_board["gates"][1]["pin"] = on_board["gates"][0]["pin"]
    with pytest.raises(MachineError, match=r"gates\.1\.pin: expected a pin of its own, found 5 also at gates\.0\.pin"):
        check_machine(Machine.model_validate(on_board))


def test_a_pin_of_the_board_may_be_one_that_a_pi_does_not_have(on_board, color_model, colored_parts, tmp_path, boards):
    """An RP2040 has 28 and 29; a gate and the eye go there, and the line runs emulated."""
    on_board["gates"][0]["pin"] = 28
    on_board["eye"] = {"pin": 29, "at_mm": -90.0, "on_board": True}
    on_board["finder"] = {"source": "both"}
    done, _changes = run(on_board, color_model, colored_parts, tmp_path, count=4)
    assert done.report.sorted_right == 4
    assert 28 in {one.pin for one in boards[0].pins}


@pytest.mark.parametrize("key", ["gate", "eye", "belt", "input"])
def test_a_pin_that_a_pi_does_not_have_is_refused_by_its_key(on_board, key):
    """With the pins there are; only a board's may be higher."""
    changed = {
        "gate": ("gates.2.pin", on_board["gates"][2], {"pin": 28}),
        "eye": ("eye.pin", on_board, {"eye": {"pin": 28, "at_mm": -90.0}}),
        "belt": ("belt.pin", on_board["belt"], {"kind": "pulses", "pin": 28, "mm_per_step": 0.5}),
        "input": ("inputs.start.pin", on_board["inputs"]["start"], {"pin": 28}),
    }
    name, table, more = changed[key]
    table.update(more)
    with pytest.raises(MachineError, match=rf"^{name}: expected a pin of the Pi, 0 to 27, found 28; choose"):
        check_machine(Machine.model_validate(on_board))
