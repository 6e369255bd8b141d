"""All gates of a machine on pretend pins and on the manual clock, those of a board too."""

from __future__ import annotations

from dataclasses import replace

from edge.clocks import Agenda
from edge.gates import Gates
from edge.line import board_specs, pin_specs
from edge.machine import Machine
from edge.mixed_gates import MixedGates
from edge.pin_gates import LocalGates
from edge.pins import open_pin_factory

_FIRST_PIN = 2  # the first that a Raspberry Pi has


def pretend_gates(machine: Machine, clock: Agenda) -> Gates:
    """Return gates that move by themselves and touch nothing. Raises GateError.

    A board's pins have numbers of their own, which pins of a Pi may have as well: they get pretend pins apart.
    """
    there = [
        replace(spec, pins=replace(spec.pins, pin=_FIRST_PIN + index, kind="output"))
        for index, spec in enumerate(board_specs(machine))
    ]
    parts = [(LocalGates(specs, clock, open_pin_factory("mock")), specs) for specs in (pin_specs(machine), there)]
    return MixedGates([(gates, [spec.name for spec in specs]) for gates, specs in parts])
