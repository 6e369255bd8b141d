"""The states of a whole emulated line: buttons, e-stop, full bins, confirm eyes, and each rule for incidents."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from edge.between import Between
from edge.emulate import emulate_line
from edge.emulated_world import EmulateOptions
from edge.machine import Machine
from edge.machine_checks import check_machine
from edge.pin_witness import PinWitness, openings

OPTIONS = EmulateOptions(fast=True, count=12, seed=3)
GATE_PINS = (17, 27, 22)


@pytest.fixture
def line(table, color_model, colored_parts, tmp_path):
    """Run a line whose panel has everything; `script` presses what it likes at its moments."""
    table["camera"]["height_px"] = 160
    table["inputs"] = {
        "estop": {"pin": 2},
        "start": {"pin": 3, "active_high": False},
        "stop": {"pin": 4},
        "reset": {"pin": 5},
        "bin_full": {"red": {"pin": 6, "debounce_ms": 500}},
    }
    table["stack_light"] = {"red_pin": 10, "yellow_pin": 11, "green_pin": 12}
    return Line(table, color_model, colored_parts, tmp_path / "journal.sqlite")


class Line:
    def __init__(self, table, model, source, path):
        self.table, self.model, self.source, self.path = table, model, source, path
        self.witness, self.told = PinWitness(), []

    def run(self, script=None, options=OPTIONS, **wrapped):
        self.machine = Machine.model_validate(self.table)
        check_machine(self.machine)

        def hands(contacts, clock):
            if "start" in contacts.keys:
                contacts.press("start", 0.5)
            if script is not None:
                script(contacts, clock)

        between = Between(pins=self.witness.pins, hands=hands, **wrapped)
        options = options.__class__(**{**vars(options), "journal": self.path})
        self.done = emulate_line(
            options, self.machine, self.model, self.source, "", tell=self.told.append, between=between
        )
        return self.done

    def away(self, at):
        """Which gates' pins are away from rest at a moment."""
        found = []
        for gate in self.machine.gates:
            opened = openings(self.witness.of_gate(gate), self.done.ended_at)
            found += [gate.name for begin, end in opened if begin <= at < end]
        return found

    def lit(self, at):
        """Which lamps are lit at a moment."""
        colours = {"red": 10, "yellow": 11, "green": 12}
        last = {
            name: [on for when, on in self.witness.changes.get(f"GPIO{pin}", []) if when <= at]
            for name, pin in colours.items()
        }
        return {name for name, on in last.items() if on and on[-1]}

    def query(self, statement):
        with closing(sqlite3.connect(self.path)) as db:
            return db.execute(statement).fetchall()

    def changes(self):
        return self.query("SELECT before, command, after FROM state_changes ORDER BY change")

    def reasons(self):
        return Counter(row["reason"] for row in self.done.rows)

    def conserved(self):
        """Every part fed is where its record says, each with one."""
        report = self.done.report
        assert (report.wrong_by_runtime, report.strays, report.ghosts, report.on_belt) == (0, 0, 0, 0)
        assert report.fed == report.sorted_right + report.sorted_wrong + sum(report.rejected.values())
        assert len({row["part"] for row in self.done.rows}) == len(self.done.rows)


OPEN_AT = 6.4  # the gate "green" is away from rest then, with the seed of OPTIONS


def test_a_line_with_a_start_button_sorts_from_the_start_on(line):
    """Until then everything is seen, recorded and rejected, and no gate moves."""
    line.run(
        lambda contacts, _clock: contacts.press("stop", 0.6),
    )
    line.conserved()
    assert line.changes() == [("Idle", "start", "Execute"), ("Execute", "stop", "Idle")]
    assert line.reasons()["not_armed"] > 8
    assert not any(line.witness.changes.get(f"GPIO{pin}") for pin in GATE_PINS)
    assert line.done.summary.states["state"] == "Idle"


def test_the_e_stop_rests_every_gate_at_that_very_moment_and_the_line_goes_on_after_reset_and_start(line):
    """By the pins' witness; what was on its way goes to reject; a start without a reset is refused."""
    pressed_at = OPEN_AT

    def script(contacts, _clock):
        contacts.press("estop", pressed_at, 1.0)
        contacts.press("start", pressed_at + 0.5)
        contacts.press("reset", pressed_at + 0.75)
        contacts.press("start", pressed_at + 2.0)
        contacts.press("reset", pressed_at + 2.5)
        contacts.press("start", pressed_at + 3.0)

    line.run(script)
    line.conserved()
    spans = openings(line.witness.of_gate(line.machine.gates[1]), line.done.ended_at)
    assert pressed_at in spans[:, 1]
    moves = [at for pin in GATE_PINS for at, _ in line.witness.changes[f"GPIO{pin}"]]
    assert not [at for at in moves if pressed_at < at < pressed_at + 3.0]
    assert [at for at in moves if at > pressed_at + 3.0]
    assert line.changes() == [
        ("Idle", "start", "Execute"),
        ("Execute", "abort", "Aborted"),
        ("Aborted", "reset", "Idle"),
        ("Idle", "start", "Execute"),
    ]
    assert [one for one in line.told if "refused" in one] == [
        "start is refused: the line is Aborted; from there it can reset",
        "reset is refused: the e-stop is pressed or was not reset; mend that first",
        "start is refused: the line is Aborted; from there it can reset",
    ]
    reasons = line.reasons()
    assert reasons["gate_cut"] == 1
    assert reasons["not_armed"] >= 1
    assert line.lit(pressed_at - 0.2) == {"green"}
    assert line.lit(pressed_at + 0.3) == {"red", "yellow"}
    assert line.lit(pressed_at + 2.9) == set()
    assert line.lit(pressed_at + 4.0) == {"green"}
    assert line.done.summary.incidents["estop"] == 1


def test_a_stopped_line_starts_again_without_a_guess(line):
    """Parts decided before the stop stay rejected, although they reach their gates after the start."""
    stopped_at = OPEN_AT

    def script(contacts, _clock):
        contacts.press("stop", stopped_at)
        contacts.press("start", stopped_at + 0.5)

    line.run(script)
    line.conserved()
    (last_before,) = line.query(f"SELECT max(part) FROM parts WHERE decided_s < {stopped_at}")[0]
    rows = line.query("SELECT part FROM parts WHERE reason IN ('line_stopped', 'gate_cut')")
    assert rows
    assert max(part for (part,) in rows) <= last_before
    assert line.query(f"SELECT count(*) FROM parts WHERE reason = 'sorted' AND decided_s > {stopped_at}")[0][0] > 2


def test_parts_of_a_full_bin_go_to_reject_until_it_is_emptied(line):
    """Those of other bins are sorted on; a part that falls past the switch is no full bin."""
    line.run(
        lambda contacts, _clock: (contacts.press("bin_full.red", 3.0, 0.3), contacts.press("bin_full.red", 5.0, 4.5))
    )
    line.conserved()
    rows = line.query("SELECT label, reason, decided_s FROM parts WHERE bin IN ('red', 'green') OR reason = 'bin_full'")
    full = [(label, at) for label, reason, at in rows if reason == "bin_full"]
    assert full
    assert {label for label, _ in full} == {"red"}
    assert all(5.5 <= at <= 10.2 for _, at in full)
    assert any(label == "red" and at > 10.2 for label, reason, at in rows if reason == "sorted")
    assert line.done.summary.incidents["bin_full"] == 1
    assert line.done.summary.states["state"] == "Execute"
    assert line.lit(9.0) == {"green", "yellow"}


@pytest.mark.parametrize(("rule", "state"), [("warn", "Execute"), ("hold", "Held"), ("abort", "Aborted")])
def test_a_rule_says_what_an_incident_does(line, rule, state):
    """The same incident warns, holds or aborts; each is told, counted and recorded once."""
    line.table["rules"] = {"bin_full": rule}
    line.run(lambda contacts, clock: clock.call_at(6.0, lambda: contacts.set("bin_full.red", True)))
    line.conserved()
    assert line.done.summary.states["state"] == state
    assert line.query("SELECT kind FROM incidents") == [("bin_full",)]
    assert len([one for one in line.told if one.startswith("bin full:")]) == 1


def test_a_held_line_goes_on_when_its_cause_is_gone_and_somebody_starts_it(line):
    """A start before that is refused by name."""
    line.table["rules"] = {"bin_full": "hold"}

    def script(contacts, _clock):
        contacts.press("bin_full.red", 6.0, 4.0)
        contacts.press("start", 8.0)
        contacts.press("start", 12.0)

    line.run(script)
    line.conserved()
    assert [after for _, _, after in line.changes()] == ["Execute", "Held", "Execute"]
    assert "start is refused: bin 'red' is full; mend that first" in line.told
    assert line.lit(9.0) == {"yellow"}


def test_a_jam_holds_the_line_until_the_eye_is_free_and_somebody_starts_it(line, monkeypatch):
    """The rule that a machine file without rules has."""
    line.table["finder"] = {"source": "both"}
    line.table["eye"] = {"pin": 7, "at_mm": -90.0}
    jammed = lambda _eye, at: 400.0 if 6.0 <= at < 9.0 else 0.0  # noqa: E731
    monkeypatch.setattr("edge.photo_eye.PhotoEye.blocked_mm", jammed)
    line.run(lambda contacts, _clock: [contacts.press("start", at) for at in (8.0, 10.0)])
    line.conserved()
    assert [after for _, _, after in line.changes()] == ["Execute", "Held", "Execute"]
    assert "start is refused: jam; mend that first" in line.told
    assert line.reasons()["not_armed"] > 0


def test_a_line_without_a_start_button_sorts_at_once_and_says_what_to_do_when_it_is_held(line):
    """Nobody is told of a start that nobody had to make."""
    line.table["inputs"] = {"bin_full": {"red": {"pin": 6}}}
    line.table["rules"] = {"bin_full": "hold"}
    line.run(lambda contacts, clock: clock.call_at(6.0, lambda: contacts.set("bin_full.red", True)))
    line.conserved()
    assert line.changes() == [("Idle", "start", "Execute"), ("Execute", "hold", "Held")]
    assert line.told == [
        "bin full: bin 'red' is full, so its parts go to reject; empty it",
        "the line goes from Execute to Held (hold: bin full: bin 'red' is full, so its parts go to reject)",
        "there is no start button: to go on, end the program and run it again",
    ]


def test_a_line_whose_e_stop_is_pressed_at_the_start_is_aborted(line):
    """Also when it would begin by itself; and it is not said that a start will do."""
    del line.table["inputs"]["start"]
    line.run(lambda contacts, _clock: contacts.set("estop", True))
    line.conserved()
    assert line.changes() == [("Idle", "abort", "Aborted")]
    assert line.reasons()["sorted"] == 0
    assert line.done.summary.sentences().splitlines()[-1].startswith("states: Aborted ")
    assert not any("until somebody presses start" in one for one in line.told)


def test_confirm_eyes_see_what_the_gates_took(line):
    """Each sorted part is confirmed; nothing is missing and nothing falls uncalled."""
    for gate, pin in zip(line.table["gates"], (13, 16, 19), strict=True):
        gate["confirm"] = {"pin": pin, "within_ms": 400.0}
    line.run()
    line.conserved()
    rows = line.query("SELECT reason, confirmation, count(*) FROM parts GROUP BY 1, 2")
    assert {(reason, found) for reason, found, _ in rows if reason == "sorted"} == {("sorted", "seen")}
    assert all(found is None for reason, found, _ in rows if reason != "sorted")
    assert "confirm_mismatch" not in line.done.summary.incidents


def test_a_gate_whose_parts_do_not_arrive_is_a_mismatch(line):
    """Its eye is covered: parts are missing, one incident for all of them; the other gates are confirmed."""
    for gate, pin in zip(line.table["gates"], (13, 16, 19), strict=True):
        gate["confirm"] = {"pin": pin, "within_ms": 400.0}
    line.run(lambda contacts, _clock: contacts.cover("confirm.red"))
    assert line.query("SELECT DISTINCT label FROM parts WHERE confirmation = 'missing'") == [("red",)]
    (sentence,) = (row[0] for row in line.query("SELECT sentence FROM incidents WHERE kind = 'confirm_mismatch'"))
    assert "gate 'red': the gate moved for part" in sentence


def test_something_that_falls_while_its_gate_rests_is_a_mismatch(line):
    """Here the line was never started."""
    line.table["gates"][0]["confirm"] = {"pin": 13}
    line.run(lambda contacts, _clock: (contacts.press("stop", 0.6), contacts.press("confirm.red", 5.0, 0.02)))
    (sentence,) = (row[0] for row in line.query("SELECT sentence FROM incidents"))
    assert "something fell past its eye while the gate was at rest" in sentence
