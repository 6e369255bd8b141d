"""What integers cost each of these training runs, as one Markdown table.

python benchmarks/delta_table.py RUN ... [--max-drop 0.005] [--purity 0.995] [--data DIR]

Each run is quantized as `edge-sort quantize` does it. What loses more than --max-drop is quantized again with --rescue,
and what misses its purity although the float network reaches it again with --spread 2: a row of its own for each. Both
models are timed in turns on one thread, so their ratio means more than the milliseconds of a shared machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from quantize.judge import Judgement, Limits
from quantize.options import QuantizeOptions
from quantize.quantize_run import quantize_run
from quantize.report import report_object
from training.history import read_history
from training.run_folder import RUN_FILE, SPLIT_FILE

COLUMNS = (
    "pictures", "network", "trained", "test", "float", "int8", "change, points", "changed answers",
    "ECE float, int8, softened", "purity, recovery", "size", "latency", "verdict",
)  # fmt: skip


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("runs", nargs="+", type=Path, metavar="RUN")
    options.add_argument("--max-drop", type=float, default=0.005)
    options.add_argument("--purity", type=float, default=0.995)
    options.add_argument("--data", type=Path, help="where the pictures of these runs lie now")
    given = options.parse_args()
    print_row(COLUMNS)
    print_row(["---"] * len(COLUMNS))
    reasons = []
    for run in given.runs:
        asked = QuantizeOptions(run, Path(), given.data, Limits(given.max_drop, given.purity))
        for way, judgement in judged_ways(asked):
            report = report_object(judgement)
            print_row(row(run, way, report))
            if report["objections"]:
                reasons.append(f"- {run.name}{way}: {judgement.reason}")
    print("\n" + "\n".join(reasons))


def judged_ways(asked: QuantizeOptions) -> list[tuple[str, Judgement]]:
    """Judge the plain model, and what mends it where it needs mending."""
    plain = judge(asked)
    ways = [("", plain)]
    if plain.comparison.lost > asked.limits.max_drop * len(plain.comparison.pictures) + 1e-9:
        ways.append((", `--rescue`", judge(replace(asked, rescue=True))))
    missed = {choice.label for choice in plain.choices if not choice.reached}
    if any(choice.reached for choice in plain.float_choices if choice.label in missed):
        ways.append((", `--spread 2`", judge(replace(asked, spread=2.0))))
    return ways


def judge(asked: QuantizeOptions) -> Judgement:
    """Quantize a run and throw bundle and page away."""
    with tempfile.TemporaryDirectory() as folder:
        told = replace(asked, out=Path(folder) / "bundle")
        return quantize_run(told, lambda line: print(f"{asked.run.name}: {line}", file=sys.stderr)).judgement


def row(run: Path, way: str, report: dict[str, Any]) -> list[str]:
    """Return the cells of one model."""
    facts = json.loads((run / RUN_FILE).read_text())
    recipe, scores = facts["settings"], report["scores"]
    bins = [one["test"] for one in report["thresholds"]]
    right, inside, all_parts = (sum(one[key] for one in bins) for key in ("right", "sorted", "of_label"))
    return [
        Path(facts["data"]).name,
        f"`{recipe['recipe_name']}`, {facts['input']['width_px']} px{way}",
        trained(run, recipe["recipe"]),
        str(report["pictures"]),
        f"{report['accuracy_float']:.3f}",
        f"{report['accuracy_int8']:.3f}",
        f"{0 - 100 * report['drop']:+.1f}",
        f"{len(report['flips'])} ({scores['agreement']:.1%} agree)",
        f"{scores['ece_float']:.3f}, {scores['ece_int8']:.3f}, {scores['ece_softened']:.3f}",
        f"{right / inside if inside else 0:.3f}, {right / all_parts:.3f}",
        f"{report['model_bytes'] / 1e3:.0f} kB",
        f"{report['latency_ratio']:.2f}",
        str(report["verdict"]),
    ]


def trained(run: Path, recipe: dict[str, Any]) -> str:
    """Say what a network began with, and how many epochs and pictures it learned from."""
    epochs, kept = read_history(run)
    pictures = len(json.loads((run / SPLIT_FILE).read_text())["train"])
    start = "nothing" if recipe["network"].get("weights", "none") == "none" else "trained weights"
    return f"from {start}, {pictures} pictures, epoch {kept} of {len(epochs)}"


def print_row(cells: list[str] | tuple[str, ...]) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
