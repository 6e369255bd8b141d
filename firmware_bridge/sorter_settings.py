"""What a machine file says to a board that sorts by itself: the texts of es_settings.h and es_settings.c.

Every pin of the machine file is the board's then, because there is no other computer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.belt import FixedSpeedBelt
from edge.camera_tables import EyeTable
from edge.errors import MachineError
from edge.gate_tables import GateTable
from edge.line import check_labels, gate_places
from edge.machine import Machine
from firmware_bridge.codes import NO_PIN
from firmware_bridge.ports import BAUD

USABLE_PINS = (*range(2, 23), 26, 27, 28)  # of a Pico
MOST_LABELS, MOST_GATES = 32, 16
LEAD_US = 1200  # a tick of the program, and what the gates' alarm needs
# of a Cortex-M0+, with room: the emulated one took 1.4 million cycles for 46,032 multiplications, and 117 million
# for ResNet-8's 12,501,632 (docs/microcontrollers.md: 10.9 ms and 0.93 s)
CYCLES_PER_MAC, CYCLES_BESIDE = 25, 2_000_000
CLOCK_HZ = 125_000_000
PIECE, PIECE_ON_LINE = 26, 40  # bytes of a picture in one message, and of that message on the line


@dataclass(frozen=True)
class Model:
    """What of the model the settings depend on. pixels: bytes of a picture; macs: of one answer."""

    name: str
    labels: tuple[str, ...]
    pixels: int
    macs: int

    @property
    def think_s(self) -> float:
        """How long an answer takes at most, estimated."""
        return (self.macs * CYCLES_PER_MAC + CYCLES_BESIDE) / CLOCK_HZ


@dataclass(frozen=True)
class GateTimes:
    """Microseconds from the moment at which the middle of a part is in the eye's beam."""

    opens: int
    closes: int
    longest: int


def gate_times(machine: Machine, eye: EyeTable) -> list[GateTimes]:
    """Return when each gate opens and closes for a part, by the arithmetic of the line on a Pi."""
    belt = FixedSpeedBelt(machine.belt.speed_mm_s)
    places = {place.gate: place for one in gate_places(machine).values() for place in one}
    times = []
    for gate in machine.gates:
        place = places[gate.name]
        window = place.window(-eye.at_mm, belt)
        longest_s = place.longest_mm / belt.speed_mm_s
        times.append(GateTimes(*(round(at * 1e6) for at in (window.opens_at, window.closes_at, longest_s))))
    return times


def require_sorter(machine: Machine, labels: Sequence[str]) -> EyeTable:
    """Return the photo-eye. Raises MachineError naming what a board that sorts by itself does not have."""
    check_labels(machine, labels)
    for key, what in _without(machine):
        raise MachineError(f"{key}: expected a machine that a board can run by itself, found {what}")
    if machine.eye is None:
        raise MachineError(
            "expected a table [eye] in the machine file, found none: a board that sorts by itself knows of a part when "
            "it breaks the beam of a photo-eye; add one, with pin and at_mm"
        )
    pins = [(f"gates.{index}.pin", gate.pin) for index, gate in enumerate(machine.gates)]
    pins += [("eye.pin", machine.eye.pin), *machine.inputs.pins()]
    taken: dict[int, str] = {}
    for key, pin in pins:
        if pin not in USABLE_PINS:
            raise MachineError(
                f"{key}: expected a pin that a Pico brings out, 2 to 22 or 26 to 28 (0 and 1: its serial line; 23 to "
                f"25 and 29: its own), found {pin}; choose another one"
            )
        if pin in taken:
            raise MachineError(
                f"{key}: expected a pin of its own, found {pin} also at {taken[pin]}; every pin is the board's here"
            )
        taken[pin] = key
    return machine.eye


def _without(machine: Machine) -> Iterator[tuple[str, str]]:
    """What a Pi can and such a board cannot: keys, and what is the matter with them."""
    if machine.belt.kind != "fixed":
        yield "belt.kind", f"{machine.belt.kind!r}; it knows a belt of fixed speed only"
    for index, gate in enumerate(machine.gates):
        if gate.kind == "servo":
            yield f"gates.{index}.kind", "'servo'; it switches gates (output or mcu), and moves no servo"
        if gate.confirm is not None:
            yield f"gates.{index}.confirm", "an eye that confirms; leave it out"
    for name, _pin in machine.inputs.pins():
        key = name.removesuffix(".pin")
        if key not in ("inputs.estop", "inputs.start"):
            yield key, "a switch it does not look at; it knows inputs.estop and inputs.start"
    for name, _pin in machine.stack_light.pins():
        yield name, "a lamp; it lights none"
    if len(machine.gates) > MOST_GATES:
        yield "gates", f"{len(machine.gates)} of them, more than {MOST_GATES}"


def settings_texts(machine: Machine, model: Model, baud: int = BAUD) -> tuple[str, str]:
    """Return the texts of es_settings.h and es_settings.c. Raises MachineError."""
    eye = require_sorter(machine, model.labels)
    if len(model.labels) > MOST_LABELS:
        raise MachineError(f"expected at most {MOST_LABELS} labels, found {len(model.labels)}; train with fewer")
    times = gate_times(machine, eye)
    speed = machine.belt.speed_mm_s
    _require_time(machine, times)
    estop, start = machine.inputs.estop, machine.inputs.start
    values = {
        "BAUD": baud,
        "PICTURE_BYTES": model.pixels,
        "EYE_PIN": eye.pin,
        "EYE_BROKEN": int(eye.active_high),
        "ESTOP_PIN": estop.pin if estop else NO_PIN,
        "ESTOP_PRESSED": 0 if estop and estop.closed_high else 1,
        "START_PIN": start.pin if start else NO_PIN,
        "START_PRESSED": int(start.active_high) if start else 0,
        "MIN_GAP_US": round(eye.min_gap_mm / speed * 1e6),
        "FREE_US": free_us(machine),
        "EYE_TO_CAMERA_US": round(-eye.at_mm / speed * 1e6),
        "LAST_US": max(one.opens for one in times),
        "THINK_US": round((2 + 4 * model.think_s) * 1e6),
    }
    lines = "".join(f"#define ES_{name} {value}u\n" for name, value in values.items())
    rows = ",\n".join(
        f"    {{{_row(machine, gate, one, model.labels)}}} /* {gate.name.replace('*/', '* /')!a} */"
        for gate, one in zip(machine.gates, times, strict=True)
    )
    header = _TOP.format(name=model.name) + lines + _STRUCT.format(count=len(times))
    return header, f'#include "es_settings.h"\n\nconst struct es_gate_setting es_gate_settings[] = {{\n{rows}}};\n'


def _row(machine: Machine, gate: GateTable, times: GateTimes, labels: Sequence[str]) -> str:
    on_us = times.closes - times.opens
    rest_us = on_us * (1 - gate.max_duty) / gate.max_duty  # after each, so that no stretch of time has more
    mask = sum(1 << labels.index(label) for label in gate.labels)
    values = (
        gate.pin,
        0 if gate.active_high else 1,
        round(gate.max_on_ms * 1000),
        round(max(gate.min_off_ms * 1000, rest_us)),
        round(machine.decision.guard_mm / machine.belt.speed_mm_s * 1e6),
        times.opens,
        times.closes,
        times.longest,
        mask,
    )
    return ", ".join(f"{value}u" for value in values)


def free_us(machine: Machine) -> int:
    """Return the gap that every part needs, as if it and its neighbours were the smallest there are."""
    return round(machine.spacing.free_mm(machine.finder.min_part_mm) / machine.belt.speed_mm_s * 1e6)


def _require_time(machine: Machine, times: Sequence[GateTimes]) -> None:
    """A part's neighbour must have had its time to come before the gate opens."""
    for index, (gate, one) in enumerate(zip(machine.gates, times, strict=True)):
        needed = one.longest // 2 + free_us(machine) + LEAD_US
        if one.opens < needed:
            missing_mm = (needed - one.opens) * machine.belt.speed_mm_s / 1e6
            raise MachineError(
                f"gates.{index}.travel_mm: expected the gate to open {needed / 1000:.0f} ms after the middle of a part "
                f"has passed the eye, or later, so that it is known whether another part follows; found "
                f"{one.opens / 1000:.0f} ms; move gate {gate.name!r} downstream, or the eye upstream, by "
                f"{missing_mm:.0f} mm"
            )


def picture_s(pixels: int, baud: int) -> float:
    """Return how long a picture takes on the serial line."""
    return -(-pixels // PIECE) * PIECE_ON_LINE * 10 / baud


_TOP = """/* The machine and the model, as the sorter needs them. Ticks are microseconds. */
#ifndef ES_SETTINGS_H
#define ES_SETTINGS_H

#include "{name}.h"

#define ES_ANSWER {name}_answer
#define ES_CLASSIFY {name}_classify
"""
_STRUCT = """
/* opens_after, closes_after: from the moment at which the middle of a part is in the beam. longest: that a part may
 * break it for. labels: bit n for the label of number n. */
struct es_gate_setting {{
    uint8_t pin, resting_level;
    uint32_t max_on, min_off, late, opens_after, closes_after, longest, labels;
}};
#define ES_GATES_SET {count}u
extern const struct es_gate_setting es_gate_settings[ES_GATES_SET];

#endif
"""
