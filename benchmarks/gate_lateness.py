"""How late gates move while one core is kept busy by inference, against a bare spinning loop beside them.

    python benchmarks/gate_lateness.py [--seconds 60] [--bundle DIR] [--core N]

Three processes share one core in the same run: one that classifies without a pause, the gate process of `edge-sort run`
(on gpiozero's mock pins: what a real pin adds is not in it), and a loop that does nothing but spin until a deadline and
look at the clock, at the same real-time priority where the system allows. The gates get an opening every 50 ms, the
loop a deadline midway between two moves. Bar: p99 <= 1 ms, max <= 5 ms.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from edge.bundle import open_bundle
from edge.emulated_world import packaged_bundle
from edge.gate_drivers import PinSpec
from edge.gate_limits import GateLimits, Window
from edge.gate_process import GateProcess
from edge.gates import GateSpec
from edge.line import line_model
from edge.real_time import claim_real_time

PERIOD_S, OPEN_S = 0.05, 0.02
AHEAD_S = 2.0  # planned so long before: who plans has no priority on the busy core
PROBE_SPIN_S = 0.005  # it sleeps before, or it would keep everything else off the core


def classify(bundle: Path, ready: Connection) -> None:
    """Classify without a pause until killed; then say how many a second."""
    scorer = line_model(open_bundle(bundle)).scorer
    picture = np.zeros((160, 160, 3), dtype=np.uint8)
    count, start = 0, time.monotonic()
    scorer.scores(picture)
    ready.send("classifying")
    while not ready.poll(0):
        scorer.scores(picture)
        count += 1
    ready.send(count / (time.monotonic() - start))


def spin(deadlines: int, answer: Connection) -> None:
    """Spin until each deadline, from the moment told; answer with how late each was noticed, in milliseconds."""
    claim_real_time()
    answer.send("spinning")
    start: float = answer.recv()
    late = []
    for number in range(deadlines):
        due = start + number * PERIOD_S
        time.sleep(max(0.0, due - PROBE_SPIN_S - time.monotonic()))
        while time.monotonic() < due:
            pass
        late.append((time.monotonic() - due) * 1000)
    answer.send(late)


def move_gates(gates: GateProcess, start: float, openings: int) -> list[float]:
    """Move a gate `openings` times; return how late each of its moves was, in milliseconds."""
    late: list[float] = []
    try:
        for number in range(openings + 1):
            opens_at = start + number * PERIOD_S
            time.sleep(max(0.0, opens_at - AHEAD_S - time.monotonic()))
            if number < openings:
                gates.move_at("gate", Window(opens_at, opens_at + OPEN_S), number, hold=False)
            late += [(move.at - move.due_at) * 1000 for move in gates.poll() if move.due_at is not None]
        while len(late) < 2 * openings:
            time.sleep(PERIOD_S)
            late += [(move.at - move.due_at) * 1000 for move in gates.poll() if move.due_at is not None]
    finally:
        gates.close()
    return late


def percentiles(late: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and largest, in milliseconds."""
    p50, p99 = np.percentile(late, [50, 99])
    return {"moves": len(late), "p50": round(float(p50), 3), "p99": round(float(p99), 3), "max": round(max(late), 3)}


def main() -> None:
    """Run the three beside each other and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--bundle", type=Path, default=packaged_bundle())
    parser.add_argument("--core", type=int, help="put everything on this core; default: the last one allowed")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    core = max(os.sched_getaffinity(0)) if options.core is None else options.core
    os.sched_setaffinity(0, {core})
    count = round(options.seconds / PERIOD_S)
    context = multiprocessing.get_context("spawn")
    busy, busy_theirs = context.Pipe()
    probe, probe_theirs = context.Pipe()
    worker = context.Process(target=classify, args=(options.bundle, busy_theirs), daemon=True)
    worker.start()
    busy.recv()
    limits = GateLimits(min_off_ms=5, max_on_ms=100, max_duty=0.9, late_ms=1000)
    gates = GateProcess([GateSpec("gate", PinSpec(17), limits)], "mock", heartbeat_timeout_s=60)
    looper = context.Process(target=spin, args=(count, probe_theirs), daemon=True)
    looper.start()
    probe.recv()
    start = time.monotonic() + AHEAD_S
    probe.send(start + (OPEN_S + PERIOD_S) / 2)
    late = move_gates(gates, start, count)
    bare = probe.recv()
    busy.send("stop")
    rate = busy.recv()
    result = {"gates": percentiles(late), "bare loop": percentiles(bare)}
    if options.json:
        print(
            json.dumps({**result, "core": core, "real_time": gates.real_time.full, "inferences_per_s": round(rate, 1)})
        )
        return
    print(f"core {core}, busy with {rate:.0f} inferences a second; {gates.real_time.sentence}")
    for name, found in result.items():
        figures = "   ".join(f"{key} {found[key]:.3f} ms" for key in ("p50", "p99", "max"))
        print(f"{name:<10}{found['moves']:>6} moves   {figures}")


if __name__ == "__main__":
    main()
