"""Does a million rows in the journal slow the next one?

    python benchmarks/journal_rows.py [--rows N] [--folder DIR]

Writes the first and the last 1,000 rows as the sorter does, each on the disk before the next, and the rows between
them with the same statements but without waiting for the disk. Each part is decided with three votes of six labels,
and its gate opens and closes (three statements a part). A disk's moods change within minutes, so the last 1,000 are
also written in turn with the first 1,000 of another, new journal beside it: the second ratio knows no moods.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from edge.gate_limits import Window
from edge.gates import GateMove
from edge.journal import Journal, Planned
from edge.parts import Decision, Reason
from edge.track import Track

SCORES = (0.93, 0.02, 0.02, 0.01, 0.01, 0.01)
DECISION = Decision("nut", Reason.SORTED, "nut", SCORES[0], SCORES)
TIMED = 1000


def open_journal(path: Path) -> Journal:
    """Start a run in the journal at `path`."""
    return Journal(path, bundle_sha256="0" * 64, machine_sha256="0" * 64, clock="manual")


def write_part(journal: Journal, number: int) -> tuple[float, float]:
    """Record a part and both moves of its gate. Returns the seconds the insert took, and all three statements."""
    at = number / 10
    votes = [np.array(SCORES, dtype=np.float32)] * 3
    stamps = [(number * 3 + index, at - 0.1 * index) for index in range(3)]
    track = Track(number, at * 150, 5.0, 20.0, 15.0, at - 0.5, at, scores=votes, voted_in=stamps)
    window = Window(at + 1, at + 1.4)
    start = time.perf_counter()
    journal.decided(track, DECISION, at, Planned("nut", window))
    inserted = time.perf_counter()
    journal.moved(GateMove("nut", "opened", window.opens_at, window.opens_at, number))
    journal.moved(GateMove("nut", "closed", window.closes_at, window.closes_at, number))
    return inserted - start, time.perf_counter() - start


def fill(journal: Journal, first: int, last: int) -> None:
    """Write parts first..last-1 without waiting for the disk, 10,000 to a transaction."""
    database = journal.database
    database.execute("PRAGMA synchronous=OFF")
    for start in range(first, last, 10_000):
        database.execute("BEGIN")
        for number in range(start, min(start + 10_000, last)):
            write_part(journal, number)
        database.execute("COMMIT")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.execute("PRAGMA synchronous=FULL")


def say(name: str, times: list[tuple[float, float]]) -> tuple[float, float]:
    """Print how long inserts took. Returns the sum of the inserts, and of all three statements, in seconds."""
    inserts, parts = (np.array(column) for column in zip(*times, strict=True))
    p50, p99 = np.percentile(inserts, [50, 99]) * 1000
    print(f"{name:<34}{inserts.sum():8.3f} s   median {p50:7.3f} ms   p99 {p99:7.3f} ms", flush=True)
    return float(inserts.sum()), float(parts.sum())


def main() -> None:
    """Print the table and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="On the disk to measure. Default: the system's temporary folder.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        large, small = Path(folder) / "large.sqlite", Path(folder) / "small.sqlite"
        with closing(open_journal(large)) as journal, closing(open_journal(small)) as fresh:
            first = say(f"first {TIMED} inserts", [write_part(journal, number) for number in range(1, TIMED + 1)])
            fill(journal, TIMED + 1, options.rows - TIMED + 1)
            numbers = range(options.rows - TIMED + 1, options.rows + 1)
            pairs = [(write_part(journal, n), write_part(fresh, n)) for n in numbers]
            last = say(f"last {TIMED} inserts of {options.rows}", [one for one, _ in pairs])
            beside = say(f"{TIMED} inserts into a new journal", [other for _, other in pairs])
        size_mb = large.stat().st_size / 1e6
    print(f"{size_mb:.0f} MB, {size_mb * 1e6 / options.rows:.0f} bytes a part")
    for name, other in (("last / first", first), ("last / new journal in turn", beside)):
        print(f"{name:<28}{last[0] / other[0]:.2f}   with both moves of the gate {last[1] / other[1]:.2f}")


if __name__ == "__main__":
    main()
