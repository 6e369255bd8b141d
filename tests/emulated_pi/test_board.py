"""The emulated Pi with an emulated Pico at its serial line that moves its gates: both run what real ones would.

Both keep the Pi's own time, which passes as the Pi computes: what is late here would be late on a Pi that is as quick.
"""

from __future__ import annotations

import json
import signal
import time
import tomllib

import pytest

from edge.bundle import open_bundle
from edge.emulated_world import packaged_bundle
from edge.machine import Machine, read_machine
from edge.replay_run import replay_run
from tests.emulated_pi.board_edges import away, clock_inside, moves_of, told_wrong_s, what_became_of_them
from tests.emulated_pi.conftest import BOARD_LINE, BOARD_PARTS, LINE
from tests.emulated_pi.guest_clock import seconds
from tests.emulated_pi.line_inside import LONG_S, RUN, rows

pytestmark = pytest.mark.emulated_pi

MACHINE = read_machine(BOARD_LINE)
PORT = "/dev/ttyAMA0"
SLOW_BOARD = f'\n[mcu]\nport = "{PORT}"\nheartbeat_ms = 1400.0\n'  # a gate of line.toml is away for 2240
WATCHDOG_S = 0.051  # 50 ms, and what the emulator's pass takes
AFTER_BEAT_S = 0.002
WELL_BEFORE_S = 0.1
KNOWN_S = 0.02  # to which the board's clock should be known on a line as slow as this
LOOK_S = 1.0


def test_the_pi_knows_the_board_on_its_serial_line(wired):
    """Greeting, statistics and a clock that is known within what it says."""
    pi, _ = wired
    done = pi.run("edge-sort", "mcu", "info", "--port", PORT, "--json", timeout_s=LONG_S)
    assert done.code == 0, done.err
    said = json.loads(done.out)
    assert said["identity"]["board"] == "rp2040"
    assert said["bad_frames"] == said["stats"]["bad"] == 0


def test_the_pi_moves_a_pin_of_the_board(wired):
    """What it says of the moves is what is seen at the board's pin; one that came too late is not made at all."""
    pi, pico = wired
    seen = len(pico.changes)
    command = ("edge-sort", "mcu", "test", "--port", PORT, "--pin", "9", "--times", "2", "--yes")
    done = pi.run(*command, "--open-ms", "500", "--pause-ms", "1000", timeout_s=LONG_S)
    assert done.code == 0, done.err
    words = [line.split()[0].removesuffix(":") for line in done.out.splitlines() if line.strip()]
    made = [word == "opened" for word in words if word in ("opened", "closed")]
    assert [one.level for one in pico.changes[seen:] if one.pin == 9] == [False, *made]
    assert "opened" in words


def said_at_the_end(pi, out):
    """The JSON object that a started run has printed, among its other words."""
    return next(json.loads(line) for line in pi.read(out).splitlines() if line.startswith("{"))


@pytest.fixture(scope="module")
def expected(twenty, tmp_path_factory):
    """Label, bin and mark of every part of the recording, as this computer sorts it on pretend pins."""
    outcomes = []
    journal = tmp_path_factory.mktemp("replayed") / "journal.sqlite"
    watch = lambda *_: lambda _frame, decided: outcomes.extend(decided)  # noqa: E731
    replay_run(open_bundle(packaged_bundle()), MACHINE, twenty.folder, journal, watch, print)
    assert len(outcomes) == BOARD_PARTS
    return [(one.decision.label, one.decision.bin, one.track.mark_mm) for one in outcomes]


def test_the_pi_sorts_with_gates_on_the_board(wired, twenty, expected):
    """Every part is recorded once, every window accounted for, and none is in another bin than its record says.

    Where a part ends is taken from the edges at the board's pins and from how the belt was recorded, and from nothing
    that the line says of itself.
    """
    pi, pico = wired
    seen = len(pico.changes)
    done = pi.run(*RUN, "/root/board_line.toml", "--json", "--journal", "/tmp/board.sqlite", timeout_s=2 * LONG_S)
    assert done.code == 0, done.err
    said, parts = json.loads(done.out), rows(pi, "/tmp/board.sqlite")
    assert [(one["label"], one["bin"]) for one in parts] == [(label, bin_) for label, bin_, _ in expected]
    assert said["incidents"] == {}
    planned = [one for one in parts if one["gate"] is not None]
    assert len(planned) > BOARD_PARTS // 2
    windows = said["windows"]
    assert windows["on_time"] == len(planned)
    assert windows["early"] + windows["late"] + windows["lost"] == 0

    behind_s = sum(clock_inside(pi)) / 2
    moves = moves_of(MACHINE, pico.changes[seen:], behind_s)
    report = what_became_of_them(twenty, moves, parts, [mark for _, _, mark in expected])
    assert (report.wrong_by_runtime, report.strays, report.struck, report.ghosts, report.on_belt) == (0, 0, 0, 0, 0)
    assert report.sorted_right + report.sorted_wrong == len(planned)
    apart_s = told_wrong_s(moves, planned)
    print(f"gates off by {said['gate_error_ms']}; record and pins apart by {apart_s * 1000:.1f} ms; {said['states_s']}")
    assert apart_s < KNOWN_S


def opened_first(pi, pico, line, seen, sorter):
    """Wait for the first gate of a line to go away, and return the change of its pin."""
    gates = by_pin(line)
    until = time.monotonic() + LONG_S
    while time.monotonic() < until and pi.wait(sorter, 0) is None:
        change = pico.wait_for(lambda one: one.pin in gates and away(gates[one.pin], one), LOOK_S, since=seen)
        if change is not None:
            return change
    pytest.fail(f"no gate went away: {pi.read('/tmp/out')}")


def rests(pico, line, opened):
    """Wait for that gate to be at rest, and return the change of its pin; no gate may go away after that."""
    gates = by_pin(line)
    since = pico.changes.index(opened) + 1
    fell = pico.wait_for(lambda one: one.pin == opened.pin and not away(gates[one.pin], one), LONG_S, since=since)
    assert fell is not None, f"{gates[opened.pin].name} is still away"
    return fell


def none_away_since(pico, line, change):
    """Whether no gate has gone away after a change."""
    gates, after = by_pin(line), pico.changes[pico.changes.index(change) + 1 :]
    return not any(one.pin in gates and away(gates[one.pin], one) for one in after)


def by_pin(line):
    """The gates of a line."""
    return {gate.pin: gate for gate in line.gates}


def test_the_board_rests_a_gate_whose_sorter_was_killed(wired):
    """Within its heartbeat, and before the gate was to close. The record has the part as it was decided."""
    pi, pico = wired
    text = LINE.read_text().replace("pin = ", 'kind = "mcu"\npin = ') + SLOW_BOARD
    pi.write("/root/slow.toml", text)
    line = Machine.model_validate(tomllib.loads(text))
    seen = len(pico.changes)
    sorter = pi.start(*RUN, "/root/slow.toml", "--journal", "/tmp/killed.sqlite")
    opened = opened_first(pi, pico, line, seen, sorter)
    pi.kill(sorter)
    killed_by_s = seconds(pi.monitor)
    fell = rests(pico, line, opened)
    assert pi.wait(sorter) == -signal.SIGKILL
    part = rows(pi, "/tmp/killed.sqlite")[0]
    assert fell.at <= killed_by_s + line.mcu.heartbeat_ms / 1000 + AFTER_BEAT_S
    assert fell.at < part["closes_s"] + min(clock_inside(pi)) - WELL_BEFORE_S
    assert (part["bin"], part["opened_s"]) == (by_pin(line)[opened.pin].bin, None)
    assert none_away_since(pico, line, fell)
    assert not pi.processes("spawn_main")


def test_a_board_that_starts_anew_aborts_the_line(wired):
    """Its program stops dead with a gate away: the watchdog lets the pin go, the line says so, nothing moves more."""
    pi, pico = wired
    seen = len(pico.changes)
    sorter = pi.start(*RUN, "/root/board_line.toml", "--json", "--journal", "/tmp/anew.sqlite")
    opened = opened_first(pi, pico, MACHINE, seen, sorter)
    pico.stop_dead()
    fell = rests(pico, MACHINE, opened)
    assert fell.level is None
    assert fell.at <= pico.died_at + WATCHDOG_S
    until = time.monotonic() + LONG_S
    while "from Execute to Aborted" not in (told := pi.read("/tmp/out")):
        assert time.monotonic() < until, told
        time.sleep(LOOK_S)
    assert "link lost: the board has started anew (watchdog); its gates are at rest" in told
    pi.kill(sorter, number=signal.SIGTERM)
    assert pi.wait(sorter, LONG_S) == 0
    said, parts = said_at_the_end(pi, "/tmp/out"), rows(pi, "/tmp/anew.sqlite")
    assert (said["incidents"], said["state"], said["ended_because"]) == ({"link_lost": 1}, "Aborted", "terminated")
    assert (parts[0]["bin"], parts[0]["reason"]) == ("reject", "gate_cut")
    assert {one["bin"] for one in parts} == {"reject"}
    assert none_away_since(pico, MACHINE, fell)
