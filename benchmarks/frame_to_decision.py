"""Frame to decision against the bare invoke() of the same model, alternately in one run.

    python benchmarks/frame_to_decision.py [--bundle DIR | --model FILE.tflite] [--frames N]

A step is everything the sorter does with a 640x480 frame that shows one part: find, track, crop, resize, quantize,
invoke, vote. The last one of a part also decides, plans the gate and writes the journal to a disk. Both ratios are of
medians: by the clock, and by how long the thread has had a core, which says more on a machine that others use too.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.belt import FixedSpeedBelt
from edge.bundle import open_bundle
from edge.camera_tables import CameraTable
from edge.classifier import Classifier
from edge.clocks import ManualClock
from edge.emulated_belt import EmulatedBelt, Feeder, first_mark
from edge.emulated_camera import EmulatedCamera
from edge.emulated_world import packaged_bundle
from edge.gate_tables import GateTable, GpioTable
from edge.interpreter import TfliteInterpreter
from edge.journal import Journal
from edge.line import LineModel, build_sorter, gate_specs
from edge.machine import BeltTable, DecisionTable, Machine
from edge.part_sources import RenderedParts
from edge.pin_gates import LocalGates
from edge.pins import open_pin_factory
from edge.preprocess import InputSpec


@dataclass
class Counted:
    """A classifier that counts its calls."""

    classifier: Classifier
    calls: int = 0

    def scores(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Score, and count."""
        self.calls += 1
        return self.classifier.scores(image)


@dataclass
class Times:
    """Seconds per frame by what was in it."""

    empty: list[float] = field(default_factory=list)
    one_part: list[float] = field(default_factory=list)
    decided: list[float] = field(default_factory=list)
    invoke: list[float] = field(default_factory=list)
    one_part_processor: list[float] = field(default_factory=list)
    invoke_processor: list[float] = field(default_factory=list)


def load(options: argparse.Namespace) -> tuple[TfliteInterpreter, Classifier]:
    """Open the model to measure."""
    if options.model:
        interpreter = TfliteInterpreter(options.model)
        _, height, width, channels = interpreter.input.shape
        spec = InputSpec(width_px=width, height_px=height, color="rgb" if channels == 3 else "grey")
        labels = tuple(str(number) for number in range(int(np.prod(interpreter.output.shape))))
        return interpreter, Classifier(interpreter, labels, spec)
    bundle = open_bundle(options.bundle or packaged_bundle())
    interpreter = TfliteInterpreter(bundle.folder / "model.tflite")
    return interpreter, Classifier(interpreter, bundle.labels, bundle.facts.input)


def measured_machine(label: str) -> Machine:
    """A machine with 640x480 frames in which every frame votes."""
    gate = GateTable(
        name="gate", pin=17, bin="bin", labels=(label,), travel_mm=300, lag_ms=20, dwell_ms=373, max_on_ms=2000
    )
    return Machine(
        belt=BeltTable(speed_mm_s=150),
        camera=CameraTable(kind="emulated", width_px=640, height_px=480, mm_per_px=0.25, frame_rate_hz=20),
        decision=DecisionTable(max_votes=100),
        gpio=GpioTable(pin_factory="mock"),
        gates=(gate,),
    )


def measure(interpreter: TfliteInterpreter, classifier: Classifier, count: int, journal_path: Path) -> Times:
    """Step through `count` frames, timing a bare invoke() after each classified one."""
    machine, clock, belt = measured_machine(classifier.labels[0]), ManualClock(), FixedSpeedBelt(150)
    feeder = Feeder(
        RenderedParts(), machine=machine, rate_per_min=60, first_mark_mm=first_mark(1.0, machine, belt), seed=0
    )
    emulated = EmulatedBelt(machine, belt, feeder, count=None, seed=0, tiles=False)
    camera = EmulatedCamera(emulated, frame_rate_hz=machine.camera.frame_rate_hz, clock=clock)
    gates = LocalGates(gate_specs(machine), clock, open_pin_factory("mock"))
    counted, times = Counted(classifier), Times()
    model = LineModel(classifier.labels, dict.fromkeys(classifier.labels, 0.0), counted)
    with closing(gates), closing(Journal(journal_path, bundle_sha256="", machine_sha256="", clock="manual")) as journal:
        sorter = build_sorter(machine, model, belt=belt, gates=gates, journal=journal, clock=clock)
        for frame, _ in zip(camera.frames(), range(count), strict=False):
            before = counted.calls
            start, start_processor = time.perf_counter(), time.thread_time()
            outcomes = sorter.step(frame)
            took_s, took_processor_s = time.perf_counter() - start, time.thread_time() - start_processor
            if outcomes:
                times.decided.append(took_s)
            elif counted.calls == before:
                times.empty.append(took_s)
            elif counted.calls == before + 1:
                times.one_part.append(took_s)
                times.one_part_processor.append(took_processor_s)
                start, start_processor = time.perf_counter(), time.thread_time()
                interpreter._interpreter.invoke()
                times.invoke.append(time.perf_counter() - start)
                times.invoke_processor.append(time.thread_time() - start_processor)
    return times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--frames", type=int, default=4000)
    options = parser.parse_args()
    interpreter, classifier = load(options)
    with tempfile.TemporaryDirectory() as folder:
        times = measure(interpreter, classifier, options.frames, Path(folder) / "journal.sqlite")
    for name, values in vars(times).items():
        p50, p99 = np.percentile(values, [50, 99]) * 1000
        print(f"{name:<20}{len(values):>6} frames   median {p50:8.3f} ms   p99 {p99:8.3f} ms")
    ratio = statistics.median(times.one_part) / statistics.median(times.invoke)
    processor = statistics.median(times.one_part_processor) / statistics.median(times.invoke_processor)
    print(
        f"frame to decision / bare invoke: {ratio:.2f} by the clock, {processor:.2f} by the processor "
        f"(runtime {interpreter.runtime_name})"
    )


if __name__ == "__main__":
    main()
