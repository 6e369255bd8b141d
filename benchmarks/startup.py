"""From the start of the process to the first decision, and how much memory that took.

    python benchmarks/startup.py [--runs 5]

Each run is a process of its own: `edge-sort run --emulate` with the packaged bundle and a few parts, on the real
clock, its gate process and its journal on the disk. The moment of the decision is read from that journal, and
so is, from where the first part lay, the moment at which everything was open: until then it is imports, the bundle's
digests, the model, the test card, the journal and the gate process.
Then the pretend feeder waits two seconds, in which the belt is learned from eight frames, and the first part rides
through the picture. `first decision` leaves that waiting out: the line open, eight frames, and a part from the first
frame that shows it to its decision. `processor`: how long the processes have had a core by then, which a
busy machine does not change much.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from edge.background import LEARN_FRAMES
from edge.belt import FixedSpeedBelt
from edge.bundle import open_bundle
from edge.emulated_belt import first_mark
from edge.emulated_world import REAL_SPARE_S, emulated_machine, learnt_at, packaged_bundle
from edge.machine import Machine

SPEED_MM_S = 1000
COMMAND = f"run --emulate --count 3 --rate 60 --speed {SPEED_MM_S} --json --journal".split()
ENTRY = "from edge.cli import main; main()"  # what the script `edge-sort` does
EVERY_S = 0.01
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def most_memory_kib(pid: int) -> dict[str, int]:
    """Return the most resident memory so far of a process and of its children, by what they are."""
    found = {}
    for name, one in [("sorter", str(pid)), *(("gate process", child) for child in _children(pid))]:
        lines = [line for line in _read(f"/proc/{one}/status").splitlines() if line.startswith("VmHWM:")]
        if lines and (name == "sorter" or "spawn_main" in _read(f"/proc/{one}/cmdline")):
            found[name] = int(lines[0].split()[1])
    return found


def processor_s(pid: int) -> float:
    """Return how long a process and its children have had a core so far."""
    fields = [_read(f"/proc/{one}/stat").rpartition(")")[2].split() for one in [pid, *_children(pid)]]
    return sum(int(one[11]) + int(one[12]) for one in fields if one) / TICKS_A_SECOND


def _children(pid: int) -> list[str]:
    return _read(f"/proc/{pid}/task/{pid}/children").split()


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # it has ended
        return ""


def fed_after_s(machine: Machine) -> float:
    """Return how long after everything is open the pretend feeder's first part would be under the camera's middle."""
    now, belt = 0.0, FixedSpeedBelt(SPEED_MM_S)
    return first_mark(learnt_at(machine, now) + REAL_SPARE_S, machine, belt) / SPEED_MM_S


def start_once(journal: Path, machine: Machine) -> dict[str, float]:
    """Run one part; return seconds and MiB."""
    most: dict[str, int] = {}
    took: list[tuple[float, float]] = []
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", ENTRY, *COMMAND, str(journal)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            most |= most_memory_kib(process.pid)
            took.append((time.monotonic(), processor_s(process.pid)))
            time.sleep(EVERY_S)
    with closing(sqlite3.connect(journal)) as rows:
        mark_mm, seen_s, decided_s = rows.execute(
            "SELECT min(mark_mm), min(first_seen_s), min(decided_s) FROM parts"
        ).fetchone()
    open_s = mark_mm / SPEED_MM_S - fed_after_s(machine)
    learning_s = LEARN_FRAMES / machine.camera.frame_rate_hz
    found = {"line open": open_s - start, "first decision": open_s + learning_s + decided_s - seen_s - start}
    at, cores = zip(*took, strict=True)
    found["line open, processor"] = float(np.interp(open_s, at, cores))
    return found | {f"{name}, MiB": size / 1024 for name, size in most.items()}


def import_edge() -> dict[str, float]:
    """Return what the import of everything that `run` needs takes, in a process of its own."""
    code = (
        "import time; a = time.perf_counter()\n"
        "import edge.run_machine, edge.emulate, edge.run_command\n"
        "from edge.interpreter import load_runtime; load_runtime()\n"
        "took = time.perf_counter() - a\n"
        "print(took, time.process_time(), open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    took_s, processor, size = done.stdout.split()
    return {"import": float(took_s), "import, processor": float(processor), "import, MiB": int(size) / 1024}


def main() -> None:
    """Print the middle of each figure, and the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    runs = []
    machine = emulated_machine(open_bundle(packaged_bundle()).labels, speed_mm_s=SPEED_MM_S, tiles=False)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.runs):
            runs.append(import_edge() | start_once(Path(folder) / f"{number}.sqlite", machine))
    for name in runs[0]:
        values = [one[name] for one in runs if name in one]
        print(f"{name:<22}median {statistics.median(values):8.2f}   worst {max(values):8.2f}")


if __name__ == "__main__":
    main()
