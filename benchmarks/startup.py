"""From the start of the process to the first decision, and how much memory that took.

    python benchmarks/startup.py [--runs 5]

Each run is a process of its own: `edge-sort run --emulate` with the packaged bundle and a few parts, on the real
clock, its gate process and its journal on the disk. The moment of the decision is read from that journal. Until the
line is open (a run in the journal) it is imports, the bundle's digests, the model, the test card and the gate process;
then the belt is learned from eight frames and the first part rides into and through the picture, 0.4 s here.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

SPEED_MM_S = 1000
COMMAND = f"run --emulate --count 3 --rate 60 --speed {SPEED_MM_S} --json --journal".split()
ENTRY = "from edge.cli import main; main()"  # what the script `edge-sort` does
EVERY_S = 0.01


def most_memory_kib(pid: int) -> dict[str, int]:
    """Return the most resident memory so far of a process and of its children, by what they are."""
    found = {}
    children = _read(f"/proc/{pid}/task/{pid}/children").split()
    for name, one in [("sorter", str(pid)), *(("gate process", child) for child in children)]:
        lines = [line for line in _read(f"/proc/{one}/status").splitlines() if line.startswith("VmHWM:")]
        if lines and (name == "sorter" or "spawn_main" in _read(f"/proc/{one}/cmdline")):
            found[name] = int(lines[0].split()[1])
    return found


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:  # it has ended
        return ""


def start_once(journal: Path) -> dict[str, float]:
    """Run one part; return seconds and MiB."""
    most: dict[str, int] = {}
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", ENTRY, *COMMAND, str(journal)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None:
            most |= most_memory_kib(process.pid)
            time.sleep(EVERY_S)
    with closing(sqlite3.connect(journal)) as rows:
        started_s, seen_s, decided_s = rows.execute(
            "SELECT started_s, min(first_seen_s), min(decided_s) FROM parts JOIN runs USING (run)"
        ).fetchone()
    found = {"line open": started_s - start, "part seen": seen_s - start, "decided": decided_s - start}
    return found | {f"{name}, MiB": size / 1024 for name, size in most.items()}


def import_edge() -> dict[str, float]:
    """Return what the import of everything that `run` needs takes, in a process of its own."""
    code = (
        "import time; a = time.perf_counter()\n"
        "import edge.run_machine, edge.emulate, edge.run_command\n"
        "from edge.interpreter import load_runtime; load_runtime()\n"
        "took = time.perf_counter() - a\n"
        "print(took, open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    took_s, size = done.stdout.split()
    return {"import": float(took_s), "import, MiB": int(size) / 1024}


def main() -> None:
    """Print the middle of each figure, and the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.runs):
            runs.append(import_edge() | start_once(Path(folder) / f"{number}.sqlite"))
    for name in runs[0]:
        values = [one[name] for one in runs if name in one]
        print(f"{name:<20}median {statistics.median(values):8.2f}   worst {max(values):8.2f}")


if __name__ == "__main__":
    main()
