"""The whole device on an emulated Raspberry Pi 3: Debian, the wheel, lgpio on /dev/gpiochip0, pins read from outside.

Emulated time is slow and uneven: these tests hold order, levels, records and conservation, never milliseconds.
"""

from __future__ import annotations

import json
import signal
import time

import pytest

from edge.bundle import open_bundle
from edge.check import check_bundle
from edge.emulated_world import packaged_bundle
from edge.machine import read_machine
from edge.replay_run import replay_run
from tests.emulated_pi.conftest import LINE, PARTS
from tests.emulated_pi.line_inside import BUNDLE, FALLS_WITHIN_S, LONG_S, PINS, REST, RUN, at_rest, rows
from tests.emulated_pi.pin_log import wait_for_level, watched

pytestmark = pytest.mark.emulated_pi

LINE_INSIDE = "/root/line.toml"


def test_the_doctor_finds_the_pi_its_pins_and_its_runtime(pi):
    """Nothing that it asks the kernel, lgpio or the runtime is answered otherwise than it expects."""
    done = pi.run("edge-sort", "doctor", "--machine", LINE_INSIDE, "--json", timeout_s=LONG_S)
    found = {one["name"]: one for one in json.loads(done.out)["checks"]}
    assert found["board"]["found"] == "Raspberry Pi 3 Model B, aarch64"
    assert found["gpio-chip"]["found"] == "/dev/gpiochip0 is pinctrl-bcm2835"
    for name in ("numpy", "tflite-runtime", "gpiozero", "pin-factory", "pins-free", "pin-persistence", "machine-file"):
        assert found[name]["status"] == "ok", found[name]
    assert "Traceback" not in done.err


def test_the_pi_answers_as_this_computer_does(pi):
    """The packaged bundle's test card and golden pictures get the very scores they get here."""
    done = pi.run("edge-sort", "check", BUNDLE, "--json", timeout_s=LONG_S)
    assert done.code == 0, done.out + done.err
    there = {one["name"]: one["steps"] for one in json.loads(done.out)["findings"] if one["steps"] is not None}
    here = {one.name: one.steps for one in check_bundle(packaged_bundle()).findings if one.steps is not None}
    assert there == here


def test_a_gate_moves_a_real_line_of_the_chip(pi):
    """`gate test` opens once, seen from outside, and lets the pin go at rest."""
    with watched(pi.monitor, PINS.values()) as changes:
        done = pi.run("edge-sort", "gate", "test", "long", "--machine", LINE_INSIDE, "--yes", timeout_s=LONG_S)
    assert done.code == 0, done.err
    assert changes[len(PINS) :] == [(27, True), (27, False)]
    assert not pi.monitor.is_output(27)


@pytest.fixture(scope="module")
def expected(recording, tmp_path_factory):
    """Label and bin of every part of the recording, as this computer sorts it on pretend pins."""
    outcomes = []
    machine = read_machine(LINE)
    journal = tmp_path_factory.mktemp("replayed") / "journal.sqlite"
    watch = lambda *_: lambda _frame, decided: outcomes.extend(decided)  # noqa: E731
    replay_run(open_bundle(packaged_bundle()), machine, recording, journal, watch, print)
    assert len(outcomes) == PARTS
    return [(one.decision.label, one.decision.bin) for one in outcomes]


def test_the_pi_sorts_a_recording_with_real_lines(pi, expected):
    """Every part once, in the bin it gets here or in reject; each gate moves for its parts, in their order."""
    with watched(pi.monitor, PINS.values()) as changes:
        done = pi.run(*RUN, LINE_INSIDE, "--journal", "/tmp/sorted.sqlite", "--json", timeout_s=LONG_S)
    assert done.code == 0, done.err
    parts = rows(pi, "/tmp/sorted.sqlite")
    assert [one["label"] for one in parts] == [label for label, _ in expected]
    assert all(one["bin"] in (bin_, "reject") for one, (_, bin_) in zip(parts, expected, strict=True))
    away = [pin for pin, level in changes[len(PINS) :] if level != REST[pin]]
    assert away == [PINS[one["gate"]] for one in parts if one["opened_s"] is not None]
    assert len(away) > PARTS // 2
    assert at_rest(pi)
    assert not any(pi.monitor.is_output(pin) for pin in REST)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_line_that_is_ended_leaves_its_gates_at_rest(pi, number):
    """Terminated or killed while a gate is away: it falls at once. The record has the part: given up, or as decided."""
    journal = f"/tmp/{number.name}.sqlite"
    sorter = pi.start(*RUN, LINE_INSIDE, "--journal", journal)
    assert wait_for_level(pi.monitor, PINS["round"], True, LONG_S), pi.read("/tmp/out")
    pi.kill(sorter, number=number)
    assert wait_for_level(pi.monitor, PINS["round"], False, FALLS_WITHIN_S)
    assert pi.wait(sorter) is not None
    assert at_rest(pi)
    last = rows(pi, journal)[-1]
    if number == signal.SIGTERM:
        assert (last["bin"], last["reason"], last["closed_s"] is not None) == ("reject", "gate_cut", True)
    else:
        assert (last["bin"], last["opened_s"]) == ("round", None)


def test_the_gate_process_rests_a_gate_whose_sorter_was_killed(pi):
    """A gate that would stay away for a minute falls as soon as nobody is there who asked for it."""
    command = ("gate", "test", "long", "--machine", LINE_INSIDE, "--open-ms", "60000", "--yes")
    sorter = pi.start("edge-sort", *command)
    assert wait_for_level(pi.monitor, 27, True, LONG_S), pi.read("/tmp/out")
    assert pi.processes("spawn_main")
    pi.kill(sorter)
    assert wait_for_level(pi.monitor, 27, False, FALLS_WITHIN_S)
    assert pi.wait(sorter) == -signal.SIGKILL
    until = time.monotonic() + FALLS_WITHIN_S
    while pi.processes("spawn_main"):
        assert time.monotonic() < until
