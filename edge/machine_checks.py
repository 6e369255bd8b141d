"""What makes a machine impossible although each of its values is fine by itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from edge import budget
from edge.belt_checks import check_belt, encoder_pins
from edge.errors import MachineError
from edge.gate_checks import check_board, check_kind
from edge.mqtt_table import check_mqtt
from edge.tables import PI_PINS

PULLED_UP = (2, 3)  # by resistors on the board of every Raspberry Pi

if TYPE_CHECKING:
    from edge.camera_tables import CameraTable
    from edge.gate_tables import GateTable
    from edge.machine import Machine


def check_machine(machine: Machine, *, board_alone: bool = False) -> None:
    """Raise MachineError when the machine, each value fine by itself, cannot work.

    board_alone: a board sorts by itself, so every pin is that board's.
    """
    for problem in machine_problems(machine, board_alone=board_alone):
        raise MachineError(problem)


def machine_problems(machine: Machine, *, board_alone: bool = False) -> list[str]:
    """Return everything for which the machine cannot work, a sentence each."""
    checks: list[Callable[[], None]] = [lambda: _check_camera(machine.camera)]
    checks += [lambda: check_belt(machine.belt, machine.decision.guard_mm), lambda: _check_pins(machine)]
    checks.append(lambda: check_board(machine))
    if not board_alone:
        checks.append(lambda: _check_pi_pins(machine))
    checks += [lambda: _check_gates(machine), lambda: _check_eye(machine), lambda: _check_bins(machine)]
    checks.append(lambda: _check_pulls(machine))
    checks += [partial(check_kind, machine, index, gate) for index, gate in enumerate(machine.gates)]
    checks += [partial(_check_dwell, machine, index, gate) for index, gate in enumerate(machine.gates)]
    checks += [partial(_check_reach, machine, index, gate) for index, gate in enumerate(machine.gates)]
    checks += [lambda: _check_view(machine), lambda: _check_pitch(machine), lambda: check_mqtt(machine.mqtt)]
    checks.append(lambda: _check_patch(machine))
    problems = []
    for check in checks:
        try:
            check()
        except MachineError as error:
            problems.append(str(error))
    return problems


def _check_camera(camera: CameraTable) -> None:
    needed = {"folder": "folder", "recording": "folder", "video": "file"}.get(camera.kind)
    if needed and getattr(camera, needed) is None:
        raise MachineError(
            f"camera.{needed}: expected the {needed} of recorded frames for kind {camera.kind!r}, found none; add it"
        )
    if camera.exposure_ms * camera.frame_rate_hz > 1000:
        raise MachineError(
            f"camera.exposure_ms: expected at most the {1000 / camera.frame_rate_hz:g} ms of a frame at "
            f"camera.frame_rate_hz, found {camera.exposure_ms:g}; shorten it"
        )


def _check_patch(machine: Machine) -> None:
    patch, camera = machine.drift.patch_px, machine.camera
    if patch is not None and (patch[0] + patch[2] > camera.width_px or patch[1] + patch[3] > camera.height_px):
        raise MachineError(
            f"drift.patch_px: expected left, top, width and height of a place within the {camera.width_px} x "
            f"{camera.height_px} pixels of the picture, found {list(patch)}; choose another one"
        )


def _check_pins(machine: Machine) -> None:
    for pins in (_pins(machine), board_pins(machine)):
        owners: dict[int, str] = {}
        for key, pin in pins:
            if pin in owners:
                raise MachineError(
                    f"{key}: expected a pin of its own, found {pin} also at {owners[pin]}; change one of them"
                )
            owners[pin] = key


def _check_pi_pins(machine: Machine) -> None:
    for key, pin in _pins(machine):
        if pin not in PI_PINS:
            raise MachineError(
                f"{key}: expected a pin of the Pi, {PI_PINS[0]} to {PI_PINS[-1]}, found {pin}; choose another one"
            )


def board_pins(machine: Machine) -> Iterator[tuple[str, int]]:
    """Yield every pin of the board of [mcu], and its key."""
    yield from ((f"gates.{index}.pin", gate.pin) for index, gate in enumerate(machine.gates) if gate.kind == "mcu")
    if machine.belt.on_board:
        yield from encoder_pins(machine.belt).items()
    if machine.eye is not None and machine.eye.on_board:
        yield "eye.pin", machine.eye.pin


def _check_pulls(machine: Machine) -> None:
    """An input is pulled to the level that it has when nothing is connected; two pins of every Pi cannot be."""
    inputs = machine.inputs
    switches = {f"inputs.{name}": getattr(inputs, name) for name in ("start", "stop", "reset")}
    switches |= {f"inputs.bin_full.{name}": table for name, table in inputs.bin_full.items()}
    switches |= {f"gates.{index}.confirm": gate.confirm for index, gate in enumerate(machine.gates)}
    switches |= {"eye": machine.eye}
    down = {f"{key}.active_high": table.pin for key, table in switches.items() if table and table.active_high}
    if inputs.estop is not None and inputs.estop.closed_high:
        down["inputs.estop.closed_high"] = inputs.estop.pin
    for key, pin in down.items():
        if pin in PULLED_UP:
            raise MachineError(
                f"{key}: expected false at pin {pin}, because the board pulls that pin up, found true; "
                "wire the contact to ground and turn this round, or use another pin"
            )


def _pins(machine: Machine) -> Iterator[tuple[str, int]]:
    """Yield every pin of this computer that the machine file names, and its key."""
    if not machine.belt.on_board:
        yield from encoder_pins(machine.belt).items()
    for index, gate in enumerate(machine.gates):
        if gate.kind != "mcu":
            yield f"gates.{index}.pin", gate.pin
        if gate.confirm is not None:
            yield f"gates.{index}.confirm.pin", gate.confirm.pin
    if machine.eye is not None and not machine.eye.on_board:
        yield "eye.pin", machine.eye.pin
    yield from machine.inputs.pins()
    yield from machine.stack_light.pins()


def _check_gates(machine: Machine) -> None:
    owners: dict[str, str] = {}
    for index, gate in enumerate(machine.gates):
        if gate.name in owners:
            raise MachineError(
                f"gates.{index}.name: expected a name of its own, found {gate.name!r} also at {owners[gate.name]}; "
                "change one of them"
            )
        owners[gate.name] = f"gates.{index}.name"
    bins: dict[str, str] = {}
    for index, gate in enumerate(machine.gates):
        for label in gate.labels:
            if bins.setdefault(label, gate.bin) != gate.bin:
                raise MachineError(
                    f"gates.{index}.labels: expected each label in one bin, found {label!r} in {bins[label]!r} and in "
                    f"{gate.bin!r}; delete one, or give both gates the same bin"
                )


def _check_eye(machine: Machine) -> None:
    eye, source = machine.eye, machine.finder.source
    if source != "picture" and eye is None:
        raise MachineError(
            f"finder.source: {source!r} needs a photo-eye, found no table [eye]; add one, or use 'picture'"
        )
    if eye is None:
        return
    edge_mm = -machine.camera.view_mm / 2
    if source == "eye" and eye.at_mm > edge_mm:
        raise MachineError(
            f"eye.at_mm: expected {edge_mm:.0f} at most for finder.source 'eye', because the belt before the eye must "
            f"not be in the picture, found {eye.at_mm:g}; move the eye upstream, or use 'both'"
        )


def _check_bins(machine: Machine) -> None:
    bins = sorted({gate.bin for gate in machine.gates})
    for name in machine.inputs.bin_full:
        if name not in bins:
            raise MachineError(
                f"inputs.bin_full.{name}: expected the bin of a gate ({', '.join(bins)}), found {name!r}; correct it"
            )


def _check_dwell(machine: Machine, index: int, gate: GateTable) -> None:
    """A gate that acts for less than the smallest part would catch none."""
    least_mm = machine.finder.min_part_mm + 2 * machine.decision.guard_mm
    speed_mm_s = machine.belt.speed_mm_s
    if budget.way_mm(speed_mm_s, gate.dwell_ms) < least_mm:
        raise MachineError(
            f"gates.{index}.dwell_ms: expected at least {math.ceil(1000 * least_mm / speed_mm_s)}, in which the belt "
            f"moves {least_mm:g} mm (finder.min_part_mm and twice decision.guard_mm), found {gate.dwell_ms:g}; raise it"
        )


def _check_reach(machine: Machine, index: int, gate: GateTable) -> None:
    times = (machine.decision.latency_ms, gate.lead_ms, gate.dwell_ms)
    least_mm = budget.least_travel_mm(machine.belt.speed_mm_s, *times)
    if gate.travel_mm < least_mm:
        raise MachineError(
            f"gates.{index}.travel_mm: expected at least {least_mm:.0f} mm, because the belt moves that far in the "
            f"{budget.lead_ms(*times):.0f} ms of decision.latency_ms + lag_ms + move_ms + dwell_ms / 2, found "
            f"{gate.travel_mm:g}; move the gate downstream, slow belt.speed_mm_s to "
            f"{_below(budget.speed_for_travel_mm_s(gate.travel_mm, *times))}, or shorten one of these times"
        )
    if gate.on_ms > gate.max_on_ms:
        raise MachineError(
            f"gates.{index}.max_on_ms: expected at least its dwell_ms and move_ms ({gate.on_ms:g}), "
            f"found {gate.max_on_ms:g}; raise it"
        )


def _check_view(machine: Machine) -> None:
    """A part must be seen whole, with its free belt behind it, by the middle of the picture."""
    spacing, camera = machine.spacing, machine.camera
    occupied_ms = machine.occupied_ms
    least_mm = budget.least_view_mm(machine.belt.speed_mm_s, occupied_ms, spacing.guard_mm, camera.frame_rate_hz)
    if camera.view_mm < least_mm:
        per_frame_mm = machine.belt.speed_mm_s / camera.frame_rate_hz
        largest = budget.speed_for_view_mm_s(camera.view_mm, occupied_ms, spacing.guard_mm, camera.frame_rate_hz)
        raise MachineError(
            f"camera.width_px: expected a view of at least {least_mm:.0f} mm along the belt "
            f"({least_mm - 2 * per_frame_mm:.0f} for the gates' window, two frames of {per_frame_mm:.0f}), "
            f"found {camera.view_mm:.0f}; raise the camera, raise camera.frame_rate_hz, shorten dwell_ms, or slow "
            f"belt.speed_mm_s to {_below(largest)}"
        )


def _check_pitch(machine: Machine) -> None:
    pitch_mm = machine.belt.pitch_mm
    sizes = (machine.occupied_ms, machine.decision.guard_mm, machine.finder.min_part_mm)
    least_mm = budget.least_pitch_mm(machine.belt.speed_mm_s, *sizes)
    if pitch_mm is not None and pitch_mm < least_mm:
        raise MachineError(
            f"belt.pitch_mm: expected at least {least_mm:.0f} mm between parts (a gate's window reaches so far), "
            f"found {pitch_mm:g}; feed parts further apart, shorten dwell_ms, or slow belt.speed_mm_s to "
            f"{_below(budget.speed_for_pitch_mm_s(pitch_mm, *sizes))}"
        )


def _below(value: float) -> str:
    """Round down to three digits, so that what is advised works."""
    if value <= 0:
        return "no speed at all"
    step = 10.0 ** (math.floor(math.log10(value)) - 2)
    return f"{math.floor(value / step) * step:g}"
