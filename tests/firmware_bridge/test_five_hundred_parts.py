"""The first example of the README, with all its gates on a board: the firmware's own core, compiled here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.bundle import open_bundle
from edge.emulate import run_emulated
from edge.emulated_world import EmulateOptions, default_machine
from edge.gate_tables import McuTable
from firmware_bridge import open_board
from firmware_bridge.host_board import HostBoard
from tests.firmware_bridge.compiled_models import PACKAGED

FIRST_PIN = 2


@pytest.mark.slow
def test_five_hundred_parts_meet_every_window_of_gates_on_a_board_whose_clock_goes_wrong(core, monkeypatch, tmp_path):
    """None is in a wrong bin or late, and no edge is a millisecond off, with a crystal that is 100 ppm fast."""
    monkeypatch.setitem(open_board.EMULATED, "emulated", lambda clock: HostBoard(clock, program=core, ppm=100.0))
    options = EmulateOptions(fast=True, count=500, seed=7, journal=tmp_path / "journal.sqlite")
    machine = default_machine(options, open_bundle(PACKAGED).labels)
    gates = tuple(
        gate.model_copy(update={"kind": "mcu", "pin": FIRST_PIN + number}) for number, gate in enumerate(machine.gates)
    )
    on_board = machine.model_copy(update={"gates": gates, "mcu": McuTable(port="emulated")})
    done = run_emulated(replace(options, machine=on_board))
    report = done.report

    assert (report.fed, report.sorted_wrong, report.strays, report.on_belt) == (500, 0, 0, 0)
    assert report.sorted_right + sum(report.rejected.values()) == 500
    assert report.sorted_right > 400
    assert done.gate_error["max"] < 1  # ms: 0.15 mm of belt
    assert not any(reason in report.rejected for reason in ("late", "gate_resting", "stopped"))
