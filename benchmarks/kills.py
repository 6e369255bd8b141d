"""A real `edge-sort run --emulate` process, killed and terminated at random moments.

    python benchmarks/kills.py [--kills 200] [--terms 40] [--seed 0] [--folder DIR]

Every process writes the same journal, on the real clock, ten parts a second. Half of the kills come while the line
starts: between the start of the process and as long as a first one took to its first part. It prints each part when
its row has been written. After SIGKILL: the journal must be whole and hold every part that was printed, the gate
process must be gone by itself (how soon is measured), and the next start must go on in the same file. After SIGTERM:
the gates' last moves are in the journal, on the system's monotonic clock, so the moment of the signal can be taken from
them. SIGKILL leaves nobody who could note the moves of pretend pins; there the end of the gate process, which rests its
gates before it ends, is the bound. A line that got no core for 3 s brings its gates to rest and ends by itself, saying
so; one that has when a signal comes is counted apart, and so is one that had told an incident.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ENTRY = "from edge.cli import main; main()"  # what the script `edge-sort` does
COMMAND = ["run", "--emulate", "--count", "100000", "--rate", "600", "--speed", "1000", "--journal"]
MOST_PARTS, MOMENT_S = 12, (0.0, 0.5)  # the other half come so long after so many parts
GONE_WITHIN_S = 5.0
STARVED = re.compile("expected (a sign of life from the sorter|the gate process to answer)")
PART = re.compile(r"^part +(\d+) ")


@dataclass
class Found:
    """What the processes left. broken: a sentence for each thing that must not be."""

    gone_ms: list[float] = field(default_factory=list)
    rest_ms: list[float] = field(default_factory=list)
    before_start: int = 0
    parts: int = 0
    at_rest_already: int = 0
    starved: int = 0
    told_incidents: int = 0
    broken: list[str] = field(default_factory=list)


class Line:
    """A process that sorts, and the parts it has said so far."""

    def __init__(self, journal: Path) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-c", ENTRY, *COMMAND, str(journal)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[str] = []
        self.gone_ms: float | None = None
        self.outlived = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        self.said.extend(self.process.stdout)

    def gates(self) -> list[int]:
        """Return the gate process, if it has been started."""
        try:
            found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
            return [int(one) for one in found if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
        except OSError:
            return []

    def wait_for(self, parts: int) -> None:
        """Wait until it has said so many parts, or has ended."""
        while len(self.said) < parts and self.process.poll() is None:
            time.sleep(0.002)

    def end(self, number: int) -> tuple[set[int], str]:
        """Send a signal and wait for the end of both processes; return the parts said, and what went to stderr."""
        gates, sent = self.gates(), time.monotonic()
        self.process.send_signal(number)  # which does nothing where it has ended
        self.process.wait()
        self._reader.join(GONE_WITHIN_S)  # the gate process has the same stdout: it ends with the last of the two
        self.gone_ms = (time.monotonic() - sent) * 1000 if gates else None
        for pid in gates if self._reader.is_alive() else ():
            os.kill(pid, signal.SIGKILL)
            self.outlived = True
        self._reader.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        words = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        whole = [line for line in self.said if line.endswith("\n")]
        return {int(match[1]) for line in whole if (match := PART.match(line))}, words


def rows_of_last_run(journal: Path, found: Found) -> tuple[int, list[sqlite3.Row]]:
    """Open the journal as any program would; return its last run and that one's parts."""
    with closing(sqlite3.connect(journal)) as db:
        db.row_factory = sqlite3.Row
        state = db.execute("PRAGMA integrity_check").fetchone()[0]
        if state != "ok":
            found.broken.append(f"the journal is not whole: {state}")
        run = db.execute("SELECT max(run) FROM runs").fetchone()[0] or 0
        return int(run), db.execute("SELECT * FROM parts WHERE run = ?", (run,)).fetchall()


def kill_once(journal: Path, parts: int, after_s: float, runs: int, found: Found) -> int:
    """Kill a line so long after so many parts; return how many runs the journal has then."""
    line = Line(journal)
    line.wait_for(parts)
    time.sleep(after_s)
    said, words = line.end(signal.SIGKILL)
    if line.outlived:
        found.broken.append(f"the gate process outlived its sorter, killed {after_s:.3f} s after {parts} parts")
    elif line.gone_ms is not None:
        found.gone_ms.append(line.gone_ms)
    found.starved += bool(STARVED.search(words))
    found.told_incidents += bool(words.strip())
    if "Traceback" in words:
        found.broken.append(f"killed {after_s:.3f} s after {parts} parts, it said: {words.strip()[-300:]}")
    if not journal.exists():
        found.before_start += 1
        return runs
    run, rows = rows_of_last_run(journal, found)
    if run == runs:
        found.before_start += 1
        return runs
    missing = said - {row["part"] for row in rows}
    if missing:
        found.broken.append(f"parts {sorted(missing)} of run {run} were said and are not in the journal")
    found.parts += len(rows)
    return run


def terminate_once(journal: Path, parts: int, after_s: float, found: Found) -> None:
    """Terminate a line; note how long after the signal the last gate was back at rest."""
    line = Line(journal)
    line.wait_for(parts)
    time.sleep(after_s)
    sent = time.monotonic()
    said, words = line.end(signal.SIGTERM)
    if line.process.returncode == 1 and STARVED.search(words):
        found.starved += 1
    elif "Traceback" in words or line.process.returncode not in (0, 128 + signal.SIGTERM):
        found.broken.append(f"terminated, it ended with {line.process.returncode} and said: {words.strip()[-300:]}")
    _, rows = rows_of_last_run(journal, found)
    missing = said - {row["part"] for row in rows}
    if missing:
        found.broken.append(f"parts {sorted(missing)} were said and are not in the journal")
    # a part given up after its gate had opened has no gate in its row any more
    away = [row["gate"] for row in rows if row["gate"] and row["opened_s"] is not None and row["closed_s"] is None]
    if away:
        found.broken.append(f"gates {away} have no closing in the journal")
    closed = [row["closed_s"] for row in rows if row["closed_s"] is not None and row["closed_s"] > sent]
    late = [
        row["opened_s"] for row in rows if row["opened_s"] is not None and row["opened_s"] > max(closed, default=sent)
    ]
    if late:
        found.broken.append(f"a gate opened {late} after the last one came to rest")
    if closed:
        found.rest_ms.append((max(closed) - sent) * 1000)
    else:
        found.at_rest_already += 1


def time_to_first_part(journal: Path, found: Found) -> tuple[float, int]:
    """Start a line, end it after its first part; return how long that took, and how many runs the journal has."""
    line = Line(journal)
    line.wait_for(1)
    took_s = time.monotonic() - line.started
    line.end(signal.SIGTERM)
    return took_s, rows_of_last_run(journal, found)[0]


def percentiles(values: list[float]) -> dict[str, float]:
    """Return the middle, the 99th percentile and the largest."""
    if not values:
        return {}
    p50, p99 = np.percentile(values, [50, 99])
    return {"n": len(values), "p50": round(float(p50), 1), "p99": round(float(p99), 1), "max": round(max(values), 1)}


def main() -> None:
    """Kill, terminate, start once more, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--terms", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    draw, found, began = random.Random(options.seed), Found(), time.monotonic()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        journal = Path(folder) / "journal.sqlite"
        start_s, runs = time_to_first_part(journal, found)
        for number in range(options.kills):
            parts = draw.randint(1, MOST_PARTS) if number % 2 else 0
            runs = kill_once(journal, parts, draw.uniform(*(MOMENT_S if parts else (0.0, start_s))), runs, found)
        for _ in range(options.terms):
            terminate_once(journal, draw.randint(6, MOST_PARTS), draw.uniform(*MOMENT_S), found)
        last = subprocess.run(
            [sys.executable, "-c", ENTRY, *["run", "--emulate", "--count", "5", "--json", "--journal"], str(journal)],
            capture_output=True,
            text=True,
            check=False,
        )
        if last.returncode or json.loads(last.stdout)["fed"] != 5:
            found.broken.append(f"the last start was not clean: {last.stderr.strip()[-300:]}")
    print(
        json.dumps(
            {
                "took_s": round(time.monotonic() - began),
                "start_to_first_part_s": round(start_s, 2),
                "kills": options.kills,
                "before_a_run_was_in_the_journal": found.before_start,
                "parts_in_the_journal": found.parts,
                "gate_process_gone_ms": percentiles(found.gone_ms),
                "terms": options.terms,
                "gates_at_rest_ms": percentiles(found.rest_ms),
                "at_rest_already": found.at_rest_already,
                "starved_and_ended_before": found.starved,
                "told_incidents_before_a_kill": found.told_incidents,
                "broken": found.broken,
            },
            indent=1,
        )
    )
    raise SystemExit(bool(found.broken))


if __name__ == "__main__":
    main()
