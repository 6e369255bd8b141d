"""`edge-sort compare`: which recipe is better on these pictures, or is the difference luck?"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edge.errors import EdgeSortError
from training.recipe_changes import LARGEST_SEED
from training.train_options import training_options

if TYPE_CHECKING:
    from training.study import Study
    from training.study_record import StudyRequest
    from training.study_results import Results

_MOST_RUNS = 1000


@click.command("compare")
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--recipe",
    "recipes",
    multiple=True,
    required=True,
    metavar="NAME|FILE.toml",
    help="What to compare; repeat it. `edge-sort recipes` lists those that ship.",
)
@click.option("--seeds", type=click.IntRange(1, _MOST_RUNS), default=3, show_default=True, help="Runs of each recipe.")
@click.option(
    "--first-seed",
    type=click.IntRange(0, LARGEST_SEED + 1 - _MOST_RUNS),
    default=0,
    show_default=True,
    help="The others follow it.",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Folder of the study: a new one, or to go on."
)
@training_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
def compare_command(
    data: Path,
    recipes: tuple[str, ...],
    seeds: int,
    first_seed: int,
    out: Path,
    settings: tuple[str, ...],
    group_pattern: str | None,
    feature_cache: Path | None,
    no_augment: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Train each recipe with several seeds on DATA, and say which is better or whether that may be chance.

    A seed divides the pictures and starts the training, as with edge-sort train; all recipes get the same ones. The
    options below hold for every recipe, but --weights only for networks that can start from trained ones, and
    --set NAME:KEY=VALUE only for the recipe NAME.

    The same command goes on where it was stopped; more recipes or seeds may join the study. Writes a page, a table of
    runs and the run folders. The exit code is 1 when a run failed; the others are made nevertheless.
    """
    from training.study_options import named_recipes

    named = named_recipes(recipes, settings, options, no_augment)
    from training.study_record import StudyRequest

    request = StudyRequest(data, named, tuple(range(first_seed, first_seed + seeds)), group_pattern, feature_cache)
    study = _run(request, out)
    results = _written(study)
    click.echo(json.dumps({**results.as_json(), "study": str(out)}, indent=2) if as_json else _text(results))
    if study.failed:
        raise EdgeSortError(_failures(study))


def _run(request: StudyRequest, out: Path) -> Study:
    from training.study import ChildTrainer, StudyStopped, run_study
    from training.study_progress import StudyProgress

    try:
        with StudyProgress() as progress:
            return run_study(request, out, progress, ChildTrainer())
    except StudyStopped as stopped:
        runs = stopped.study.runs
        if runs:
            _written(stopped.study)
        raise EdgeSortError(
            f"stopped with {len(runs)} of {stopped.study.wanted} runs finished; the same command goes on from there"
        ) from stopped
    except KeyboardInterrupt as error:
        raise EdgeSortError("stopped before the first training; the same command begins again") from error


def _written(study: Study) -> Results:
    from training.study_report import write_results
    from training.study_results import results_of

    results = results_of(study)
    write_results(results)
    return results


def _text(results: Results) -> str:
    from training.study_tables import recipes_table

    best, folder = results.best_two, results.study.folder
    notes = "".join(f"{_wrapped(f'{one.name}: {one.note}')}\n\n" for one in results.recipes if one.note)
    warnings = "".join(_wrapped(f"Note: {warning}.") + "\n" for warning in results.warnings)
    return (
        f"{recipes_table(results)}\n\n"
        + (f"{best.verdict}.\n{_wrapped(f'{best.first} against {best.second}: {best.details}.')}\n" if best else "")
        + f"{warnings}\n{notes}"
        f"Page:  {folder / 'report.html'}\n"
        f"Runs:  {folder / 'runs.csv'}"
    )


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 110, break_long_words=False, break_on_hyphens=False)


def _failures(study: Study) -> str:
    reasons = "".join(f"\n  {name.recipe}, seed {name.seed}: {reason}" for name, reason in sorted(study.failed.items()))
    return f"{len(study.failed)} of {study.wanted} runs failed; the same command trains them again:{reasons}"
