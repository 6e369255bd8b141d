"""`edge-sort export --target pico-sorter`: all that a Raspberry Pi Pico needs to sort by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edge.bundle import Bundle, open_bundle
from edge.durable import require_unused, whole_folder
from edge.machine import Machine, read_machine
from firmware_bridge.boards import BOARDS, STACK_BYTES, require_fits
from firmware_bridge.c_text import check_name
from firmware_bridge.elf_sizes import measure
from firmware_bridge.emit import Emitted, emit
from firmware_bridge.export_c99 import Exported, estimate
from firmware_bridge.export_text import origin_of, resize_words, template
from firmware_bridge.firmware_build import BuildError
from firmware_bridge.lower import Like
from firmware_bridge.ports import BAUD
from firmware_bridge.sorter_build import IMAGE, SETTINGS, build_sorter, firmware_files
from firmware_bridge.sorter_facts import FILE, SorterFacts, SorterGate
from firmware_bridge.sorter_settings import (
    LEAD_US,
    Model,
    free_us,
    gate_times,
    picture_s,
    require_sorter,
    settings_texts,
)
from firmware_bridge.source import read_bundle_graph, source_of

CONTROLLER_BYTES = 20_000  # program and memory of everything but model and pictures: 18 kB by gcc
# there is no larger board for this target
SMALLER = "train a smaller network: the recipes mcu-depthwise and mcu-residual (edge-sort recipes) fit at their 96 px"
MEMORY_BYTES = 256 << 10  # of the RP2040 in one piece, beside which its stack lies


def export_sorter(
    folder: Path, machine_file: Path, out: Path, name: str = "model", like: Like = "litert", baud: int = BAUD
) -> Exported:
    """Write the firmware of a sorter to `out`, a new or empty folder: sources, settings, the image if it can be built.

    Raises BundleError, ModelError naming what the board lacks, and MachineError naming what it cannot do.
    """
    require_unused(out)
    bundle = open_bundle(folder)
    machine = read_machine(machine_file, board_alone=True)
    graph = read_bundle_graph(bundle)
    source = source_of(graph, bundle.facts, check_name(name), origin_of(bundle), like)
    height, width, channels = source.ends.shape
    model = Model(name, bundle.labels, height * width * channels, graph.macs)
    settings, gates = settings_texts(machine, model, baud)
    emitted = emit(source)
    require_room(emitted, name, model, len(source.network.layers))
    times = _times_text(machine, model, baud)
    words = {
        "name": name, "labels": ", ".join(bundle.labels), "origin": source.ends.origin, "resize": resize_words(bundle),
        "width": width, "height": height, "colour": "red, green, blue" if channels == 3 else "grey", "baud": baud,
        "gates": ", ".join(f"{gate.bin} on GPIO {gate.pin}" for gate in machine.gates), "times": times,
        "eye": require_sorter(machine, bundle.labels).pin, "stops": _stops_text(machine),
    }  # fmt: skip
    texts = {
        f"{name}.c": emitted.source,
        f"{name}.h": emitted.header,
        SETTINGS: settings,
        "es_settings.c": gates,
        FILE: _facts(bundle, machine, model, baud).model_dump_json(indent=1) + "\n",
        "labels.txt": "".join(f"{label}\n" for label in bundle.labels),
        "README.md": template("README-pico-sorter.md", words),
    }
    with whole_folder(out) as draft:
        for file, text in texts.items():
            (draft / file).write_text(text, encoding="utf-8", newline="\n")
        for file, path in firmware_files():
            (draft / file).parent.mkdir(parents=True, exist_ok=True)
            (draft / file).write_bytes(path.read_bytes())
        note = _built(draft)
    return Exported(out, (note, *times.splitlines(), *bundle.warnings))


def _facts(bundle: Bundle, machine: Machine, model: Model, baud: int) -> SorterFacts:
    eye, estop, start = require_sorter(machine, model.labels), machine.inputs.estop, machine.inputs.start
    times = gate_times(machine, eye)
    part_ms = min(one.longest for one in times) / 2000
    busy_s = picture_s(model.pixels, baud) + model.think_s
    return SorterFacts(
        labels=bundle.labels,
        input=bundle.facts.input,
        gates=tuple(
            SorterGate(
                name=gate.name, bin=gate.bin, pin=gate.pin, active_high=gate.active_high, opens_us=one.opens,
                closes_us=one.closes,
            )
            for gate, one in zip(machine.gates, times, strict=True)
        ),
        eye_pin=eye.pin,
        eye_active_high=eye.active_high,
        estop_pin=estop.pin if estop else None,
        estop_closed_high=bool(estop and estop.closed_high),
        start_pin=start.pin if start else None,
        start_active_high=bool(start and start.active_high),
        part_ms=part_ms,
        pitch_ms=round(part_ms + max(free_us(machine) / 1000, busy_s * 1000) + 100),
        baud=baud,
    )  # fmt: skip


def require_room(emitted: Emitted, name: str, model: Model, layers: int) -> None:
    """Raise ModelError with the numbers when a sorter does not fit the Pico's memory.

    Everything runs from there, where no miss of the flash cache delays it.
    """
    sizes = measure(emitted.source, emitted.header, name, "cortex-m0plus") or estimate(emitted, layers)
    memory = sizes.flash + sizes.memory + 2 * model.pixels + CONTROLLER_BYTES
    board = replace(BOARDS["pico"], memory=MEMORY_BYTES + STACK_BYTES)
    what = f"this sorter, which runs wholly from memory with two pictures of {model.pixels} bytes ({sizes.how})"
    require_fits(board, sizes.flash + CONTROLLER_BYTES, memory, what, SMALLER)


def _built(folder: Path) -> str:
    try:
        build_sorter(folder)
    except BuildError as error:
        return f"not built: {error}; then: edge-sort mcu build DIR"
    return f"built sorter.uf2: {(folder / IMAGE).stat().st_size:,} bytes of program"


def _times_text(machine: Machine, model: Model, baud: int) -> str:
    """Say whether a picture can come in time."""
    eye = require_sorter(machine, model.labels)
    earliest = min(one.opens for one in gate_times(machine, eye))
    camera = -eye.at_mm / machine.belt.speed_mm_s
    needed = camera + picture_s(model.pixels, baud) + model.think_s + LEAD_US / 1e6
    verdict = "in time" if needed * 1e6 < earliest else "TOO LATE: move that gate downstream, or take a smaller --size"
    return (
        f"picture  {picture_s(model.pixels, baud) * 1000:.0f} ms on the serial line at {baud} baud\n"
        f"answer   {model.think_s * 1000:.0f} ms at most (estimated: {model.macs:,} multiplications)\n"
        f"needed   {needed * 1000:.0f} ms from the eye to the decision; the first gate opens after "
        f"{earliest / 1000:.0f} ms: {verdict}"
    )


def _stops_text(machine: Machine) -> str:
    estop, start = machine.inputs.estop, machine.inputs.start
    words = [f"e-stop on GPIO {estop.pin}" if estop else "no e-stop"]
    words.append(f"start button on GPIO {start.pin}" if start else "no start button: gates may move once it has power")
    return ", ".join(words)
