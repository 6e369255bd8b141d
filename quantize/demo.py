"""The whole project in one go, on pictures that it renders itself: parts, training, integers, an emulated belt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge.durable import require_unused
from edge.emulate import run_emulated
from edge.emulated_world import EmulateOptions
from edge.line_report import report_text
from edge.parts_command import write_parts
from edge.render import PART_LABELS
from quantize.errors import QuantizationRefused
from quantize.judge import Limits
from quantize.options import QuantizeOptions
from quantize.quantize_run import quantize_run
from training.progress import TrainingProgress
from training.recipe import read_recipe
from training.recipe_changes import DEFAULT_RECIPE
from training.train_request import TrainRequest
from training.train_run import train_run

PICTURES_PER_CLASS = 300
PICTURE_PX, INPUT_PX = 96, 64
EPOCHS = 60
PARTS_FED = 200
# There are 315 test pictures here, so the usual 0.01 would judge by three of them.
LIMITS = Limits(max_drop=0.03, purity=0.97)


@dataclass(frozen=True)
class DemoOptions:
    """Where to put everything, and the seed of everything."""

    out: Path
    seed: int


def run_demo(options: DemoOptions, tell: Callable[[str], None]) -> None:
    """Render parts, train, quantize and run the emulated line; `tell` hears what each step made.

    Raises DataError when the folder is in use and QuantizationRefused when the integer model loses too much.
    """
    require_unused(options.out)
    parts, run, bundle = (options.out / name for name in ("parts", "run", "bundle"))
    journal = options.out / "journal.sqlite"
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("rendering pictures of small parts", partial(_parts, parts, options.seed)),
        ("training a small network on them", partial(_train, parts, run, options.seed)),
        ("turning it into an integer model and judging it", partial(_quantize, run, bundle)),
        ("sorting on an emulated belt", partial(_sort, bundle, journal, options.seed)),
    )
    for number, (purpose, step) in enumerate(steps, start=1):
        started = time.monotonic()
        tell(f"\n{number}/{len(steps)} {purpose}")
        tell(f"{step()}\n({time.monotonic() - started:.0f} s)")


def _parts(parts: Path, seed: int) -> str:
    write_parts(parts, PART_LABELS, count=PICTURES_PER_CLASS, size_px=PICTURE_PX, seed=seed)
    return (
        f"{PICTURES_PER_CLASS} pictures each of {', '.join(PART_LABELS)}: {parts}\nat a glance: {parts / 'sheet.png'}"
    )


def _train(parts: Path, run: Path, seed: int) -> str:
    changes = {"seed": seed, "epochs": EPOCHS, "input": {"width_px": INPUT_PX, "height_px": INPUT_PX}}
    recipe = read_recipe(DEFAULT_RECIPE).changed(changes, "the demo")
    with TrainingProgress(recipe.epochs) as progress:
        result = train_run(TrainRequest(parts, recipe), run, progress)
    return (
        f"{result.test.accuracy:.1%} of {result.pictures['test']} test pictures right: {run}\n"
        f"report: {run / 'report.html'}"
    )


def _quantize(run: Path, bundle: Path) -> str:
    outcome = quantize_run(QuantizeOptions(run, bundle, limits=LIMITS))
    if outcome.refused:
        raise QuantizationRefused(outcome.refused)
    return f"accepted: {outcome.judgement.reason}\nbundle for the device: {bundle}\nreport: {bundle / 'report.html'}"


def _sort(bundle: Path, journal: Path, seed: int) -> str:
    options = EmulateOptions(bundle=bundle, count=PARTS_FED, seed=seed, fast=True, journal=journal)
    run = run_emulated(options)
    return f"{report_text(run.report, run.gate_error, exact_clock=True)}\n\na record of every part: {journal}"
