"""What the pretend belt takes for physics, checked on cases worked out by hand."""

from __future__ import annotations

import weakref

import pytest

from edge.belt import FixedSpeedBelt, arrival
from edge.emulated_belt import EmulatedBelt, Feeder
from edge.gates import GateMove
from edge.parts import REJECT_BIN


@pytest.fixture
def rig(machine, colored_parts):
    belt = FixedSpeedBelt(machine.belt.speed_mm_s)
    feeder = Feeder(colored_parts, machine=machine, rate_per_min=60, first_mark_mm=200.0, seed=1)
    emulated = EmulatedBelt(machine, belt, feeder, count=1, seed=1, tiles=False)
    emulated.picture_at(1.0)
    (part,) = emulated.fed
    return emulated, part, machine.gates[1], arrival(part.mark_mm, machine.gates[1].travel_mm, belt)


def move(emulated, gate, kind, acts_at):
    emulated.note(GateMove(gate.name, kind, acts_at - gate.lag_ms / 1000, acts_at, 1))


def test_a_part_no_gate_touches_ends_in_reject(rig):
    """No gate moves: the part rides to the end."""
    emulated, part, _, _ = rig
    assert emulated.fate(part, 100.0).bin == REJECT_BIN


def test_a_part_is_on_the_belt_until_it_has_passed_the_last_gate(rig):
    """Before that it has no bin."""
    emulated, part, _, passes_at = rig
    assert emulated.fate(part, passes_at).bin is None


def test_a_gate_open_while_a_part_passes_takes_it(rig):
    """The gate that is open around the passing of the centre wins; it does not strike the part."""
    emulated, part, gate, passes_at = rig
    move(emulated, gate, "opened", passes_at - 0.2)
    move(emulated, gate, "closed", passes_at + 0.2)
    fate = emulated.fate(part, 100.0)
    assert (fate.bin, fate.struck) == (gate.bin, False)


@pytest.mark.parametrize(("opened", "closed"), [(-0.5, -0.2), (0.2, 0.5)])
def test_a_gate_open_before_or_after_misses(rig, opened, closed):
    """Too early and too late are the same: the part rides on."""
    emulated, part, gate, passes_at = rig
    move(emulated, gate, "opened", passes_at + opened)
    move(emulated, gate, "closed", passes_at + closed)
    assert emulated.fate(part, 100.0).bin == REJECT_BIN


def test_a_gate_that_moves_while_the_part_is_at_it_strikes_it(rig):
    """A gate moving against the part's body is counted, wherever the part ends."""
    emulated, part, gate, passes_at = rig
    move(emulated, gate, "opened", passes_at - 0.01)
    assert emulated.fate(part, 100.0).struck


def test_the_lag_counts(rig):
    """A pin that changes exactly when the part passes acts lag_ms later: too late."""
    emulated, part, gate, passes_at = rig
    emulated.note(GateMove(gate.name, "opened", passes_at, passes_at, 1))
    assert emulated.fate(part, 100.0).bin == REJECT_BIN


def test_the_same_seed_feeds_the_same_parts(machine, colored_parts):
    """Class, size and place of every part follow from the seed."""

    def fed(seed):
        feeder = Feeder(colored_parts, machine=machine, rate_per_min=60, first_mark_mm=0.0, seed=seed)
        return [
            (part.label, part.mark_mm, part.y_mm, part.length_mm)
            for part, _sprite in (feeder.next_part() for _ in range(50))
        ]

    assert fed(3) == fed(3)
    assert fed(3) != fed(4)


def test_what_a_part_looks_like_is_forgotten_behind_the_picture(machine, colored_parts):
    """A shift of thousands of parts must not fill the memory with their pictures."""
    belt = FixedSpeedBelt(machine.belt.speed_mm_s)
    feeder = Feeder(colored_parts, machine=machine, rate_per_min=60, first_mark_mm=200.0, seed=1)
    sprites = []

    def next_part():
        part, sprite = Feeder.next_part(feeder)
        sprites.append(weakref.ref(sprite))
        return part, sprite

    feeder.next_part = next_part
    emulated = EmulatedBelt(machine, belt, feeder, count=40, seed=1, tiles=False)
    for second in range(30):
        emulated.picture_at(float(second))
    assert len(emulated.fed) > 20
    assert sum(one() is not None for one in sprites) < 6


def test_parts_are_fed_at_the_rate_asked_for(machine, colored_parts):
    """60 parts a minute at 150 mm/s are 150 mm apart on average."""
    feeder = Feeder(colored_parts, machine=machine, rate_per_min=60, first_mark_mm=0.0, seed=0)
    parts = [feeder.next_part()[0] for _ in range(1000)]
    assert (parts[-1].mark_mm - parts[0].mark_mm) / 999 == pytest.approx(150, rel=0.05)
