"""What states, inputs and incidents cost: a step of the sorter with and without an overseer, alternately in one run.

    python benchmarks/line_states.py [--frames N]

The frames are 480x320 and empty, the cheapest there are; the panel has everything a machine file can name, on mock
pins.
"""

from __future__ import annotations

import argparse
import statistics
import time
from contextlib import closing

import numpy as np

from edge.belt import FixedSpeedBelt
from edge.clocks import ManualClock
from edge.coloured_parts import colour_model
from edge.control import Control
from edge.control_tables import ConfirmTable, EstopTable, InputsTable, InputTable, StackLightTable
from edge.emulated_contacts import Contacts
from edge.emulated_world import emulated_machine
from edge.incidents import Incidents
from edge.journal import Journal
from edge.line import LineModel, build_schedule, build_sorter, estop_spec, gate_specs
from edge.machine import Machine
from edge.panel import open_panel
from edge.parts import Frame
from edge.pin_gates import LocalGates
from edge.pins import open_pin_factory
from edge.watcher import Surroundings, Watcher

WARM_UP = 50


def equipped(model: LineModel) -> Machine:
    """A machine with everything that can be pressed, full, seen or lit."""
    machine = emulated_machine(model.labels, speed_mm_s=150.0, tiles=False)
    eyes = (13, 16, 19, 20, 21, 26, 25)
    gates = tuple(
        gate.model_copy(update={"confirm": ConfirmTable(pin=pin)})
        for gate, pin in zip(machine.gates, eyes, strict=False)
    )
    inputs = InputsTable(
        estop=EstopTable(pin=2),
        start=InputTable(pin=3, active_high=False),
        stop=InputTable(pin=7),
        reset=InputTable(pin=8),
        bin_full={machine.gates[0].bin: InputTable(pin=9)},
    )
    light = StackLightTable(red_pin=10, yellow_pin=11, green_pin=14)
    return machine.model_copy(update={"gates": gates, "inputs": inputs, "stack_light": light})


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--frames", type=int, default=500)
    count = parser.parse_args().frames
    model, clock, pins = colour_model(), ManualClock(), open_pin_factory("mock")
    machine, belt, incidents = equipped(model), FixedSpeedBelt(150.0), Incidents()
    Contacts(machine, pins, clock)
    gates = LocalGates(gate_specs(machine), clock, pins, estop_spec(machine))
    panel = open_panel(machine, lambda: pins)
    schedule = build_schedule(machine, gates, belt, clock, incidents)
    control = Control(
        rules=machine.rules,
        panel=panel,
        schedule=schedule,
        watcher=Watcher(machine, incidents, Surroundings(), clock.now()),
        incidents=incidents,
        clock=clock,
    )
    took: dict[str, list[float]] = {"step without": [], "step with": [], "follow": []}
    image = np.random.default_rng(0).integers(140, 160, (320, 480, 3), dtype=np.uint8)
    with closing(Journal(None, bundle_sha256="", machine_sha256="", clock="manual")) as journal:
        sorters = {
            name: build_sorter(
                machine,
                model,
                belt=belt,
                gates=gates,
                journal=journal,
                clock=clock,
                schedule=schedule,
                overseer=overseer,
            )
            for name, overseer in (("step without", None), ("step with", control))
        }
        for number in range(count + WARM_UP):
            clock.sleep_until(clock.now() + 0.05)
            frame = Frame(image, clock.now() - 0.012, number)
            for name in sorted(sorters, reverse=bool(number % 2)):
                start = time.perf_counter()
                sorters[name].step(frame)
                took[name].append(time.perf_counter() - start)
            start = time.perf_counter()
            control.follow()
            took["follow"].append(time.perf_counter() - start)
    for name, times in took.items():
        print(f"{name:<14}{statistics.median(times[WARM_UP:]) * 1e6:8.1f} us")
    print("follow runs 20 times a second, in a thread of its own or on the manual clock")


if __name__ == "__main__":
    main()
