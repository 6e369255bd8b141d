"""The results of a study, for people and for scripts, rewritten whenever a command has worked on it.

report.html           one page that needs nothing but itself
results.json          every figure of it
runs.csv              a row per finished run
accuracy.png          accuracy of each run with each recipe's mean, as figure 8 of paper 2, and the spread
learning_curves.png   validation accuracy and loss per epoch, mean of each recipe's runs
"""

from __future__ import annotations

import json
from pathlib import Path

from training import plots
from training.page import data_uri, render
from training.study_plots import Runs, accuracy_per_run, mean_curves, spread
from training.study_progress import duration
from training.study_results import Results
from training.study_tables import large, runs_csv

PAGE_FILE = "report.html"
RESULTS_FILE = "results.json"
CSV_FILE = "runs.csv"


def write_results(results: Results) -> None:
    """Write all files into the study's folder."""
    folder, runs = results.study.folder, _runs(results)
    (folder / RESULTS_FILE).write_text(json.dumps(results.as_json(), indent=2) + "\n")
    (folder / CSV_FILE).write_text(runs_csv(results))
    if runs:
        (folder / "accuracy.png").write_bytes(plots.png(accuracy_per_run(runs), spread(runs)))
        curves = [mean_curves(quantity, runs) for quantity in ("accuracy", "loss")]
        (folder / "learning_curves.png").write_bytes(plots.png(*curves))
    (folder / PAGE_FILE).write_text(study_page(results), encoding="utf-8")


def study_page(results: Results) -> str:
    """Return the page."""
    facts, record = results.as_json(), results.study.record
    return render(
        "training",
        "study_report.html.j2",
        name=results.study.folder.resolve().name,
        data_name=Path(record.data).resolve().name,
        facts=facts,
        runs_wanted=results.study.wanted,
        plots=_page_plots(_runs(results)),
        large=large,
        duration=duration,
        settings=[(name, one.recipe, one.changes(name)) for name, one in record.recipes.items()],
    )


def _runs(results: Results) -> Runs:
    study = results.study
    return {recipe: study.of(recipe) for recipe in study.record.recipes if study.of(recipe)}


def _page_plots(runs: Runs) -> dict[str, str]:
    """Draw each plot by itself."""
    if not runs:
        return {}
    drawings = {
        "runs": accuracy_per_run(runs),
        "spread": spread(runs),
        "accuracy": mean_curves("accuracy", runs),
        "loss": mean_curves("loss", runs),
    }
    return {name: data_uri("image/png", plots.png(drawing)) for name, drawing in drawings.items()}
