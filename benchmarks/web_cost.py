"""What the page costs the line: gates' lateness and the sorting loop, without it and with many browsers, by turns.

    python benchmarks/web_cost.py [--rounds N] [--parts N] [--clients N]

Each round runs the emulated line on the real clock twice, its gates in a process of their own: without a page, and with
one that `--clients` browsers follow, pictures too, beside one that takes nothing. `cost` is what the sorter's thread
spends for the page, against all that it spends on frames, in processor time of one and the same run.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from edge.emulate import run_emulated
from edge.emulated_world import EmulateOptions
from edge.line_feed import LineFeed
from edge.onlooker import OpenOnlooker, nobody_looks
from edge.sorter import Sorter
from edge.web_page import open_page

CLIENTS = Path(__file__).with_name("web_clients.py")


class Stopwatch:
    """Adds up what some methods take of their thread's processor time, and each call's time on the clock."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self.wall_ms: list[float] = []

    @contextmanager
    def around(self, owner: type, *names: str) -> Iterator[None]:
        """Within the block these methods are measured."""
        before = {name: getattr(owner, name) for name in names}
        for name, method in before.items():
            setattr(owner, name, self._measured(method))
        try:
            yield
        finally:
            for name, method in before.items():
                setattr(owner, name, method)

    def _measured(self, method: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            cpu, wall = time.thread_time(), time.perf_counter()
            try:
                return method(*arguments, **named)
            finally:
                self.cpu_s += time.thread_time() - cpu
                self.wall_ms.append((time.perf_counter() - wall) * 1000)

        return call


def run(parts: int, seed: int, onlooker: OpenOnlooker, journal: Path | None) -> dict[str, float]:
    """Run the line once, and say how it went."""
    step, told, asked = Stopwatch(), Stopwatch(), Stopwatch()
    options = EmulateOptions(count=parts, rate_per_min=90.0, seed=seed, journal=journal)
    with (
        step.around(Sorter, "step"),
        told.around(LineFeed, "saw", "happened", "moved", "gave_up", "record"),
        asked.around(LineFeed, "look", "commands", "answer"),
    ):
        done = run_emulated(options, onlooker=onlooker)
    report, error = done.report, done.gate_error
    return {
        "frames": len(step.wall_ms),
        "step_p50": statistics.median(step.wall_ms),
        "step_cpu": step.cpu_s / len(step.wall_ms) * 1000,
        "cost": told.cpu_s / step.cpu_s,
        "aside": asked.cpu_s / step.cpu_s,
        "wrong": report.wrong_by_runtime,
        "p50": error["p50"] or 0.0,
        "p99": error["p99"] or 0.0,
        "max": error["max"] or 0.0,
    }


@contextmanager
def browsers(address: str, count: int) -> Iterator[None]:
    """Within the block so many follow the page."""
    command = [sys.executable, str(CLIENTS), address, str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as followers:
        try:
            yield
        finally:
            followers.kill()


def with_page(parts: int, seed: int, clients: int) -> dict[str, float]:
    """Run the line once with its page, followed."""
    told: list[str] = []
    with open_page("127.0.0.1:0", None, None, told.append) as page:

        @contextmanager
        def followed(line: Any) -> Iterator[Any]:
            with page.onlooker(line) as onlooker:
                address = told[-1].split()[-1]
                around: AbstractContextManager[None] = browsers(address, clients) if clients else nullcontext()
                with around:
                    yield onlooker

        return run(parts, seed, followed, page.journal)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--parts", type=int, default=40)
    parser.add_argument("--clients", type=int, default=20)
    arguments = parser.parse_args()
    rows: dict[str, list[dict[str, float]]] = {"no page": [], f"{arguments.clients} browsers, one stuck": []}
    for number in range(arguments.rounds):
        rows["no page"].append(run(arguments.parts, number, nobody_looks, None))
        list(rows.values())[1].append(with_page(arguments.parts, number, arguments.clients))
    names = (
        "frames, step ms (p50), step ms (processor), cost, cost beside, gates off p50, p99, max ms, wrong by runtime"
    )
    print(f"{'':<26} {names}")
    for name, runs in rows.items():
        mean = {key: statistics.mean(one[key] for one in runs) for key in runs[0]}
        worst = max(one["max"] for one in runs)
        print(
            f"{name:<26} {mean['frames']:6.0f} {mean['step_p50']:8.2f} {mean['step_cpu']:8.2f} {mean['cost']:7.2%} "
            f"{mean['aside']:7.2%}   {mean['p50']:.3f} {mean['p99']:.3f} {worst:.3f}   {mean['wrong']:.0f}"
        )


if __name__ == "__main__":
    main()
