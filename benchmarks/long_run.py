"""Half an hour of the emulated line in real time, ten parts a second: does it keep up, and does its memory grow?

    python benchmarks/long_run.py [--minutes 30] [--rate 600] [--speed 1000] [--frame-rate 30] [--folder DIR]

A process of its own does what `edge-sort run --emulate --rate 600 --speed 1000 --journal FILE` does: real clock, gate
process, journal on the disk, and the pretend world, which draws every frame. This one only looks at the memory of both
every few seconds. Afterwards every part fed must have its account (edge/accounts.py): a row of its own, a rejected
neighbour's row that it lies in, or no frame that showed it whole. The pretend world remembers each part and each move
until the end, which a real one does not: how many bytes that is, is said beside the slope.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edge.accounts import accounts
from edge.between import Between
from edge.bundle import open_bundle
from edge.cameras import Camera
from edge.clocks import Clock
from edge.emulate import EmulatedRun, emulate_line
from edge.emulated_world import EmulateOptions, default_machine, packaged_bundle
from edge.line import line_model
from edge.machine_checks import check_machine
from edge.part_sources import RenderedParts
from edge.parts import Frame

EVERY_S = 5.0
SETTLED_S = 600.0  # the slope is taken from here on: the renderer's stamps, SQLite's pages, sizes of parts are cached
POINTER = 8
JSON_KEYS = ("fed", "sorted_right", "sorted_wrong", "wrong_by_runtime", "strays", "struck", "on_belt", "rejected")


class NotedCamera:
    """A camera that notes when its frames were taken."""

    def __init__(self, camera: Camera, taken_at: array[float]) -> None:
        self._camera, self._taken_at = camera, taken_at

    def frames(self) -> Iterator[Frame]:
        """Yield the camera's frames."""
        for frame in self._camera.frames():
            self._taken_at.append(frame.taken_at)
            yield frame

    def close(self) -> None:
        """Let the camera go."""
        self._camera.close()


def work(arguments: argparse.Namespace) -> None:
    """Run the line, and print what came of it."""
    options = EmulateOptions(
        count=round(arguments.minutes * arguments.rate),
        rate_per_min=arguments.rate,
        speed_mm_s=arguments.speed,
        journal=arguments.worker,
    )
    bundle = open_bundle(packaged_bundle())
    machine = default_machine(options, bundle.labels)
    camera = machine.camera.model_copy(update={"frame_rate_hz": arguments.frame_rate})
    machine = machine.model_copy(update={"camera": camera})
    check_machine(machine)
    taken_at = array("d")

    def noted(camera: Camera, _clock: Clock) -> Camera:
        return NotedCamera(camera, taken_at)

    run = emulate_line(
        options,
        machine,
        line_model(bundle),
        RenderedParts(bundle.labels),
        bundle.digest,
        between=Between(camera=noted),
    )
    assert run.moving is not None
    given = accounts(run.ended, run.rows, taken_at, run.moving, machine.camera.view_mm)
    report = {key: value for key, value in run.report.as_dict().items() if key in JSON_KEYS}
    whole = {
        **report,
        "ended_because": run.because,
        "frames_s": [taken_at[0], taken_at[-1]],
        "frames": len(taken_at),
        "frame_rate_hz": round((len(taken_at) - 1) / (taken_at[-1] - taken_at[0]), 2),
        "camera_rate_hz": round(machine.camera.frame_rate_hz, 2),
        "own_row": given.own_row,
        "in_another_row": given.in_another_row,
        "unseen": given.unseen,
        "unaccounted": list(given.unaccounted),
        "windows": run.summary.windows.as_dict(),
        "incidents": dict(run.summary.incidents),
        "gate_error_ms": run.gate_error,
        "pretend_world_mib": round(remembered_bytes(run, taken_at) / 2**20, 2),
    }
    print(json.dumps(whole))


def remembered_bytes(run: EmulatedRun, taken_at: array[float]) -> int:
    """Return what the pretend world alone keeps of the run: parts fed, moments of moves and of frames."""
    moves = 2 * sum(row["opened_s"] is not None for row in run.rows)
    size = taken_at.itemsize * (len(taken_at) + 2 * moves) + moves
    for part, _fate in run.ended:
        values = (part, part.number, part.mark_mm, part.y_mm, part.length_mm)
        size += POINTER + sum(-(-sys.getsizeof(value) // 16) * 16 for value in values)  # as malloc rounds them
    return size


def resident_kib(pid: int) -> int | None:
    """Return a process's resident memory; None when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(found[0].split()[1]) if found else None


def gate_process_of(pid: int) -> int | None:
    """Return the child of a process that holds its pins."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        named = [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    except OSError:
        return None
    return int(named[0]) if named else None


def watch(worker: subprocess.Popen[str]) -> dict[str, list[tuple[float, int]]]:
    """Look at the memory of the worker and its gate process until it has ended."""
    seen: dict[str, list[tuple[float, int]]] = {"sorter": [], "gate process": []}
    gates = None
    while worker.poll() is None:
        time.sleep(EVERY_S)
        gates = gates or gate_process_of(worker.pid)
        for name, pid in (("sorter", worker.pid), ("gate process", gates)):
            size = resident_kib(pid) if pid else None
            if size is not None:
                seen[name].append((time.monotonic(), size))
    return seen


def growth(samples: list[tuple[float, int]], first_at: float, last_at: float) -> dict[str, Any]:
    """Return the first and last size in MiB while frames came, and the slope in KiB a minute by least squares.

    What the account of the run takes afterwards is not the line's.
    """
    running = [one for one in samples if first_at <= one[0] <= last_at]
    settled = [one for one in running if one[0] >= first_at + SETTLED_S] or running
    at, size = np.array(settled, dtype=float).T
    slope = float(np.polyfit(at / 60, size, 1)[0]) if len(settled) > 2 else 0.0
    return {
        "first_mib": round(size[0] / 1024, 1),
        "last_mib": round(size[-1] / 1024, 1),
        "most_mib": round(float(size.max()) / 1024, 1),
        "slope_kib_per_min": round(slope, 2),
        "every_minute_mib": [round(size / 1024, 1) for _, size in running[:: round(60 / EVERY_S)]],
    }


def main() -> None:
    """Run, watch, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=600.0, help="parts a minute")
    parser.add_argument("--speed", type=float, default=1000.0, help="mm a second")
    parser.add_argument("--frame-rate", type=float, default=30.0, help="of the camera, in Hz")
    parser.add_argument("--folder", type=Path, help="where the journal is written; default: a temporary one")
    parser.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.worker:
        work(arguments)
        return
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        # not this file as the main module, or the gate process would import all of it too
        start = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import long_run; long_run.main()"
        journal = str(Path(folder) / "journal.sqlite")
        command = [sys.executable, "-c", start, *sys.argv[1:], "--worker", journal]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            seen = watch(worker)
            answer = worker.stdout.read() if worker.stdout else ""
    if worker.returncode:
        print(json.dumps({name: growth(samples, 0.0, float("inf")) for name, samples in seen.items()}), file=sys.stderr)
        raise SystemExit(f"the line ended with {worker.returncode}; its words are above")
    found = json.loads(answer)
    times = found.pop("frames_s")
    memory = {name: growth(samples, *times) for name, samples in seen.items()}
    print(json.dumps({**found, "memory": memory}, indent=1))


if __name__ == "__main__":
    main()
